/** HTTP_GET and SSL_GET: the url blocks and their options. */

import { type KeywordRow, row } from '../keyword-row.ts';
import type { CheckerDraft, UrlDraft } from '../lvs-draft.ts';
import { UNSIGNED_MAX } from '../numbers.ts';
import type { ParseContext } from '../parse-context.ts';
import { finishRegex, regexRows } from './http-regex.ts';

type Words = readonly string[];
type Part = (
  spelling: string,
  importance: 'P1' | 'P2' | 'P3',
  apply: (context: ParseContext, checker: CheckerDraft, words: Words) => void,
) => KeywordRow;

/** Hexadecimal digits of an MD5. */
const DIGEST_DIGITS = 32;

/** Own rows of the HTTP checkers; `part` makes a row on the current checker. */
export function httpPartRows(part: Part): readonly KeywordRow[] {
  return [
    part('nb_get_retry COUNT', 'P3', (context, checker, words) => {
      context.complain('deprecated', "nb_get_retry is deprecated - please use 'retry'", {
        word: 'nb_get_retry',
      });
      const text = `Invalid nb_get_retry value '${words[1]}'`;
      const range = { least: 0, most: UNSIGNED_MAX, lenient: true, text };
      const result = context.unsigned(words, range);
      if (result.usable) checker.retry = result.value;
    }),
    part('virtualhost NAME', 'P1', (context, checker, words) => {
      if (words[1] === undefined) {
        context.complain('missing-value', 'HTTP_GET virtualhost name missing');
      } else checker.virtualHost = words[1];
    }),
    part('http_protocol 1.0|1.0C|1.1', 'P2', (context, checker, words) => {
      const word = words[1];
      if (word === undefined) context.complain('missing-value', 'Missing http_protocol version');
      else if (word === '1.0' || word === '1.1') checker.httpProtocol = word;
      else if (word === '1.0C' || word === '1.0c') checker.httpProtocol = '1.0C';
      else {
        const text = `Invalid http_protocol version ${word}`;
        context.complain('bad-value', text, { word });
      }
    }),
    part('fast_recovery [BOOL]', 'P2', (context, checker, words) => {
      const value = context.boolean(words, `Invalid fast_recovery parameter ${words[1]}`);
      if (value !== undefined) checker.fastRecovery = value;
    }),
    part('enable_sni [BOOL]', 'P2', (context, checker, words) => {
      const value = context.boolean(words, `Invalid enable_sni parameter ${words[1]}`);
      if (value !== undefined) checker.enableSni = value;
    }),
    row('url { … }', 'P1', openUrl, { block: urlRows, end: closeUrl }),
  ];
}

function urlPart(
  spelling: string,
  importance: 'P1' | 'P2' | 'P3',
  apply: (context: ParseContext, url: UrlDraft, words: Words) => void,
): KeywordRow {
  return row(spelling, importance, (context, words) => {
    const url = context.checker?.urls.at(-1);
    if (url !== undefined) apply(context, url, words);
  });
}

const urlRows: readonly KeywordRow[] = [
  urlPart('path PATH', 'P1', (context, url, words) => {
    url.path = context.word(words, 1);
  }),
  urlPart('digest MD5', 'P1', takeDigest),
  urlPart('status_code CODE[-CODE]…', 'P1', takeStatusCodes),
  urlPart('virtualhost NAME', 'P2', (context, url, words) => {
    if (words[1] === undefined) {
      context.complain('missing-value', 'Missing HTTP_GET virtualhost name');
    } else url.virtualHost = words[1];
  }),
  ...regexRows(urlPart),
  row(
    'tls_compliant',
    'P3',
    (context) => {
      const url = context.checker?.urls.at(-1);
      if (url !== undefined) url.tlsCompliant = true;
    },
    { since: '2.2.8' },
  ),
];

function openUrl(context: ParseContext): void {
  context.checker?.urls.push({ ranges: [] });
}

function closeUrl(context: ParseContext): void {
  const { checker } = context;
  const url = checker?.urls.at(-1);
  if (checker === undefined || url === undefined) return;
  if (url.path !== undefined) {
    finishRegex(context, url);
    return;
  }
  context.complain('url-without-path', 'HTTP/SSL_GET checker url has no path - ignoring', {
    message: 'the url has no path: it is left out',
  });
  checker.urls.pop();
}

function takeDigest(context: ParseContext, url: UrlDraft, words: Words): void {
  const digest = context.word(words, 1);
  const say = (text: string) => context.complain('bad-digest', text, { word: digest });
  if (url.digest !== undefined) say(`Digest '${digest}' is a duplicate`);
  else if (digest.length !== DIGEST_DIGITS) {
    const length = `character length should be ${DIGEST_DIGITS} rather than ${digest.length}`;
    say(`digest '${digest}' ${length}`);
  } else {
    const bad = badPair(digest);
    if (bad === undefined) url.digest = digest.toLowerCase();
    else {
      const shown = digest.slice(0, bad + 2);
      say(`Unable to interpret hex digit in '${shown}' at offset ${bad}/${bad + 1}`);
    }
  }
}

/** keepalived reads pairs from the end and cuts the text as it goes. */
function badPair(digest: string): number | undefined {
  for (let at = digest.length - 2; at >= 0; at -= 2) {
    if (!/^[0-9a-f]{2}$/i.test(digest.slice(at, at + 2))) return at;
  }
  return undefined;
}

function takeStatusCodes(context: ParseContext, url: UrlDraft, words: Words): void {
  for (const word of words.slice(1)) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(word);
    const first = Number(match?.[1] ?? 0);
    const last = Number(match?.[2] ?? first);
    const fits = first >= 100 && last <= 599 && first <= last;
    if (match !== null && fits) url.ranges.push({ first, last });
    else {
      const text = `Invalid HTTP_GET status code '${word}'`;
      context.complain('bad-status-code', text, { word });
    }
  }
}
