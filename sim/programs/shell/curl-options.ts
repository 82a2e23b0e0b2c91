/** curl's command line, as far as the twin's curl goes. Source: curl(1) 7.88. */

import { encodeUtf8 } from '../../../daemon/wire/text.ts';
import type { HeaderFields } from '../http-message.ts';
import { FOREIGN_LETTERS, FOREIGN_OPTIONS } from './curl-names.ts';
import { type CurlPlaces, readPlaces } from './curl-places.ts';
import type { CurlRetry } from './curl-retry.ts';

/** What was asked for. */
export interface CurlOptions {
  /** One after the other, at least one. */
  readonly urls: readonly [string, ...string[]];
  readonly flags: ReadonlySet<string>;
  readonly headers: HeaderFields;
  readonly method: string;
  /** -X: redirects do not change it. */
  readonly isOwnMethod: boolean;
  readonly body: Uint8Array | undefined;
  readonly output: string | undefined;
  readonly writeOut: string | undefined;
  readonly maxTimeUs: number | undefined;
  readonly connectTimeoutUs: number;
  readonly from: string | undefined;
  readonly retry: CurlRetry;
  readonly redirectsMax: number;
  readonly places: CurlPlaces;
}

/** curl's own limit for connecting. */
const CONNECT_TIMEOUT_US = 300_000_000;

const FLAGS = new Map([
  ['s', 'silent'],
  ['S', 'show-error'],
  ['i', 'include'],
  ['I', 'head'],
  ['f', 'fail'],
  ['k', 'insecure'],
  ['0', 'http1.0'],
  ['4', 'ipv4'],
  ['6', 'ipv6'],
  ['v', 'verbose'],
  ['L', 'location'],
  ['N', 'no-buffer'],
  ['g', 'globoff'],
  ['q', 'disable'],
]);
const VALUED = new Map([
  ['o', 'output'],
  ['w', 'write-out'],
  ['m', 'max-time'],
  ['H', 'header'],
  ['X', 'request'],
  ['d', 'data'],
  ['A', 'user-agent'],
]);
const LONG_VALUED = new Set([
  ...VALUED.values(),
  'connect-timeout',
  'interface',
  'retry',
  'noproxy',
  'resolve',
  'connect-to',
  'retry-delay',
  'retry-max-time',
  'max-redirs',
  'url',
]);
const LONG_FLAGS = new Set([
  ...FLAGS.values(),
  'http1.1',
  'no-keepalive',
  'no-progress-meter',
  'retry-connrefused',
  'retry-all-errors',
]);
/** What curl knows, for names that are cut short. */
const ALL_NAMES = [...LONG_FLAGS, ...LONG_VALUED, ...FOREIGN_OPTIONS];
const HINT = "curl: try 'curl --help' or 'curl --manual' for more information";
const REDIRECTS_MAX = 50;
/** The first pause before another try; it doubles. Source: RETRY_SLEEP_DEFAULT. */
const PAUSE_US = 1_000_000;

/** Reads the words; a string is curl's message, whose exit code is 2. */
export function readCurlOptions(words: readonly string[]): CurlOptions | string {
  const flags = new Set<string>();
  const values = new Map<string, string[]>();
  const urls: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (word.startsWith('--')) {
      const name = wholeName(word.slice(2));
      if (name === undefined) return `curl: option ${word}: is ambiguous\n${HINT}`;
      if (LONG_FLAGS.has(name)) flags.add(name);
      else if (LONG_FLAGS.has(name.replace(/^no-/, ''))) flags.delete(name.replace(/^no-/, ''));
      else if (LONG_VALUED.has(name)) {
        const value = words[++i];
        if (value === undefined) return missing(word);
        if (name === 'url') urls.push(value);
        else values.set(name, [...(values.get(name) ?? []), value]);
      } else return FOREIGN_OPTIONS.has(name) ? foreign(word) : unknown(word);
      continue;
    }
    if (!word.startsWith('-') || word === '-') {
      urls.push(word);
      continue;
    }
    for (let j = 1; j < word.length; j++) {
      const letter = word[j] as string;
      const flag = FLAGS.get(letter);
      if (flag !== undefined) {
        flags.add(flag);
        continue;
      }
      const name = VALUED.get(letter);
      if (name === undefined) {
        return FOREIGN_LETTERS.includes(letter) ? foreign(`-${letter}`) : unknown(word);
      }
      const value = word.slice(j + 1) || words[++i];
      if (value === undefined) return missing(`-${letter}`);
      values.set(name, [...(values.get(name) ?? []), value]);
      break;
    }
  }
  const [url, ...more] = urls;
  if (url === undefined) {
    return `curl: no URL specified!\n${HINT}`;
  }
  return optionsOf([url, ...more], flags, values);
}

