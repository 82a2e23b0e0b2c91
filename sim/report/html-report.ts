/**
 * One self-contained HTML file: verdicts, a timeline with one lane per virtual router and traffic,
 * and the events, filtered by a text. It opens from disk, loads nothing, and every text in it is
 * escaped: names of a scenario are a stranger's words.
 */

import {
  durationWords,
  type ExpectationResult,
  momentWords,
} from '../scenario/expectations/verdict.ts';
import { eventText, type KnownRunEvent } from './event-text.ts';
import { HTML_SCRIPT, HTML_STYLE } from './html-page.ts';
import { problemText } from './problem-text.ts';
import { type FileOutcome, type ReportContext, type Reporter, reproduceLine } from './reporter.ts';
import { PLAIN_STYLE } from './style.ts';
import { timelineSvg } from './timeline-svg.ts';
import { versionNote } from './version-note.ts';

/** Lines of the file around a failure. */
const LINES_AROUND = 2;
/** Most events of one run that the page shows; the rest is counted. */
const EVENTS_SHOWN = 5000;

type Ran = FileOutcome & { readonly kind: 'ran' };

/** `--reporter html:FILE`. */
export function htmlReporter(context: ReportContext): Reporter {
  return { onFile: () => '', onEnd: (outcomes) => page(outcomes, context) };
}

