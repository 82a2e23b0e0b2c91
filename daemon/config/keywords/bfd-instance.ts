/**
 * `bfd_instance`. Three processes read it: the BFD process takes the session, VRRP takes name and weight,
 * the checkers take the name; each complains for itself.
 */

import { durationUs } from '../../base/time.ts';
import { familyOf, formatIp } from '../../wire/ip-address.ts';
import { type KeywordRow, row } from '../keyword-row.ts';
import type { BfdDraft } from '../lvs-draft.ts';
import { readDecimal, readInteger } from '../numbers.ts';
import type { ParseContext } from '../parse-context.ts';
import { readAddress } from './arguments.ts';

type Words = readonly string[];

/** Longest name: BFD_INAME_MAX - 1. */
const NAME_MAX = 31;

/** Largest interval in ms. Source: message of 2.2.7. */
const INTERVAL_MS_MAX = 4_294_967;

/** Times to live. Source: RFC 5881 for IPv4; keepalived's default for IPv6. */
const DEFAULT_TTL = { inet: 255, inet6: 64 } as const;

function part(
  spelling: string,
  apply: (context: ParseContext, session: BfdDraft, words: Words) => void,
  more: Partial<KeywordRow> = {},
): KeywordRow {
  const take: KeywordRow['apply'] = (context, words) => {
    if (context.process !== 'bfd' || context.bfdSession === undefined) return;
    apply(context, context.bfdSession, words);
  };
  return row(spelling, 'P3', take, more);
}

/** The block bfd_instance. */
export const bfdInstanceRow: KeywordRow = row('bfd_instance NAME { … }', 'P3', open, {
  status: 'supported',
  processes: ['bfd', 'vrrp', 'checkers'],
  block: [
    part('source_ip ADDRESS', (context, session, words) => {
      const word = context.word(words, 1);
      const address = readAddress(word);
      if (address !== undefined) session.sourceAddress = address;
      else {
        const text = `${front(session)} has malformed source address ${word}, ignoring`;
        context.complain('bad-address', text, { word });
      }
    }),
    ...['neighbor_ip', 'neighbour_ip'].map((keyword) => part(`${keyword} ADDRESS`, takeNeighbor)),
    intervalRow('min_rx', 1, (session, us) => {
      session.minRx = durationUs(us);
    }),
    intervalRow('min_tx', 1, (session, us) => {
      session.minTx = durationUs(us);
    }),
    intervalRow('idle_tx', 1000, (session, us) => {
      session.idleTx = durationUs(us);
    }),
    part('multiplier 1..255', (context, session, words) => {
      const text = `${front(session)} multiplier value ${words[1]} not valid (must be in range [1-255]), ignoring`;
      const result = context.unsigned(words, { least: 1, most: 255, text });
      if (result.usable) session.multiplier = result.value;
    }),
    part('passive', (_context, session) => {
      session.passive = true;
    }),
    ...['ttl', 'hoplimit'].map((keyword) =>
      part(`${keyword} 1..255`, (context, session, words) => {
        const text = `${front(session)} ttl/hoplimit value ${words[1]} not valid (must be in range [1-255]), ignoring`;
        const result = context.unsigned(words, { least: 1, most: 255, text });
        if (result.usable) session.ttl = result.value;
      }),
    ),
    part('max_hops -1..255', (context, session, words) => {
      const word = context.word(words, 1);
      const result = readInteger(word, { least: -1, most: 255 }, context.reporter);
      const text = `${front(session)} max_hops value ${word} not valid (must be in range [-1-255]), ignoring`;
      if (result.complained) context.complain('bad-value', text, { word });
      // Kept in eight bits without a sign, -1 is 255: any distance (seen with 2.2.7).
      else session.maxHops = result.value & 0xff;
    }),
    part(
      'multihop',
      (_context, session) => {
        session.multihop = true;
      },
      { since: '2.2.8' },
    ),
    row('weight -253..253 [reverse]', 'P3', takeWeight),
    row('vrrp', 'P3', ({ bfdSession }) => {
      if (bfdSession !== undefined) bfdSession.forVrrp = true;
    }),
    row('checker', 'P3', ({ bfdSession }) => {
      if (bfdSession !== undefined) bfdSession.forChecker = true;
    }),
  ],
  end: close,
});

function front(session: BfdDraft): string {
  return `Configuration error: BFD instance ${session.name}`;
}