function optionsOf(
  urls: CurlOptions['urls'],
  flags: ReadonlySet<string>,
  values: ReadonlyMap<string, readonly string[]>,
): CurlOptions | string {
  const last = (name: string) => values.get(name)?.at(-1);
  const data = values.get('data');
  const maxTime = secondsOf(last('max-time'));
  const connectTimeout = secondsOf(last('connect-timeout'));
  const pause = wholeOf(last('retry-delay'));
  const [retries, retryFor] = [wholeOf(last('retry')), wholeOf(last('retry-max-time'))];
  const redirects = wholeOf(last('max-redirs'), true);
  for (const [name, value] of [
    ['-m', maxTime],
    ['--connect-timeout', connectTimeout],
    ['--retry', retries],
    ['--retry-delay', pause],
    ['--retry-max-time', retryFor],
    ['--max-redirs', redirects],
  ] as const) {
    if (value === 'wrong') {
      return `curl: option ${name}: expected a proper numerical parameter\n${HINT}`;
    }
  }
  const agent = last('user-agent');
  const implied = flags.has('head') ? 'HEAD' : data === undefined ? 'GET' : 'POST';
  return {
    urls,
    flags,
    headers: [
      ...(agent === undefined ? [] : [['User-Agent', agent] as const]),
      ...(values.get('header') ?? []).flatMap((line) => headerOf(line)),
    ],
    method: last('request') ?? implied,
    isOwnMethod: last('request') !== undefined,
    body: data === undefined ? undefined : encodeUtf8(data.join('&')),
    output: last('output'),
    writeOut: last('write-out'),
    maxTimeUs: maxTime === 'wrong' ? undefined : maxTime,
    connectTimeoutUs:
      connectTimeout === undefined || connectTimeout === 'wrong'
        ? CONNECT_TIMEOUT_US
        : connectTimeout,
    from: last('interface'),
    retry: {
      tries: Number(retries ?? 0),
      pauseUs: Number(pause ?? 0) * 1_000_000 || PAUSE_US,
      doubles: !Number(pause ?? 0),
      withinUs: Number(retryFor ?? 0) * 1_000_000,
      refused: flags.has('retry-connrefused'),
      allErrors: flags.has('retry-all-errors'),
    },
    redirectsMax: Number(redirects ?? REDIRECTS_MAX),
    places: readPlaces(values.get('resolve') ?? [], values.get('connect-to') ?? []),
  };
}

function headerOf(line: string): readonly (readonly [string, string])[] {
  const colon = line.indexOf(':');
  return colon <= 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1).trim()]];
}

function secondsOf(text: string | undefined): number | 'wrong' | undefined {
  if (text === undefined) return undefined;
  return /^\d{1,9}(\.\d{1,6})?$/.test(text) ? Math.round(Number(text) * 1_000_000) : 'wrong';
}

function wholeOf(text: string | undefined, maySign = false): number | 'wrong' | undefined {
  if (text === undefined) return undefined;
  const form = maySign ? /^-?\d{1,9}$/ : /^\d{1,9}$/;
  return form.test(text) ? Number(text) : 'wrong';
}

/** The option that a name, perhaps cut short, stands for; `undefined`: several. Unknown names stay as they are. */
function wholeName(name: string): string | undefined {
  if (LONG_FLAGS.has(name) || LONG_VALUED.has(name) || FOREIGN_OPTIONS.has(name)) return name;
  const meant = ALL_NAMES.filter((each) => each.startsWith(name));
  return meant.length > 1 ? undefined : (meant[0] ?? name);
}

function missing(word: string): string {
  return `curl: option ${word}: requires parameter\n${HINT}`;
}

function foreign(word: string): string {
  return `curl: option ${word}: real curl has it, the twin's curl does not`;
}

function unknown(word: string): string {
  return `curl: option ${word}: is unknown\n${HINT}`;
}
