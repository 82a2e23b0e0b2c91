/** Health checkers inside real_server: the common keywords, and the checkers with few of their own. */

import { familyOf, formatIp } from '../../wire/ip-address.ts';
import { isLinkLocalIpv6 } from '../../wire/ipv6-address.ts';
import { parseHex } from '../../wire/text.ts';
import { type KeywordRow, row } from '../keyword-row.ts';
import type { CheckerDraft } from '../lvs-draft.ts';
import { readInteger, UNSIGNED_MAX } from '../numbers.ts';
import type { ParseContext } from '../parse-context.ts';
import { lacksDefaultUser } from '../script-user.ts';
import { serverText } from '../server-text.ts';
import { splitQuotedWords } from '../words.ts';
import { readAddress } from './arguments.ts';
import { httpPartRows } from './http-check.ts';
import { readTimer, takeTimer } from './lvs-arguments.ts';
import { quoteArguments } from './vrrp-blocks.ts';

type Words = readonly string[];

/** A row that works on the current checker. */
function checkerPart(
  spelling: string,
  importance: 'P1' | 'P2' | 'P3',
  apply: (context: ParseContext, checker: CheckerDraft, words: Words) => void,
): KeywordRow {
  return row(spelling, importance, (context, words) => {
    if (context.checker !== undefined) apply(context, context.checker, words);
  });
}

const connectionRows: readonly KeywordRow[] = [
  checkerPart('connect_ip ADDRESS', 'P2', (context, checker, words) => {
    const word = context.word(words, 1);
    const address = readAddress(word);
    if (address === undefined) {
      const text = `Invalid connect_ip address ${word} - ignoring`;
      context.complain('bad-address', text, { word });
    } else if (
      checker.bindAddress !== undefined &&
      familyOf(address) !== familyOf(checker.bindAddress)
    ) {
      const text = `connect_ip address ${word} does not match address family of bindto - skipping`;
      context.complain('bad-family', text, { word });
    } else checker.connectAddress = address;
  }),
  portRow('connect_port', 'connectPort'),
  checkerPart('bindto ADDRESS', 'P2', (context, checker, words) => {
    const word = context.word(words, 1);
    const address = readAddress(word);
    if (address === undefined) {
      const text = `Invalid bindto address ${word} - ignoring`;
      context.complain('bad-address', text, { word });
    } else if (
      checker.connectAddress !== undefined &&
      familyOf(address) !== familyOf(checker.connectAddress)
    ) {
      const text = `bindto address ${word} does not match address family of connect_ip - skipping`;
      context.complain('bad-family', text, { word });
    } else checker.bindAddress = address;
  }),
  portRow('bind_port', 'bindPort'),
  checkerPart('bind_if NAME', 'P2', (context, checker, words) => {
    const word = context.word(words, 1);
    if (word.length > 15) {
      const text = `Interface name ${word} is too long - ignoring`;
      context.complain('too-long', text, { word });
    } else checker.bindInterface = word;
  }),
  checkerPart('connect_timeout SECONDS', 'P1', (context, target, words) => {
    const text = `connect_timeout ${words[1]} invalid - ignoring`;
    takeTimer(context, words, { target, field: 'connectTimeoutUs', text });
  }),
  checkerPart('fwmark NUMBER', 'P2', (context, checker, words) => {
    const text = `Invalid fwmark connection value '${words[1]}'`;
    const result = context.unsigned(words, { least: 0, most: UNSIGNED_MAX, lenient: true, text });
    if (result.usable) checker.mark = result.value;
  }),
];

const commonRows: readonly KeywordRow[] = [
  checkerPart('retry COUNT', 'P1', (context, checker, words) => {
    const text = `Invalid retry connection value '${words[1]}'`;
    const result = context.unsigned(words, { least: 0, most: UNSIGNED_MAX, lenient: true, text });
    if (result.usable) checker.retry = result.value;
  }),
  checkerPart('delay_before_retry SECONDS', 'P1', (context, target, words) => {
    const text = `Invalid delay_before_retry connection value '${words[1]}'`;
    takeTimer(context, words, { target, field: 'delayBeforeRetryUs', text });
  }),
  checkerPart('warmup SECONDS', 'P2', (context, target, words) => {
    const text = `Invalid warmup connection value '${words[1]}'`;
    takeTimer(context, words, { target, field: 'warmupUs', text });
  }),
  checkerPart('delay_loop SECONDS', 'P1', (context, target, words) => {
    const text = `delay_loop '${words[1]}' is invalid - ignoring`;
    takeTimer(context, words, { target, field: 'delayLoopUs', text });
  }),
  checkerPart('alpha [BOOL]', 'P2', takeAlpha),
  checkerPart('log_all_failures [BOOL]', 'P2', (context, checker, words) => {
    const value = context.boolean(words, `Invalid log_all_failures parameter ${words[1]}`);
    if (value !== undefined) checker.logAllFailures = value;
  }),
];

