/** Health checkers inside real_server: the common keywords, and the checkers with few of their own. */

import { familyOf, formatIp, type IpFamily } from '../../wire/ip-address.ts';
import { isLinkLocalIpv6 } from '../../wire/ipv6-address.ts';
import { type KeywordRow, row } from '../keyword-row.ts';
import type { CheckerDraft } from '../lvs-draft.ts';
import { UNSIGNED_MAX } from '../numbers.ts';
import type { ParseContext } from '../parse-context.ts';
import { readAddress } from './arguments.ts';
import { checkerPart } from './checker-row.ts';
import { dnsRows, endUdp, udpRows } from './datagram-checks.ts';
import { httpPartRows } from './http-check.ts';
import { bfdRows, endBfd, endFile, endMisc, fileRows, miscRows } from './local-checks.ts';
import { takeTimer } from './lvs-arguments.ts';

/** Checkers that connect to nobody. */
const OFFLINE_KINDS: readonly CheckerDraft['kind'][] = ['MISC_CHECK', 'FILE_CHECK', 'BFD_CHECK'];

const connectionRows: readonly KeywordRow[] = [
  checkerPart('connect_ip ADDRESS', 'P2', (context, checker, words) => {
    const word = context.word(words, 1);
    const address = readAddress(word);
    if (address === undefined) {
      const text = `Invalid connect_ip address ${word} - ignoring`;
      context.complain('bad-address', text, { word });
      checker.badTarget = true;
    } else if (
      checker.bindAddress !== undefined &&
      familyOf(address) !== familyOf(checker.bindAddress)
    ) {
      const text = `connect_ip address ${word} does not match address family of bindto - skipping`;
      context.complain('bad-family', text, { word });
      delete checker.connectAddress;
      checker.badTarget = true;
    } else checker.connectAddress = address;
  }),
  portRow('connect_port', 'connectPort'),
  checkerPart('bindto ADDRESS', 'P2', (context, checker, words) => {
    const word = context.word(words, 1);
    const address = readAddress(word);
    if (address === undefined) {
      const text = `Invalid bindto address ${word} - ignoring`;
      context.complain('bad-address', text, { word });
      delete checker.bindAddress;
    } else if (familyOf(address) !== (targetFamily(context, checker) ?? familyOf(address))) {
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

/** The family of `connect_ip`; without one the server's own address is meant, but for SMTP_CHECK and behind a bad one. */
function targetFamily(context: ParseContext, checker: CheckerDraft): IpFamily | undefined {
  const isOpen = checker.badTarget === true || checker.kind === 'SMTP_CHECK';
  const address = checker.connectAddress ?? (isOpen ? undefined : context.server?.address);
  return address === undefined ? undefined : familyOf(address);
}

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
      row('host { … }', 'P3', openHost, { block: networkRows, end: endHost }),
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
    block: fileRows(),
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
        if (!kept || !connectionKept(context, checker)) return;
        context.server?.checkers.push(checker);
        context.lvs.lastChecker = checker;
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
  const offline = OFFLINE_KINDS.includes(checker.kind);
  if (address === undefined || !local || offline || checker.bindInterface !== undefined)
    return true;
  const text = `Checker link local address ${formatIp(address)} requires a bind_if`;
  context.complain('missing-value', text);
  return false;
}

/** The old form of an SMTP_CHECK's connection begins with the server's own address. */
function openHost({ checker, server }: ParseContext): void {
  if (checker !== undefined && server !== undefined) checker.connectAddress ??= server.address;
}

function endHost(context: ParseContext): void {
  const { checker } = context;
  if (checker !== undefined && !connectionKept(context, checker)) context.checker = undefined;
}

/**
 * Without a url the checker is taken back. 2.2.7 then looks at the connection of the checker before it, and crashes where
 * there is none: MISC_CHECK, FILE_CHECK and BFD_CHECK have no connection. Source: seen with all kinds.
 */
function endHttp(context: ParseContext, checker: CheckerDraft): boolean {
  if (checker.urls.length > 0) return true;
  const before = context.lvs.lastChecker;
  const crashes = before === undefined || OFFLINE_KINDS.includes(before.kind);
  const what = crashes ? 'crashes on it and does not start' : 'leaves it out';
  context.complain('http-without-url', 'HTTP/SSL_GET checker has no urls specified - ignoring', {
    severity: 'error',
    message: `${checker.kind} has no url { … } with a path: keepalived 2.2.7 ${what}`,
    hint: 'add url { path / }',
    level: 'general',
  });
  if (crashes) {
    context.lvs.crash = true;
    context.reporter.ended = true;
  }
  return false;
}

function takeAlpha(context: ParseContext, checker: CheckerDraft, words: readonly string[]): void {
  const value = context.boolean(words, `Invalid alpha parameter ${words[1]}`);
  if (value !== undefined) checker.alpha = value;
}
