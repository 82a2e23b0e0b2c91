/** HTTP_GET and SSL_GET in keepalived's data dump. Source: a recorded dump; for a regex, dump_url of check_http.c. */

import type { Checker } from '../check/check-machine.ts';
import type { HttpChecker, HttpRegex, HttpUrl } from '../check/checker-config.ts';
import { REGEX_OPTIONS } from '../check/text-pattern.ts';

/** The lines of a checker; `checkers` are all there are: those with the same regex share one. */
export function dumpHttp(config: HttpChecker, checkers: readonly Checker[]): readonly string[] {
  return [
    `   Keepalive method = ${config.kind}, http protocol ${config.httpProtocol}`,
    ...(config.virtualHost === undefined ? [] : [`   Virtualhost = ${config.virtualHost}`]),
    `   Enable SNI ${config.enableSni ? 'set' : 'unset'}`,
    `   Fast recovery ${config.fastRecovery ? 'set' : 'unset'}`,
    ...config.urls.flatMap((url) => [
      `   Checked url = ${url.path}`,
      ...(url.digest === undefined ? [] : [`     digest = ${url.digest}`]),
      '     HTTP Status Code(s)',
      ...statusCodes(url),
      ...(url.virtualHost === undefined ? [] : [`     Virtual host = ${url.virtualHost}`]),
      ...(url.regex === undefined ? [] : dumpRegex(url.regex, checkers)),
    ]),
  ];
}

/** Ranges in order, those that touch as one: keepalived keeps a bit for each code. */
function statusCodes({ statusCodes: ranges }: HttpUrl): readonly string[] {
  const joined: { first: number; last: number }[] = [];
  const wanted = ranges.length === 0 ? [{ first: 200, last: 299 }] : ranges;
  for (const { first, last } of wanted.toSorted((a, b) => a.first - b.first)) {
    const before = joined.at(-1);
    if (before !== undefined && first <= before.last + 1) before.last = Math.max(before.last, last);
    else joined.push({ first, last });
  }
  return joined.map(({ first, last }) => `       ${first}${last === first ? '' : `-${last}`}`);
}

function dumpRegex(regex: HttpRegex, checkers: readonly Checker[]): readonly string[] {
  const { minOffset, maxOffset } = regex;
  const most = maxOffset === undefined ? '' : `, max_offset = ${maxOffset}`;
  const hasOffset = minOffset > 0 || maxOffset !== undefined;
  // Whatever is set, keepalived names them all.
  const options = regex.options.length === 0 ? '' : ` ${[...REGEX_OPTIONS].join(' ')}`;
  const users = checkers
    .flatMap(({ config }) => ('urls' in config ? config.urls : []))
    .filter((url) => url.regex !== undefined && sharedKey(url.regex) === sharedKey(regex));
  return [
    `     Regex = "${regex.pattern}"`,
    ...(regex.noMatch ? ['     Regex no match'] : []),
    ...(hasOffset ? [`     Regex min offset = ${minOffset}${most}`] : []),
    `     Regex options:${options}`,
    `     Regex ref count = ${users.length}`,
  ];
}

function sharedKey({ pattern, options }: HttpRegex): string {
  return JSON.stringify([pattern, [...REGEX_OPTIONS].filter((one) => options.includes(one))]);
}