function portRow(keyword: string, field: 'connectPort' | 'bindPort'): KeywordRow {
  return checkerPart(`${keyword} PORT`, 'P2', (context, checker, words) => {
    const text = `Invalid checker ${keyword} '${words[1]}'`;
    const result = context.unsigned(words, { least: 1, most: 65_535, lenient: true, text });
    if (result.usable) checker[field] = result.value;
  });
}

const networkRows: readonly KeywordRow[] = [...connectionRows, ...commonRows];

/** All checkers. */
export const checkerRows: readonly KeywordRow[] = [
  checkerBlock('MISC_CHECK', {
    importance: 'P1',
    block: [...miscRows(), ...commonRows],
    end: endMisc,
  }),
  checkerBlock('SMTP_CHECK', {
    importance: 'P2',
    block: [
      checkerPart('helo_name NAME', 'P2', (context, checker, words) => {
        if (words[1] === undefined) {
          context.complain('missing-value', 'SMTP_CHECK helo name missing');
        } else checker.heloName = words[1];
      }),
      ...networkRows,
      row('host { … }', 'P3', () => {}, { block: networkRows }),
    ],
  }),
  checkerBlock('TCP_CHECK', { importance: 'P1', block: networkRows }),
  checkerBlock('PING_CHECK', { importance: 'P2', block: networkRows }),
  checkerBlock('UDP_CHECK', {
    importance: 'P2',
    block: [...networkRows, ...udpRows()],
    end: endUdp,
  }),
  checkerBlock('HTTP_GET', {
    importance: 'P1',
    block: [...networkRows, ...httpPartRows(checkerPart)],
    end: endHttp,
  }),
  checkerBlock('SSL_GET', {
    importance: 'P1',
    block: [...networkRows, ...httpPartRows(checkerPart)],
    end: endHttp,
  }),
  checkerBlock('DNS_CHECK', { importance: 'P2', block: [...networkRows, ...dnsRows()] }),
  checkerBlock('FILE_CHECK', {
    importance: 'P3',
    block: [...fileRows(), ...commonRows],
    end: endFile,
  }),
  checkerBlock('BFD_CHECK', {
    importance: 'P3',
    block: [...bfdRows(), checkerPart('alpha [BOOL]', 'P3', takeAlpha)],
    end: endBfd,
  }),
];

function checkerBlock(
  kind: CheckerDraft['kind'],
  given: {
    readonly importance: 'P1' | 'P2' | 'P3';
    readonly block: readonly KeywordRow[];
    readonly end?: (context: ParseContext, checker: CheckerDraft) => boolean;
  },
): KeywordRow {
  return row(
    `${kind} { … }`,
    given.importance,
    (context) => {
      context.checker = newChecker(context, kind);
    },
    {
      block: given.block,
      end: (context) => {
        const { checker } = context;
        context.checker = undefined;
        if (checker === undefined) return;
        const kept = given.end?.(context, checker) ?? true;
        if (kept && connectionKept(context, checker)) context.server?.checkers.push(checker);
      },
    },
  );
}

function newChecker(context: ParseContext, kind: CheckerDraft['kind']): CheckerDraft {
  return {
    kind,
    at: context.reporter.location,
    urls: [],
    httpProtocol: '1.0',
    fastRecovery: false,
    enableSni: false,
    dnsType: 'SOA',
    scriptUserBad: false,
    dynamic: false,
    payload: new Uint8Array(0),
    requireReply: false,
    minReply: 0,
    maxReply: 255,
    reverse: false,
  };
}

function connectionKept(context: ParseContext, checker: CheckerDraft): boolean {
  const address = checker.connectAddress ?? context.server?.address;
  const local = typeof address === 'bigint' && isLinkLocalIpv6(address);
  const offline = ['MISC_CHECK', 'FILE_CHECK', 'BFD_CHECK'].includes(checker.kind);
  if (address === undefined || !local || offline || checker.bindInterface !== undefined)
    return true;
  const text = `Checker link local address ${formatIp(address)} requires a bind_if`;
  context.complain('missing-value', text);
  return false;
}

