/**
 * iptables and ip6tables, as far as labs of load balancers and partitions need them: DROP rules of the filter table and MARK
 * rules of mangle's PREROUTING and OUTPUT (firewall marks for IPVS and policy rules); `-A -I -D -F -S -L`. What a rule may say: `-p -s -d -i -o --dport
 * --dports`. Rules of the running system alone: as on a real host they are gone after a reboot. Source: iptables(8) 1.8.9.
 */

import { type IpAddress, isIpv4, parseIp, parsePrefix } from '../../../daemon/wire/ip-address.ts';
import type { FirewallRule } from '../../kernel/firewall-state.ts';
import { type CommandIo, fail, type ShellCommand, succeed } from './shell-command.ts';

const CHAINS: ReadonlyMap<
  string,
  readonly (readonly [chain: string, hook: FirewallRule['hook']])[]
> = new Map([
  [
    'filter',
    [
      ['INPUT', 'input'],
      ['FORWARD', 'forward'],
      ['OUTPUT', 'output'],
    ],
  ],
  [
    'mangle',
    [
      ['PREROUTING', 'prerouting'],
      ['OUTPUT', 'output-mark'],
    ],
  ],
]);
const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ['icmp', 1],
  ['igmp', 2],
  ['tcp', 6],
  ['udp', 17],
  ['ah', 51],
  ['icmpv6', 58],
  ['vrrp', 112],
]);
const USAGE_ERROR = 2;

interface Parsed {
  table: string;
  verb: '-A' | '-I' | '-D' | '-F' | '-S' | '-L' | undefined;
  chain: string | undefined;
  rule: {
    -readonly [K in keyof Omit<FirewallRule, 'hook' | 'verdict' | 'listed'>]: FirewallRule[K];
  };
  target: string | undefined;
  /** As `-S` prints the matches. */
  words: string[];
}

/** The command. */
export const iptables: ShellCommand = (io) => {
  const parsed = parse(io);
  if (typeof parsed === 'string')
    return fail(io, `${io.name} v1.8.9 (nf_tables): ${parsed}`, USAGE_ERROR);
  const chains = CHAINS.get(parsed.table);
  if (chains === undefined) {
    return fail(io, `${io.name}: can't initialize ${io.name} table \`${parsed.table}'`, 3);
  }
  const chosen = chains.filter(([chain]) => parsed.chain === undefined || chain === parsed.chain);
  if (chosen.length === 0) return fail(io, `${io.name}: No chain/target/match by that name.`, 1);
  switch (parsed.verb) {
    case '-F':
      for (const [, hook] of chosen) for (const rule of own(io, hook)) remove(io, rule);
      return succeed(io);
    case '-S':
    case '-L':
      return succeed(io, listing(io, chosen, parsed.verb));
    default:
      return change(io, parsed, chosen[0]);
  }
};

function change(
  io: CommandIo,
  parsed: Parsed,
  chosen: readonly [string, FirewallRule['hook']] | undefined,
) {
  if (chosen === undefined || parsed.chain === undefined || parsed.verb === undefined) {
    return fail(io, `${io.name} v1.8.9 (nf_tables): no command specified`, USAGE_ERROR);
  }
  const [chain, hook] = chosen;
  const isMark = parsed.table === 'mangle';
  if (parsed.target !== (isMark ? 'MARK' : 'DROP')) {
    const text = `only -j ${isMark ? 'MARK' : 'DROP'} is simulated in ${chain}`;
    return fail(io, `${io.name}: ${text}`, USAGE_ERROR);
  }
  const words = ['-A', chain, ...parsed.words];
  const rule: FirewallRule = {
    ...parsed.rule,
    hook,
    verdict: isMark ? 'mark' : 'drop',
    family: io.name === 'ip6tables' ? 'inet6' : 'inet',
    listed: { by: io.name === 'ip6tables' ? 'ip6tables' : 'iptables', words },
  };
  const others = own(io, hook);
  if (parsed.verb === '-D') {
    const found = others.find((one) => one.listed?.words.join(' ') === words.join(' '));
    if (found === undefined) {
      return fail(io, `${io.name}: Bad rule (does a matching rule exist in that chain?).`, 1);
    }
    remove(io, found);
    return succeed(io);
  }
  // The kernel's list is in order of adding: what stands behind a new first rule is added anew.
  const behind = parsed.verb === '-I' ? others : [];
  for (const one of behind) remove(io, one);
  for (const one of [rule, ...behind]) {
    io.machine.kernel.addFirewallRule(one);
  }
  succeed(io);
}

/** The rules of this command in a chain, in order. */
function own(io: CommandIo, hook: FirewallRule['hook']): readonly FirewallRule[] {
  const by = io.name === 'ip6tables' ? 'ip6tables' : 'iptables';
  return io.machine.kernel
    .firewallRules()
    .filter((rule) => rule.hook === hook && rule.listed?.by === by);
}

function remove(io: CommandIo, rule: FirewallRule): void {
  io.machine.kernel.removeFirewallRule(rule);
}

function listing(
  io: CommandIo,
  chains: readonly (readonly [string, FirewallRule['hook']])[],
  verb: '-S' | '-L',
): string {
  if (verb === '-S') {
    const policies = chains.map(([chain]) => `-P ${chain} ACCEPT\n`).join('');
    const rules = chains.flatMap(([, hook]) => own(io, hook));
    return policies + rules.map((rule) => `${rule.listed?.words.join(' ')}\n`).join('');
  }
  return chains
    .map(([chain, hook]) => {
      const rows = own(io, hook).map(listLine);
      return `Chain ${chain} (policy ACCEPT)\ntarget     prot opt source               destination         \n${rows.join('')}`;
    })
    .join('\n');
}