function open(context: ParseContext, words: Words): void {
  const name = context.word(words, 1);
  const at = context.reporter.location;
  context.bfdSession = undefined;
  context.vrrpBfd = undefined;
  if (context.process === 'bfd') {
    const known = context.bfd.some((one) => one.name === name);
    if (name.length > NAME_MAX || known) {
      const what = known
        ? `${name} already configured - ignoring`
        : `${name} name too long (maximum length is ${NAME_MAX} characters) - ignoring`;
      context.complain('duplicate', `Configuration error: BFD instance ${what}`, { word: name });
      context.skipBlock(true);
      return;
    }
    context.bfdSession = { name, at, forVrrp: false, forChecker: false };
    return;
  }
  const names =
    context.process === 'vrrp' ? context.vrrp.bfds.map((one) => one.name) : context.lvs.bfds;
  if (names.includes(name)) {
    context.complain('duplicate', `BFD ${name} already specified`, { word: name });
    context.skipBlock(true);
    return;
  }
  context.bfdSession = { name, at, forVrrp: false, forChecker: false };
  context.vrrpBfd = { name, weight: 0, reverse: false };
}

function takeNeighbor(context: ParseContext, session: BfdDraft, words: Words): void {
  const word = context.word(words, 1);
  const address = readAddress(word);
  if (address !== undefined) {
    session.neighborAddress = address;
    return;
  }
  const text = `${front(session)} has malformed neighbor address ${word}, ignoring instance`;
  context.complain('bad-address', text, { word });
  context.bfdSession = undefined;
  context.skipBlock(false);
}

function intervalRow(
  keyword: string,
  leastMs: number,
  set: (session: BfdDraft, us: number) => void,
): KeywordRow {
  return part(`${keyword} MILLISECONDS`, (context, session, words) => {
    const word = context.word(words, 1);
    const range = { least: leastMs * 1000, most: INTERVAL_MS_MAX * 1000, decimals: 3 };
    const result = readDecimal(word, range, context.reporter);
    if (result.complained) {
      const text = `${front(session)} ${keyword} value ${word} is not valid (must be in range [${leastMs}-${INTERVAL_MS_MAX}]), ignoring`;
      context.complain('bad-value', text, { word });
    }
    if (result.usable) set(session, result.value);
  });
}

function takeWeight(context: ParseContext, words: Words): void {
  const { vrrpBfd } = context;
  if (context.process !== 'vrrp' || vrrpBfd === undefined) return;
  const word = context.word(words, 1);
  const range = { least: -253, most: 253, lenient: true };
  const result = readInteger(word, range, context.reporter);
  const name = `Configuration error: BFD instance ${vrrpBfd.name}`;
  if (result.complained) {
    const text = `${name} weight value ${word} not valid (must be in range [-253-253]), ignoring`;
    context.complain('bad-value', text, { word });
  }
  if (result.usable) vrrpBfd.weight = result.value;
  if (words[2] === 'reverse') vrrpBfd.reverse = true;
  else if (words[2] !== undefined) {
    context.complain('unknown-option', `${name} unknown weight option ${words[2]}`, {
      word: words[2],
    });
  }
}

function close(context: ParseContext): void {
  const { bfdSession: session, vrrpBfd } = context;
  context.bfdSession = undefined;
  context.vrrpBfd = undefined;
  if (session === undefined) return;
  const everybody = !session.forVrrp && !session.forChecker;
  if (context.process === 'vrrp') {
    if (vrrpBfd !== undefined && (everybody || session.forVrrp)) context.vrrp.bfds.push(vrrpBfd);
  } else if (context.process === 'checkers') {
    if (everybody || session.forChecker) context.lvs.bfds.push(session.name);
  } else closeSession(context, session);
}

function closeSession(context: ParseContext, session: BfdDraft): void {
  const { neighborAddress: neighbor, sourceAddress: source } = session;
  const say = (text: string) => context.complain('bad-bfd', `${front(session)} ${text}`);
  if (neighbor === undefined) {
    say('has no neighbor address set, disabling instance');
    return;
  }
  const family = familyOf(neighbor);
  if (source !== undefined && familyOf(source) !== family) {
    // keepalived formats both into one buffer, so the source stands for both.
    const text = formatIp(source);
    const pair = `source address ${text} and neighbor address ${text}`;
    say(`${pair} are not of the same family, disabling instance`);
    return;
  }
  const same = context.bfd.some(
    (one) => one.neighborAddress === neighbor && one.sourceAddress === source,
  );
  if (same) {
    const pair =
      source === undefined
        ? `duplicate neighbor address ${formatIp(neighbor)}`
        : `duplicate source/neighbor address ${formatIp(source)}/${formatIp(neighbor)}`;
    say(`has ${pair}, ignoring instance`);
    return;
  }
  session.ttl ??= DEFAULT_TTL[family];
  if ((session.maxHops ?? 0) > session.ttl) {
    const what = 'max_hops exceeds ttl/hoplimit - setting to ttl/hoplimit';
    context.complain('conflict', `BFD instance ${session.name}: ${what}`);
    session.maxHops = session.ttl;
  }
  context.bfd.push(session);
}
