/**
 * One self-contained HTML file: verdicts, a timeline with one lane per virtual router and traffic,
 * and the events, filtered by a text. It opens from disk, loads nothing, and every text in it is
 * escaped: names of a scenario are a stranger's words.
 */

import { durationWords, momentWords } from '../scenario/expectations/verdict.ts';
import { eventText, type KnownRunEvent } from './event-text.ts';
import { HTML_SCRIPT, HTML_STYLE } from './html-page.ts';
import { problemText } from './problem-text.ts';
import { type FileOutcome, type ReportContext, type Reporter, reproduceLine } from './reporter.ts';
import { PLAIN_STYLE } from './style.ts';
import { timelineSvg } from './timeline-svg.ts';

/** Most events of one run that the page shows; the rest is counted. */
const EVENTS_SHOWN = 5000;

type Ran = FileOutcome & { readonly kind: 'ran' };

/** `--reporter html:FILE`. */
export function htmlReporter(context: ReportContext): Reporter {
  return { onFile: () => '', onEnd: (outcomes) => page(outcomes, context) };
}

/** The characters of a text that HTML gives a meaning to, taken their meaning. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

function page(outcomes: readonly FileOutcome[], context: ReportContext): string {
  const of = (verdict: string) =>
    outcomes.filter((one) => one.kind === 'ran' && one.result.verdict === verdict).length;
  const invalid = outcomes.filter((one) => one.kind === 'invalid').length;
  const counts = `${of('pass')} passed, ${of('fail')} failed, ${of('unknown')} without a verdict, ${invalid} invalid`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>lantwin: ${counts}</title>
<style>${HTML_STYLE}</style>
</head>
<body>
<header><h1>lantwin</h1><p>${counts}; version ${escapeHtml(context.version)}</p></header>
<main>
${outcomes.map(section).join('\n')}
</main>
<script>${HTML_SCRIPT}</script>
</body>
</html>
`;
}

function section(outcome: FileOutcome): string {
  if (outcome.kind === 'invalid') {
    const texts = outcome.problems.map((one) => problemText(one, outcome.sources, PLAIN_STYLE));
    const body = `<pre>${escapeHtml(texts.join('\n'))}</pre>`;
    return `<details class="run" open><summary>${badge('invalid')} ${escapeHtml(outcome.file)}</summary>${body}</details>`;
  }
  const { result } = outcome;
  const open = result.verdict === 'pass' ? '' : ' open';
  const about = result.scenario.about ?? '';
  const name = escapeHtml(result.scenario.name);
  const facts = `seed ${result.seed}, ${momentWords(result.end)} of virtual time`;
  return `<details class="run"${open}>
<summary>${badge(result.verdict)} <strong>${name}</strong> <small>${facts}</small></summary>
${about === '' ? '' : `<p>${escapeHtml(about)}</p>`}
<p><code>${escapeHtml(reproduceLine(result))}</code>, trace hash <code>${result.traceHash}</code></p>
${verdictTable(outcome)}
<h3>Timeline</h3>
${timelineSvg(result)}
${trafficTable(outcome)}
${eventTable(outcome)}
</details>`;
}

function verdictTable(outcome: Ran): string {
  const rows = outcome.result.expectations.map((one) => {
    const took = one.took === undefined ? '' : durationWords(one.took);
    const place = `${escapeHtml(outcome.file)}:${one.place.line}`;
    return `<tr><td>${badge(one.verdict)}</td><td>${escapeHtml(one.claim)}</td><td>${momentWords(one.at)}</td><td>${took}</td><td>${escapeHtml(one.got ?? '')}</td><td><code>${place}</code></td></tr>`;
  });
  if (rows.length === 0) return '<p>Nothing was expected, so there is no verdict.</p>';
  return `<table><caption>Verdicts</caption><thead><tr><th>verdict</th><th>claim</th><th>decided at</th><th>took</th><th>got</th><th>place</th></tr></thead><tbody>${rows.join('\n')}</tbody></table>`;
}

function trafficTable(outcome: Ran): string {
  const { traffic } = outcome.result;
  if (traffic.length === 0) return '';
  const rows = traffic.map((one) => {
    const longest = durationWords(Math.round(one.longestOutage / 1000) * 1000);
    const by = one.answeredBy.map((entry) => `${entry.host} ${entry.answers}`).join(', ');
    const why = one.failures.map((each) => `${each.count} ${each.why}`).join(', ');
    const lost = why === '' ? String(one.lost) : `${one.lost} (${why})`;
    const [median, most] = ['50%', '99%'].map((share) => {
      const within = one.latency.find((each) => each.share === share)?.within;
      return within === undefined ? '' : durationWords(within);
    });
    return `<tr><td>${escapeHtml(one.name)}</td><td>${one.sent}</td><td>${one.answered}</td><td>${escapeHtml(lost)}</td><td>${longest}</td><td>${escapeHtml(by)}</td><td>${median}</td><td>${most}</td></tr>`;
  });
  return `<table><caption>Traffic</caption><thead><tr><th>name</th><th>sent</th><th>answered</th><th>lost</th><th>longest outage</th><th>answered by</th><th>half within</th><th>99% within</th></tr></thead><tbody>${rows.join('\n')}</tbody></table>`;
}

function eventTable(outcome: Ran): string {
  const { log } = outcome.result;
  const rows = log.slice(0, EVENTS_SHOWN).map((event) => {
    const { kind } = event as KnownRunEvent;
    return `<tr class="k-${escapeHtml(kind)}"><td>${(event.at / 1_000_000).toFixed(6)}</td><td>${escapeHtml(event.node)}</td><td>${escapeHtml(eventText(event))}</td></tr>`;
  });
  const left = log.length - rows.length;
  const more = left > 0 ? `<p>${left} more events were left out, see lantwin events.</p>` : '';
  return `<details><summary>${log.length} events</summary><p><label>Only lines with <input type="search" class="filter"></label></p><table class="events"><thead><tr><th>time</th><th>node</th><th>event</th></tr></thead><tbody>${rows.join('\n')}</tbody></table>${more}</details>`;
}

function badge(verdict: 'pass' | 'fail' | 'unknown' | 'invalid'): string {
  const signs = { pass: '✓', fail: '✗', unknown: '?', invalid: '!' };
  return `<span class="badge ${verdict}">${signs[verdict]} ${verdict}</span>`;
}