function endHttp(context: ParseContext, checker: CheckerDraft): boolean {
  if (checker.urls.length > 0) return true;
  context.complain('http-without-url', 'HTTP/SSL_GET checker has no urls specified - ignoring', {
    severity: 'error',
    message: `${checker.kind} has no url { … } with a path: keepalived 2.2.7 crashes on it and does not start`,
    hint: 'add url { path / }',
    level: 'general',
  });
  context.lvs.crash = true;
  context.reporter.ended = true;
  return false;
}

function miscRows(): readonly KeywordRow[] {
  return [
    checkerPart('misc_path COMMAND', 'P1', (context, checker) => {
      const words = context.quotedWords();
      const command = words?.[1];
      const split = command === undefined ? undefined : splitQuotedWords(command);
      if (split === undefined || 'kind' in split || split.length === 0) return;
      checker.script = { arguments: split, at: context.reporter.location };
    }),
    checkerPart('misc_timeout SECONDS', 'P1', (context, checker, words) => {
      const text = `Invalid misc_timeout value '${words[1]}'`;
      const us = readTimer(context, words, { least: 0, most: UNSIGNED_MAX, text, strict: true });
      if (us !== undefined) checker.miscTimeoutUs = us;
    }),
    checkerPart('misc_dynamic', 'P1', (_context, checker) => {
      checker.dynamic = true;
    }),
    checkerPart('user USER [GROUP]', 'P2', (context, checker, words) => {
      const user = context.word(words, 1);
      const command = checker.script?.arguments ?? [];
      if (context.machine.hasUser?.(user) === false) {
        const text = `Failed to set uid/gid for misc checker script ${quoteArguments(command)} - removing`;
        context.complain('unknown-user', text, { word: user });
        checker.scriptUserBad = true;
        return;
      }
      if (checker.script === undefined) return;
      checker.script = { ...checker.script, user };
    }),
  ];
}

function endMisc(context: ParseContext, checker: CheckerDraft): boolean {
  if (checker.scriptUserBad) return false;
  if (checker.script !== undefined) {
    if (checker.script.user !== undefined || !lacksDefaultUser(context)) return true;
    const command = quoteArguments(checker.script.arguments);
    const text = `Unable to set default user for misc script ${command} - removing`;
    context.complain('unknown-user', text);
    return false;
  }
  const text = 'No script path has been specified for MISC_CHECKER - skipping';
  context.complain('missing-value', text, {
    message: 'MISC_CHECK has no misc_path: the checker is left out',
  });
  return false;
}

function dnsRows(): readonly KeywordRow[] {
  return [
    checkerPart('type A|NS|CNAME|SOA|MX|TXT|AAAA', 'P2', (context, checker, words) => {
      const word = context.word(words, 1);
      const types = ['A', 'NS', 'CNAME', 'SOA', 'MX', 'TXT', 'AAAA'] as const;
      const type = types.find((one) => one === word.toUpperCase());
      if (type !== undefined) checker.dnsType = type;
      else {
        const text = `Unknown DNS check type ${word} - ignoring`;
        context.complain('bad-value', text, { word });
      }
    }),
    checkerPart('name NAME', 'P2', (context, checker, words) => {
      const word = context.word(words, 1);
      if (checker.dnsName !== undefined) {
        context.complain('duplicate', 'DNS_CHECK name already specified - ignoring', { word });
      } else if (word !== '.' && dnsLabelEmpty(word)) {
        const text = `DNS_CHECK name '${word}' has empty label - ignoring`;
        context.complain('bad-value', text, { word });
      } else checker.dnsName = word;
    }),
  ];
}

/** 2.2.7 takes a first label of one character for an empty one (`x.y`); `www.example` it takes. */
function dnsLabelEmpty(name: string): boolean {
  return /^\.|^.\.|\.\./.test(name);
}

function udpRows(): readonly KeywordRow[] {
  return [
    checkerPart('payload HEX', 'P2', (context, checker) => {
      const words = context.quotedWords();
      const bytes = words === undefined ? undefined : parseHex(context.word(words, 1));
      if (bytes !== undefined && bytes.length > 0) checker.payload = bytes;
      else context.complain('bad-value', 'Invalid hex string for UDP_CHECK payload');
    }),
    checkerPart('require_reply [HEX]', 'P2', (context, checker) => {
      checker.requireReply = true;
      const words = context.quotedWords();
      const word = words?.[1];
      if (word === undefined) return;
      const reply = parseMaskedHex(word);
      if (reply !== undefined) checker.reply = reply;
      else context.complain('bad-value', 'Invalid hex string for UDP_CHECK reply', { word });
    }),
    lengthRow('min', 'minReply'),
    lengthRow('max', 'maxReply'),
  ];
}

