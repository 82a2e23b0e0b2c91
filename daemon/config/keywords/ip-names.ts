/**
 * The names and numbers that ip-route(8) and ip-rule(8) know: tables, protocols, scopes, TOS, realms. Names are those
 * of iproute2's own files; a host's /etc/iproute2/rt_tables and the like add to them.
 *
 * Source: `keepalived -t` of 2.2.7 (test/reference/config-diagnostics-own/ip-words.txt).
 */

import { decodeUtf8 } from '../../wire/text.ts';
import type { ParseContext } from '../parse-context.ts';

/** What a name stands for. */
export type NameKind = 'rt_tables' | 'rt_protos' | 'rt_scopes' | 'rt_dsfield' | 'rt_realms';

const BUILT_IN: Readonly<Record<NameKind, Readonly<Record<string, number>>>> = {
  rt_tables: { unspec: 0, default: 253, main: 254, local: 255 },
  rt_protos: {
    unspec: 0,
    redirect: 1,
    kernel: 2,
    boot: 3,
    static: 4,
    gated: 8,
    ra: 9,
    mrt: 10,
    zebra: 11,
    bird: 12,
    dnrouted: 13,
    xorp: 14,
    ntk: 15,
    dhcp: 16,
    keepalived: 18,
    babel: 42,
    bgp: 186,
    isis: 187,
    ospf: 188,
    rip: 189,
    eigrp: 192,
  },
  rt_scopes: { global: 0, universe: 0, site: 200, link: 253, host: 254, nowhere: 255 },
  rt_dsfield: { default: 0 },
  rt_realms: { cosmos: 0, unknown: 0 },
};

/** RTPROT_KEEPALIVED: the protocol of routes and rules that keepalived can track. */
export const PROTOCOL_KEEPALIVED = 18;

/** A name's number, or the number written; `undefined` when it is neither or above `most`. */
export function ipNumber(
  context: ParseContext,
  kind: NameKind,
  { word, most }: { readonly word: string; readonly most: number },
): number | undefined {
  const named = BUILT_IN[kind][word] ?? namesOfHost(context, kind).get(word);
  if (named !== undefined) return named;
  const value = readAnyBase(word);
  if (value === undefined) return undefined;
  return wrapped32(value) > most ? undefined : wrapped32(value);
}

/** What is left of a number in 32 bits, as C cuts a long one; too long for 64 bits it is all ones. */
export function wrapped32(value: number): number {
  return Math.abs(value) >= 2 ** 64 ? 2 ** 32 - 1 : ((value % 2 ** 32) + 2 ** 32) % 2 ** 32;
}

/** A whole number as C's strtoul with base 0 takes it: decimal, 0x hexadecimal, 0 octal; no sign. */
export function readAnyBase(word: string): number | undefined {
  if (/^0x[\da-f]+$/i.test(word)) return Number.parseInt(word.slice(2), 16);
  if (/^0[0-7]*$/.test(word)) return Number.parseInt(word, 8);
  return /^[1-9]\d*$/.test(word) ? Number(word) : undefined;
}

/** `a/b` or a single realm. */
export function areRealms(context: ParseContext, word: string): boolean {
  const parts = word.split('/');
  const known = (part: string) =>
    ipNumber(context, 'rt_realms', { word: part, most: 255 }) !== undefined;
  return parts.length <= 2 && parts.every(known);
}

/** Names that the host adds in iproute2's own form: a number, blanks, a name. */
function namesOfHost(context: ParseContext, kind: NameKind): ReadonlyMap<string, number> {
  const text = context.machine.readFile?.(`/etc/iproute2/${kind}`);
  if (text === undefined) return new Map();
  const lines = decodeUtf8(text).split('\n');
  return new Map(
    lines.flatMap((line): [string, number][] => {
      const found = /^\s*(0x[\da-f]+|\d+)\s+([^\s#]+)/i.exec(line);
      return found === null ? [] : [[found[2] as string, Number(found[1])]];
    }),
  );
}
