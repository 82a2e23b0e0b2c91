/** Argument forms of virtual servers, real servers and checkers. */

import type { ForwardingMethod } from '../../lvs/lvs-config.ts';
import type { TimersDraft } from '../lvs-draft.ts';
import { readDecimal, readUnsigned, UNSIGNED_MAX } from '../numbers.ts';
import type { ParseContext } from '../parse-context.ts';

type Words = readonly string[];

/** TIMER_MAXIMUM as 2.2.7 prints it: ULONG_MAX - 1 µs. */
const TIMER_MAX_TEXT = '18446744073709.551614';

/** Longest timer we keep: a safe integer of µs. */
const TIMER_US_MAX = Number.MAX_SAFE_INTEGER;

/** Reads a time in seconds; complains with `text` when it is not good. Least in µs. */
export function readTimer(
  context: ParseContext,
  words: Words,
  given: {
    readonly least: number;
    readonly most?: number;
    readonly text: string;
    readonly strict?: boolean;
  },
): number | undefined {
  const word = context.word(words, 1);
  const range =
    given.most === undefined
      ? { least: given.least, most: TIMER_US_MAX, mostText: TIMER_MAX_TEXT }
      : { least: given.least, most: given.most };
  const result = readDecimal(word, { ...range, decimals: 6, lenient: true }, context.reporter);
  if (!result.usable || (given.strict === true && result.complained))
    context.complain('bad-value', given.text, { word });
  return result.usable ? result.value : undefined;
}

/** Sets one of the inherited timers. */
export function takeTimer(
  context: ParseContext,
  words: Words,
  given: {
    readonly target: TimersDraft | undefined;
    readonly field: 'delayLoopUs' | 'warmupUs' | 'delayBeforeRetryUs' | 'connectTimeoutUs';
    readonly text: string;
  },
): void {
  const { target, field, text } = given;
  const bounded = field === 'connectTimeoutUs';
  const least = bounded || field === 'delayLoopUs' ? 1 : 0;
  const most = bounded ? { most: UNSIGNED_MAX } : {};
  const us = readTimer(context, words, { least, text, ...most });
  if (us !== undefined && target !== undefined) target[field] = us;
}

/** lvs_method: NAT, DR or TUN with the tunnel's words; `undefined` after a complaint. */
export function readMethod(
  context: ParseContext,
  words: Words,
  server: 'virtual' | 'real' | 'sorry',
): ForwardingMethod | undefined {
  const word = context.word(words, 1);
  if (word !== 'NAT' && word !== 'DR' && word !== 'TUN') {
    const text = `PARSER : unknown [${word}] routing method for ${server} server.`;
    const upper = word.toUpperCase();
    const known = upper === 'NAT' || upper === 'DR' || upper === 'TUN';
    const hint = known ? `write ${upper}: methods are upper case` : 'write NAT, DR or TUN';
    context.complain('bad-method', text, { word, hint });
    return undefined;
  }
  const tunnel = readTunnel(context, words, server);
  if (tunnel === undefined) return word === 'TUN' ? { kind: 'TUN' } : { kind: word };
  return word === 'TUN' ? { kind: 'TUN', encapsulation: tunnel } : { kind: word };
}

type Tunnel = NonNullable<Extract<ForwardingMethod, { kind: 'TUN' }>['encapsulation']>;

function readTunnel(context: ParseContext, words: Words, server: string): Tunnel | undefined {
  if (words.length < 3) return undefined;
  let type: Tunnel['type'] = 'ipip';
  let port = 0;
  let checksum: NonNullable<Tunnel['checksum']> = 'nocsum';
  const bad = (text: string, word: string) => context.complain('bad-tunnel', text, { word });
  for (let at = 2; at < words.length; at++) {
    const word = words[at] as string;
    const value = words[at + 1];
    if (word === 'nocsum' || word === 'csum' || word === 'remcsum') checksum = word;
    else if (word === 'type') {
      if (value === undefined) {
        bad(`Missing tunnel type for ${server} server.`, word);
        return undefined;
      }
      if (value !== 'ipip' && value !== 'gue' && value !== 'gre') {
        bad(`Unknown tunnel type ${value} for ${server} server.`, value);
        return undefined;
      }
      type = value;
      at++;
    } else if (word === 'port') {
      if (value === undefined) {
        bad(`Missing port for ${server} server gue tunnel.`, word);
        return undefined;
      }
      const result = readUnsigned(value, { least: 1, most: 65_535 }, context.reporter);
      if (result.complained) {
        bad(`Invalid gue tunnel port ${value} for ${server} server.`, value);
        return undefined;
      }
      port = result.value;
      at++;
    } else {
      bad(`Invalid tunnel option ${word} for ${server} server.`, word);
      return undefined;
    }
  }
  if ((type === 'gue') !== (port !== 0)) {
    bad('gue tunnels require port, otherwise cannot have port.', 'type');
    return undefined;
  }
  if (type === 'ipip' && checksum !== 'nocsum') {
    bad('ipip tunnels do not support checksum option.', checksum);
    return undefined;
  }
  if (type === 'gre' && checksum === 'remcsum') {
    bad('gre tunnels do not support remote checksum option.', checksum);
    return undefined;
  }
  return { type, checksum, ...(port === 0 ? {} : { port }) };
}