/** The characters of a text that HTML gives a meaning to, taken their meaning. */
function escapeHtml(text: string): string {
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
  const unknown = of('unknown');
  const counts = `${of('pass')} passed, ${of('fail')} failed, ${unknown} without a verdict, ${invalid} invalid`;
  const tile = (count: number, words: string, tint: string) =>
    count === 0 ? '' : `<li class="${tint}"><b>${count}</b>${words}</li>`;
  const tiles = [
    tile(of('pass'), 'passed', 'pass'),
    tile(of('fail'), 'failed', 'fail'),
    tile(unknown, 'without a verdict', 'unknown'),
    tile(invalid, 'invalid', 'invalid'),
  ];
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
<header><h1>lantwin report</h1><ul class="tiles" aria-label="${counts}">${tiles.join('')}</ul><small>version ${escapeHtml(context.version)}</small></header>
${contents(outcomes)}
<main>
${outcomes.map(section).join('\n')}
</main>
<script>${HTML_SCRIPT}</script>
</body>
</html>
`;
}

function contents(outcomes: readonly FileOutcome[]): string {
  if (outcomes.length < 2) return '';
  const items = outcomes.map((one, index) => {
    const name = one.kind === 'invalid' ? one.file : one.result.scenario.name;
    const verdict = one.kind === 'invalid' ? 'invalid' : one.result.verdict;
    return `<li>${badge(verdict)} <a href="#run-${index}">${escapeHtml(name)}</a></li>`;
  });
  return `<nav aria-label="runs"><ol>${items.join('\n')}</ol></nav>`;
}

function section(outcome: FileOutcome, index: number): string {
  const head = `id="run-${index}"`;
  if (outcome.kind === 'invalid') {
    const texts = outcome.problems.map((one) => problemText(one, outcome.sources, PLAIN_STYLE));
    const body = `<pre>${escapeHtml(texts.join('\n'))}</pre>`;
    return `<details class="run v-invalid" ${head} open><summary>${badge('invalid')} ${escapeHtml(outcome.file)}</summary>${body}</details>`;
  }
  const { result } = outcome;
  const open = result.verdict === 'pass' ? '' : ' open';
  const about = result.scenario.about ?? '';
  const note = versionNote(result);
  const name = escapeHtml(result.scenario.name);
  const facts = `${escapeHtml(outcome.file)}, seed ${result.seed}, ${momentWords(result.end)} of virtual time`;
  const wrong = result.expectations.filter((one) => one.verdict !== 'pass');
  return `<details class="run v-${result.verdict}" ${head}${open}>
<summary>${badge(result.verdict)} <h2>${name}</h2> <small>${facts}</small></summary>
${about === '' ? '' : `<p>${escapeHtml(about)}</p>`}
${note === undefined ? '' : `<p><strong>${escapeHtml(note)}</strong></p>`}
${wrong.map((one) => failureCard(outcome, one)).join('\n')}
<h3>Timeline</h3>
${timelineSvg(result)}
${verdictTable(outcome)}
${trafficTable(outcome)}
${eventTable(outcome)}
${packetTable(outcome)}
<p class="faint">Repeat: <code>${escapeHtml(outcome.repeat ?? reproduceLine(result))}</code><br>Trace hash: <code>${result.traceHash}</code></p>
</details>`;
}

/** One failure as the terminal shows it: the sentence, the lines of the file, expected and got. */
function failureCard(outcome: Ran, one: ExpectationResult): string {
  const { line } = one.place;
  const lines = outcome.result.scenario.text.split(/\r?\n/);
  const from = Math.max(1, line - LINES_AROUND);
  const shown = lines.slice(from - 1, line + LINES_AROUND).map((text, index) => {
    const number = from + index;
    const row = escapeHtml(`${String(number).padStart(4)}  ${text}`);
    return number === line ? `<mark>${row}</mark>` : `${row}\n`;
  });
  const got = escapeHtml(one.got ?? 'not told').replaceAll('\n', '<br>');
  return `<div class="failure v-${one.verdict}"><p>${badge(one.verdict)} <strong>${escapeHtml(one.claim)}</strong></p>
<p>got: ${got}, decided at ${moment(one.at)}</p><pre>${shown.join('')}</pre></div>`;
}

/** A moment that leads to its place in the lists. */
function moment(at: number): string {
  return `<a href="#" data-at="${at / 1_000_000}">${momentWords(at)}</a>`;
}

function verdictTable(outcome: Ran): string {
  const rows = outcome.result.expectations.map((one) => {
    const took = one.took === undefined ? '' : durationWords(one.took);
    const place = `${escapeHtml(outcome.file)}:${one.place.line}`;
    return `<tr><td>${badge(one.verdict)}</td><td>${escapeHtml(one.claim)}</td><td>${moment(one.at)}</td><td>${took}</td><td>${escapeHtml(one.got ?? '')}</td><td><code>${place}</code></td></tr>`;
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
  const list = `<table class="list"><thead><tr><th>time</th><th>node</th><th>event</th></tr></thead><tbody>${rows.join('\n')}</tbody></table>`;
  return `<details class="filtered"><summary>${log.length} events</summary>${filterField()}<div class="scroll">${list}</div>${more}</details>`;
}

function packetTable(outcome: Ran): string {
  const { packets } = outcome;
  if (packets === undefined) return '';
  const rows = packets.lines.map((one) => {
    const colour = one.lost === undefined ? one.colour : 'trouble';
    const lost = one.lost === undefined ? '' : ` [lost: ${one.lost}]`;
    const cells = [one.from, one.source, one.destination, one.protocol, `${one.info}${lost}`];
    const time = (one.at / 1_000_000).toFixed(6);
    return `<tr class="p-${escapeHtml(colour)}"><td>${time}</td>${cells.map((text) => `<td>${escapeHtml(text)}</td>`).join('')}</tr>`;
  });
  const { omitted } = packets;
  const more =
    omitted > 0
      ? `<p>${omitted} more packets were left out, pings first; run --pcap has all.</p>`
      : '';
  const head = ['time', 'sent by', 'source', 'destination', 'protocol', 'info'];
  const titles = head.map((title) => `<th>${title}</th>`).join('');
  const list = `<table class="list"><thead><tr>${titles}</tr></thead><tbody>${rows.join('\n')}</tbody></table>`;
  return `<details class="filtered"><summary>${packets.lines.length} packets</summary>${filterField()}<div class="scroll">${list}</div>${more}</details>`;
}

function filterField(): string {
  return '<p><label>Only lines with <input type="search" class="filter"> <output></output></label></p>';
}

function badge(verdict: 'pass' | 'fail' | 'unknown' | 'invalid'): string {
  const signs = { pass: '✓', fail: '✗', unknown: '?', invalid: '!' };
  return `<span class="badge ${verdict}">${signs[verdict]} ${verdict}</span>`;
}
