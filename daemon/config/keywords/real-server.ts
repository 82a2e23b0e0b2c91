/** `real_server`, `virtual_server_group` and the block `SSL`. */

import type { GroupMember } from '../../lvs/lvs-config.ts';
import { familyOf, formatIp, type IpAddress, parseIp } from '../../wire/ip-address.ts';
import { ipv4Mask } from '../../wire/ipv4-address.ts';
import { ipv6Mask } from '../../wire/ipv6-address.ts';
import { readValueBlock } from '../block-parser.ts';
import { type KeywordRow, row } from '../keyword-row.ts';
import type { ServerDraft, ServerGroupDraft, VirtualServerDraft } from '../lvs-draft.ts';
import { readUnsigned, UNSIGNED_MAX } from '../numbers.ts';
import type { ParseContext } from '../parse-context.ts';
import { readAddress, readPort, readScript } from './arguments.ts';
import { checkerRows } from './checkers.ts';
import { readMethod, takeTimer } from './lvs-arguments.ts';

type Words = readonly string[];

/** IPVS_WEIGHT_LIMIT of 2.2.7. */
const WEIGHT_MAX = 2_147_483_647;

/** A server with what it takes from its service at once. */
export function newServer(
  context: ParseContext,
  service: VirtualServerDraft,
  given: { readonly address: IpAddress; readonly port: number },
): ServerDraft {
  return {
    ...given,
    at: context.reporter.location,
    ...(service.method === undefined ? {} : { method: service.method }),
    upperThreshold: 0,
    lowerThreshold: 0,
    checkers: [],
  };
}

function part(
  spelling: string,
  importance: 'P1' | 'P2' | 'P3',
  apply: (context: ParseContext, server: ServerDraft, words: Words) => void,
): KeywordRow {
  return row(spelling, importance, (context, words) => {
    if (context.server !== undefined) apply(context, context.server, words);
  });
}

/** The block real_server. */
export const realServerRow: KeywordRow = row('real_server ADDRESS [PORT] { … }', 'P1', openServer, {
  block: [
    part('weight COUNT', 'P1', (context, server, words) => {
      const text = `Real server weight ${words[1]} is outside range 0-${WEIGHT_MAX}`;
      const result = context.unsigned(words, { least: 0, most: WEIGHT_MAX, lenient: true, text });
      if (!result.usable) return;
      server.weight = result.value;
      if (!result.complained) server.testedWeight = result.value;
      if (result.value > 65_535) {
        const message = `weight ${result.value} is more than the 65535 that schedulers are made for`;
        context.remark('big-weight', message, { word: words[1] ?? '' });
      }
    }),
    part('lvs_method NAT|DR|TUN [type TYPE] …', 'P1', (context, server, words) => {
      const method = readMethod(context, words, 'real');
      if (method !== undefined) server.method = method;
    }),
    part('uthreshold COUNT', 'P2', (context, server, words) => {
      const text = `Invalid real_server uthreshold '${words[1]}' - ignoring`;
      const range = { least: 0, most: UNSIGNED_MAX, lenient: true, text };
      const result = context.unsigned(words, range);
      if (result.usable) server.upperThreshold = result.value;
    }),
    part('lthreshold COUNT', 'P2', (context, server, words) => {
      const text = `Invalid real_server lthreshold '${words[1]}' - ignoring`;
      const range = { least: 0, most: UNSIGNED_MAX, lenient: true, text };
      const result = context.unsigned(words, range);
      if (result.usable) server.lowerThreshold = result.value;
    }),
    part('inhibit_on_failure [BOOL]', 'P2', (context, server, words) => {
      const value = context.boolean(words, `Invalid inhibit_on_failure parameter ${words[1]}`);
      if (value !== undefined) server.inhibit = value;
    }),
    scriptRow('notify_up', 'notifyUp'),
    scriptRow('notify_down', 'notifyDown'),
    part('alpha [BOOL]', 'P2', (context, server, words) => {
      const value = context.boolean(words, `Invalid alpha parameter ${words[1]}`);
      if (value !== undefined) server.alpha = value;
    }),
    part('retry COUNT', 'P1', (context, server, words) => {
      const text = `retry value invalid - ${words[1]}`;
      const result = context.unsigned(words, { least: 1, most: UNSIGNED_MAX, text });
      if (result.usable) server.retry = result.value;
    }),
    part('delay_before_retry SECONDS', 'P1', (context, target, words) => {
      const text = `real server delay_before_retry '${words[1]}' invalid - ignoring`;
      takeTimer(context, words, { target, field: 'delayBeforeRetryUs', text });
    }),
    part('warmup SECONDS', 'P2', (context, target, words) => {
      const text = `real server warmup '${words[1]}' invalid - ignoring`;
      takeTimer(context, words, { target, field: 'warmupUs', text });
    }),
    part('connect_timeout SECONDS', 'P1', (context, target, words) => {
      const text = `real server connect_timeout ${words[1]} invalid - ignoring`;
      takeTimer(context, words, { target, field: 'connectTimeoutUs', text });
    }),
    part('delay_loop SECONDS', 'P1', (context, target, words) => {
      const text = `real server delay_loop '${words[1]}' invalid - ignoring`;
      takeTimer(context, words, { target, field: 'delayLoopUs', text });
    }),
    part('smtp_alert [BOOL]', 'P2', (context, server, words) => {
      const text = `Invalid real_server smtp_alert parameter ${words[1]}`;
      const value = context.boolean(words, text);
      if (value !== undefined) server.smtpAlert = value;
    }),
    part('virtualhost NAME', 'P2', (context, server, words) => {
      if (words[1] === undefined) {
        context.complain('missing-value', 'real server virtualhost missing');
      } else server.virtualHost = words[1];
    }),
    part('snmp_name NAME', 'P3', (context, server, words) => {
      if (words[1] === undefined || words.length !== 2) {
        const text = 'real server snmp_name missing or extra parameters';
        context.complain('missing-value', text);
      } else server.snmpName = words[1];
    }),
    ...checkerRows,
  ],
  end: closeServer,
});

