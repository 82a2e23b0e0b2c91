/** curl's command line, as far as the twin's curl goes. Source: curl(1) 7.88. */

import { encodeUtf8 } from '../../../daemon/wire/text.ts';
import type { HeaderFields } from '../http-message.ts';

/** What was asked for. */
export interface CurlOptions {
  /** One after the other, at least one. */
  readonly urls: readonly [string, ...string[]];
  readonly flags: ReadonlySet<string>;
  readonly headers: HeaderFields;
  readonly method: string;
  readonly body: Uint8Array | undefined;
  readonly output: string | undefined;
  readonly writeOut: string | undefined;
  readonly maxTimeUs: number | undefined;
  readonly connectTimeoutUs: number;
  readonly from: string | undefined;
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
]);
const LONG_FLAGS = new Set([...FLAGS.values(), 'http1.1', 'no-keepalive']);

/** Reads the words; a string is curl's message, whose exit code is 2. */
export function readCurlOptions(words: readonly string[]): CurlOptions | string {
  const flags = new Set<string>();
  const values = new Map<string, string[]>();
  const urls: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (word.startsWith('--')) {
      const name = word.slice(2);
      if (LONG_FLAGS.has(name)) flags.add(name);
      else if (LONG_VALUED.has(name)) {
        const value = words[++i];
        if (value === undefined) return `curl: option ${word}: requires parameter`;
        values.set(name, [...(values.get(name) ?? []), value]);
      } else return unknown(word);
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
      if (name === undefined) return unknown(word);
      const value = word.slice(j + 1) || words[++i];
      if (value === undefined) return `curl: option -${letter}: requires parameter`;
      values.set(name, [...(values.get(name) ?? []), value]);
      break;
    }
  }
  const [url, ...more] = urls;
  if (url === undefined) {
    return "curl: no URL specified!\ncurl: try 'curl --help' or 'curl --manual' for more information";
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
  for (const [name, value] of [
    ['-m', maxTime],
    ['--connect-timeout', connectTimeout],
  ] as const) {
    if (value === 'wrong') return `curl: option ${name}: expected a proper numerical parameter`;
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
    body: data === undefined ? undefined : encodeUtf8(data.join('&')),
    output: last('output'),
    writeOut: last('write-out'),
    maxTimeUs: maxTime === 'wrong' ? undefined : maxTime,
    connectTimeoutUs:
      connectTimeout === undefined || connectTimeout === 'wrong'
        ? CONNECT_TIMEOUT_US
        : connectTimeout,
    from: last('interface'),
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

function unknown(word: string): string {
  return `curl: option ${word}: is unknown\ncurl: try 'curl --help' or 'curl --manual' for more information`;
}