function lengthRow(which: 'min' | 'max', field: 'minReply' | 'maxReply'): KeywordRow {
  return checkerPart(`${which}_reply_length BYTES`, 'P2', (context, checker, words) => {
    const text = `UDP_CHECK ${which} length ${words[1]} not valid - must be between 0 & 65535`;
    const result = context.unsigned(words, { least: 0, most: 65_535, text });
    if (result.usable) checker[field] = result.value;
  });
}

function endUdp(context: ParseContext, checker: CheckerDraft): boolean {
  if (checker.minReply > checker.maxReply) {
    const text =
      `UDP_CHECK min_reply length ${checker.minReply} > max_reply_length ${checker.maxReply}` +
      ' - will always fail';
    context.complain('conflict', text);
  }
  return true;
}

/** Hex digits where `x` stands for any nibble; an odd last digit is a byte of its own. */
function parseMaskedHex(text: string): CheckerDraft['reply'] | undefined {
  const bytes: number[] = [];
  const mask: number[] = [];
  for (const group of text.split(/[ \t]+/).filter((one) => one !== '')) {
    if (!/^[0-9a-fx]+$/i.test(group)) return undefined;
    for (let at = 0; at < group.length; at += 2) {
      const pair = group.slice(at, at + 2).toLowerCase();
      bytes.push(Number.parseInt(pair.replaceAll('x', '0'), 16));
      mask.push(Number.parseInt(pair.replaceAll(/[0-9a-f]/g, 'f').replaceAll('x', '0'), 16));
    }
  }
  return bytes.length === 0
    ? undefined
    : { bytes: Uint8Array.from(bytes), mask: Uint8Array.from(mask) };
}

function fileRows(): readonly KeywordRow[] {
  return [
    checkerPart('track_file NAME', 'P3', (context, checker, words) => {
      const name = context.word(words, 1);
      const file = context.lvs.files.find((one) => one.name === name);
      if (file === undefined) {
        context.complain('not-found', `track_file ${name} not found`, { word: name });
      } else checker.trackFile = file;
    }),
    checkerPart('weight -254..254 [reverse]', 'P3', (context, checker, words) => {
      const word = words[1];
      if (word === undefined) {
        context.complain('missing-value', 'track file weight missing');
        return;
      }
      const range = { least: -2_147_483_648, most: 2_147_483_647, lenient: true };
      const result = readInteger(word, range, context.reporter);
      if (result.usable) checker.weight = result.value;
      if (words[2] === 'reverse') checker.reverse = true;
      else if (words[2] !== undefined) {
        const text = `unknown track file weight option ${words[2]} - ignoring`;
        context.complain('unknown-option', text, { word: words[2] });
      }
    }),
  ];
}

function endFile(context: ParseContext, checker: CheckerDraft): boolean {
  if (checker.trackFile !== undefined) return true;
  context.complain('missing-value', 'FILE_CHECK has no track_file specified - ignoring');
  return false;
}

function takeAlpha(context: ParseContext, checker: CheckerDraft, words: readonly string[]): void {
  const value = context.boolean(words, `Invalid alpha parameter ${words[1]}`);
  if (value !== undefined) checker.alpha = value;
}

function bfdRows(): readonly KeywordRow[] {
  return [
    checkerPart('name NAME', 'P3', (context, checker, words) => {
      const front = `(${serverText(context)}) BFD_CHECK -`;
      const name = words[1];
      if (name === undefined || words.length !== 2) {
        const text = `${front} No or too many names specified - skipping checker`;
        context.complain('bad-name', text);
      } else if (!context.lvs.bfds.includes(name)) {
        context.complain('not-found', `${front} BFD ${name} not configured`, { word: name });
      } else if (checker.bfd !== undefined) {
        const text = `${front} BFD ${name} already specified as ${checker.bfd}`;
        context.complain('duplicate', text, { word: name });
      } else checker.bfd = name;
      checker.dnsName = name ?? '';
    }),
  ];
}

function endBfd(context: ParseContext, checker: CheckerDraft): boolean {
  if (checker.bfd !== undefined) return true;
  if (checker.dnsName === undefined) {
    const text = `(${serverText(context)}) No name has been specified for BFD_CHECKER - skipping`;
    context.complain('missing-value', text);
  }
  return false;
}