function scriptRow(keyword: string, field: 'notifyUp' | 'notifyDown'): KeywordRow {
  return part(`${keyword} COMMAND [USER [GROUP]]`, 'P2', (context, server, words) => {
    if (server[field] !== undefined) {
      const name = context.virtualServer?.group ?? '(null)';
      const word = context.word(words, 1);
      if (context.reporter.ended) return;
      const text = `(${name}) ${keyword} script already specified - ignoring ${word}`;
      context.complain('duplicate', text, { word });
      return;
    }
    const script = readScript(context);
    if (script !== undefined) server[field] = script;
  });
}

function openServer(context: ParseContext, words: Words): void {
  context.server = undefined;
  const service = context.virtualServer;
  const word = context.word(words, 1);
  const port = readPort(context, words[2]);
  const address = readAddress(word);
  if (service === undefined || address === undefined || port === undefined) {
    const shown = words[2] ?? '(null)';
    const text = `Invalid real server ip address/port ${word}/${shown} - skipping`;
    context.complain('bad-address', text, { word });
    context.skipBlock(true);
    return;
  }
  context.server = newServer(context, service, { address, port });
  service.servers.push(context.server);
}

function closeServer(context: ParseContext): void {
  const { server, virtualServer: service } = context;
  context.server = undefined;
  if (server === undefined || service === undefined || server.method?.kind === 'TUN') return;
  const family = familyOf(server.address);
  service.family ??= family;
  if (service.family === family) return;
  const text =
    `Address family of virtual server and real server ${formatIp(server.address)}` +
    " don't match - skipping real server.";
  context.complain('bad-family', text);
  service.servers = service.servers.filter((one) => one !== server);
}

/** The block virtual_server_group. */
export const serverGroupRow: KeywordRow = row(
  'virtual_server_group NAME { ADDRESS[-END|/MASK] [PORT] | fwmark N [inet|inet6] … }',
  'P2',
  (context, words) => {
    const name = context.word(words, 1);
    const group: ServerGroupDraft = {
      name,
      at: context.reporter.location,
      members: [],
      memberTexts: [],
    };
    const head = [words[0] as string, ...words.slice(2)];
    readValueBlock(context, head, (values) => takeMember(context, group, values), {
      strictHead: true,
    });
    if (group.members.length === 0) {
      const text = `virtual server group ${name} has no entries - removing`;
      context.complain('empty-group', text, { word: name });
      return;
    }
    const families = new Set(group.members.map(memberFamily));
    if (families.has('inet') && families.has('inet6') && families.has(undefined)) {
      const text = `virtual server group ${name} cannot have IPv4, IPv6 and fwmark without family - removing`;
      context.complain('bad-family', text);
      return;
    }
    context.lvs.groups.push(group);
  },
  { processes: ['checkers'] },
);

/** The family a member decides, if any. */
export function memberFamily(member: GroupMember): 'inet' | 'inet6' | undefined {
  return member.kind === 'range' ? familyOf(member.first) : member.family;
}

function takeMember(context: ParseContext, group: ServerGroupDraft, values: Words): void {
  const word = values[0] as string;
  if (word === 'fwmark') {
    takeMark(context, group, values);
    return;
  }
  const first = readAddress(word);
  const port = readPort(context, values[1]);
  if (first === undefined || port === undefined) {
    const given = values[1] !== undefined && !/^0*$/.test(values[1]);
    const tail = given ? `/port/${values[1]}` : '';
    const text = `Invalid virtual server group IP address ${word} ${tail} - skipping`;
    context.complain('bad-address', text, { word });
    return;
  }
  const count = memberCount(context, word, first);
  if (count === undefined) return;
  group.members.push({ kind: 'range', first, count, port });
  group.memberTexts.push(memberText(word, { first, count, port }));
}