function listLine(rule: FirewallRule): string {
  const words = rule.listed?.words ?? [];
  const after = (option: string, usual: string) => words[words.indexOf(option) + 1] ?? usual;
  const has = (option: string) => words.includes(option);
  const any = rule.listed?.by === 'ip6tables' ? '::/0' : '0.0.0.0/0';
  const protocol = has('-p') ? after('-p', 'all') : 'all';
  const port = has('--dport') ? ` ${protocol} dpt:${after('--dport', '')}` : '';
  const ports = has('--dports') ? ` multiport dports ${after('--dports', '')}` : '';
  const mark = rule.mark === undefined ? '' : ` MARK set 0x${rule.mark.toString(16)}`;
  const source = (has('-s') ? after('-s', any) : any).replace(/\/32$/, '').padEnd(20);
  const destination = (has('-d') ? after('-d', any) : any).replace(/\/32$/, '').padEnd(20);
  const target = rule.verdict === 'mark' ? 'MARK' : 'DROP';
  return `${target.padEnd(10)} ${protocol.padEnd(4)} --  ${source} ${destination}${port}${ports}${mark}\n`;
}

function parse(io: CommandIo): Parsed | string {
  const parsed: Parsed = {
    table: 'filter',
    verb: undefined,
    chain: undefined,
    rule: {},
    target: undefined,
    words: [],
  };
  const words = [...io.words];
  while (words.length > 0) {
    const word = words.shift() ?? '';
    const problem = readOption(parsed, LONG.get(word) ?? word, words);
    if (problem !== undefined) return problem;
  }
  return parsed.verb === undefined ? 'no command specified' : parsed;
}

const LONG: ReadonlyMap<string, string> = new Map([
  ['--table', '-t'],
  ['--append', '-A'],
  ['--insert', '-I'],
  ['--delete', '-D'],
  ['--flush', '-F'],
  ['--list', '-L'],
  ['--list-rules', '-S'],
  ['--protocol', '-p'],
  ['--source', '-s'],
  ['--src', '-s'],
  ['--destination', '-d'],
  ['--dst', '-d'],
  ['--in-interface', '-i'],
  ['--out-interface', '-o'],
  ['--jump', '-j'],
  ['--match', '-m'],
  ['--destination-port', '--dport'],
  ['--destination-ports', '--dports'],
]);

/** Reads one option with its value; a text is what is wrong. */
function readOption(parsed: Parsed, option: string, words: string[]): string | undefined {
  switch (option) {
    case '-n':
    case '-v':
    case '-w':
      return undefined;
    case '-F':
    case '-L':
    case '-S':
    case '-A':
    case '-D':
    case '-I':
      parsed.verb = option;
      if (words[0]?.startsWith('-') === false) parsed.chain = words.shift();
      if (option === '-I' && words[0] === '1') words.shift();
      return undefined;
    default:
      break;
  }
  const value = words.shift();
  if (value === undefined) return `option "${option}" requires an argument`;
  return readMatch(parsed, option, value);
}

function readMatch(parsed: Parsed, option: string, value: string): string | undefined {
  const { rule } = parsed;
  switch (option) {
    case '-t':
      parsed.table = value;
      return undefined;
    case '-m':
      if (value === 'multiport') parsed.words.push('-m', value);
      return undefined;
    case '-j':
      parsed.target = value;
      parsed.words.push('-j', value);
      return undefined;
    case '-p': {
      const number = PROTOCOLS.get(value) ?? Number(value);
      if (!Number.isInteger(number)) return `unknown protocol "${value}" specified`;
      rule.protocol = number;
      break;
    }
    case '-s':
    case '-d': {
      const prefix = prefixOf(value);
      if (prefix === undefined) return `host/network \`${value}' not found`;
      if (option === '-s') rule.source = prefix;
      else rule.destination = prefix;
      parsed.words.push(option, value.includes('/') ? value : `${value}/${prefix.length}`);
      return undefined;
    }
    case '-i':
      if (parsed.chain === 'OUTPUT') return "Can't use -i with OUTPUT";
      if (parsed.chain === 'FORWARD') rule.inputLink = value;
      else rule.link = value;
      break;
    case '-o':
      if (parsed.chain === 'INPUT' || parsed.chain === 'PREROUTING') {
        return `Can't use -o with ${parsed.chain}`;
      }
      rule.link = value;
      break;
    case '--dport':
    case '--dports': {
      const ranges = value.split(',').map((part) => /^(\d+)(?::(\d+))?$/.exec(part));
      if (ranges.some((range) => range === null))
        return `invalid port/service \`${value}' specified`;
      rule.destinationPorts = ranges.map((range) => ({
        from: Number(range?.[1]),
        to: Number(range?.[2] ?? range?.[1]),
      }));
      break;
    }
    case '--set-mark':
    case '--set-xmark': {
      const mark = Number(value.split('/')[0]);
      if (!Number.isInteger(mark)) return `MARK: bad value for option "${option}"`;
      rule.mark = mark;
      parsed.words.push('--set-xmark', `0x${mark.toString(16)}/0xffffffff`);
      return undefined;
    }
    default:
      return `unknown option "${option}"`;
  }
  parsed.words.push(option, value);
  return undefined;
}

function prefixOf(text: string) {
  const address: IpAddress | undefined = parseIp(text);
  if (address !== undefined) return { address, length: isIpv4(address) ? 32 : 128 };
  return parsePrefix(text);
}