function takeMark(context: ParseContext, group: ServerGroupDraft, values: Words): void {
  const word = context.word(values, 1);
  const range = { least: 0, most: UNSIGNED_MAX, lenient: true };
  const result = readUnsigned(word, range, context.reporter);
  if (result.complained) {
    const text = `(${group.name}): fwmark '${word}' must be in [0, ${UNSIGNED_MAX}] - ignoring`;
    context.complain('bad-value', text, { word });
  }
  if (!result.usable) return;
  const family = values[2];
  if (family !== undefined && family !== 'inet' && family !== 'inet6') {
    const text = `(${group.name}): fwmark '${result.value}' family ${family} unknown - ignoring`;
    context.complain('bad-family', text, { word: family });
    return;
  }
  const member = { kind: 'fwmark' as const, mark: result.value };
  group.members.push(family === undefined ? member : { ...member, family });
  group.memberTexts.push(`FWM ${result.value}`);
}

/** How many addresses a line stands for; `undefined` after a complaint. */
function memberCount(context: ParseContext, word: string, first: IpAddress): number | undefined {
  const refuse = (text: string) => {
    context.complain('bad-range', `${text} - ${word} - skipping`, { word });
    return undefined;
  };
  const slash = word.indexOf('/');
  if (slash >= 0) {
    const digits = word.slice(slash + 1);
    const bits = typeof first === 'number' ? 32 : 128;
    if (!/^\d+$/.test(digits) || Number(digits) === 0 || Number(digits) > bits) {
      return refuse('Invalid netmask');
    }
    const length = Number(digits);
    const host =
      typeof first === 'number'
        ? (first & ~ipv4Mask(length)) !== 0
        : (first & ~ipv6Mask(length)) !== 0n;
    if (host) return refuse('Address mask bits not empty');
    return 2 ** (bits - length);
  }
  const dash = word.indexOf('-');
  if (dash < 0) return 1;
  const end = word.slice(dash + 1);
  return end.includes('.') || end.includes(':')
    ? fullRange(context, { word, first, end })
    : shortRange(context, { word, first, end });
}

function fullRange(
  context: ParseContext,
  given: { readonly word: string; readonly first: IpAddress; readonly end: string },
): number | undefined {
  const { word, first } = given;
  const last = parseIp(given.end);
  let text: string | undefined;
  if (last === undefined) text = `Invalid range end ${word} - skipping`;
  else if (typeof last !== typeof first) {
    text = `Range address families do not match ${word} - skipping`;
  } else if (BigInt(last) < BigInt(first)) {
    text = `Address range end is less than address range start - ${word} - skipping`;
  }
  if (text !== undefined || last === undefined) {
    context.complain('bad-range', text ?? '', { word });
    return undefined;
  }
  return Number(BigInt(last) - BigInt(first)) + 1;
}

function shortRange(
  context: ParseContext,
  given: { readonly word: string; readonly first: IpAddress; readonly end: string },
): number | undefined {
  const { word, first, end } = given;
  const inet = typeof first === 'number';
  const digits = (inet ? /^\d*/ : /^[0-9a-f]*/i).exec(end)?.[0] ?? '';
  const rest = end.slice(digits.length);
  const last = Number.parseInt(`0${digits}`, inet ? 10 : 16);
  if (rest !== '' || last > (inet ? 255 : 65_535)) {
    const text =
      rest === ''
        ? `Virtual server group range '${word}' end '${end}' too large`
        : `Virtual server group range '${word}' has extra characters at end '${rest}'`;
    context.complain('bad-range', text, { word });
    return undefined;
  }
  const start = inet ? first & 0xff : Number(first & 0xffffn);
  if (start >= last) {
    const text = `Address range end is not greater than address range start - ${word} - skipping`;
    context.complain('bad-range', text, { word });
    return undefined;
  }
  return last - start + 1;
}

function memberText(
  word: string,
  given: { readonly first: IpAddress; readonly count: number; readonly port: number },
): string {
  const { first, count, port } = given;
  if (count === 1) return `${formatIp(first)},${port}`;
  return `${word.replace(/\/.*$/, '')},${port}`;
}

/** The block SSL. */
export const sslRow: KeywordRow = row(
  'SSL { … }',
  'P3',
  (context) => {
    if (context.lvs.ssl !== undefined) {
      context.complain('duplicate', 'SSL context already specified - replacing');
    }
    context.lvs.ssl = {};
  },
  {
    processes: ['checkers'],
    block: (
      [
        ['password', 'password', 'password'],
        ['ca', 'ca', 'cafile'],
        ['certificate', 'certificate', 'certfile'],
        ['key', 'key', 'keyfile'],
      ] as const
    ).map(([keyword, field, label]) =>
      row(`${keyword} ${field === 'password' ? 'PASSWORD' : 'PATH'}`, 'P3', (context, words) => {
        const { ssl } = context.lvs;
        if (ssl === undefined) return;
        if (words[1] === undefined) {
          context.complain('missing-value', `SSL ${label} missing`);
          return;
        }
        if (ssl[field] !== undefined) {
          const text = `SSL ${label} already specified - replacing`;
          context.complain('duplicate', text, { word: words[1] });
        }
        ssl[field] = words[1];
      }),
    ),
  },
);
