/**
 * The daemon's own nftables: one table per family with drop rules for addresses that must not accept packets
 * (no_accept, strict), and IGMP of VMACs sent through their base. The whole table is written anew at each
 * change in one transaction, and removed with the last rule, so nothing of other programs is touched.
 *
 * Source: names and shape as keepalived 2.2.7 makes them (`nft list ruleset`), table `keepalived`.
 */

import { spawn, spawnSync } from 'node:child_process';
import type { FirewallCommand } from '../core/commands.ts';
import { formatIp, isIpv4 } from '../wire/ip-address.ts';

type Rule = FirewallCommand['rule'];

/** Name of our table in the families `inet` and `netdev`. */
const TABLE = 'lantwin';

/** Rules in effect, and the way to `nft`. */
export class Firewall {
  readonly #rules = new Map<string, Rule>();
  readonly #command: string;

  constructor(command = 'nft') {
    this.#command = command;
  }

  /** Carries one change out; `onDone` gets what nft complained about. */
  carryOut(command: FirewallCommand, onDone: (failure: string | undefined) => void): void {
    const key = ruleKey(command.rule);
    if (command.kind === 'firewall-add') this.#rules.set(key, command.rule);
    else if (!this.#rules.delete(key)) {
      onDone(undefined);
      return;
    }
    const child = spawn(this.#command, ['-f', '-'], { stdio: ['pipe', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    let answered = false;
    const answer = (failure: string | undefined): void => {
      if (!answered) onDone(failure);
      answered = true;
    };
    child.on('error', (error) => answer(error.message));
    child.on('close', (code) => answer(code === 0 ? undefined : complaint.trim()));
    child.stdin.on('error', () => {});
    child.stdin.end(rulesetText([...this.#rules.values()]));
  }

  /** Removes everything of ours at once; for exits that cannot wait. */
  clearNow(): void {
    if (this.#rules.size === 0) return;
    this.#rules.clear();
    spawnSync(this.#command, ['-f', '-'], { input: rulesetText([]), timeout: 2000 });
  }
}

/** The transaction that makes our table hold exactly these rules. */
export function rulesetText(rules: readonly Rule[]): string {
  // "add" before "delete": deleting a table that is not there is an error.
  const lines = [`add table inet ${TABLE}`, `delete table inet ${TABLE}`];
  if (rules.length === 0) return `${lines.join('\n')}\n`;
  lines.push(`table inet ${TABLE} {`);
  lines.push(...chain('in', 'input', rules));
  lines.push(...chain('out', 'output', rules));
  lines.push('}');
  return `${lines.join('\n')}\n`;
}

function chain(name: string, hook: 'input' | 'output', rules: readonly Rule[]): string[] {
  const lines = [`  chain ${name} {`, `    type filter hook ${hook} priority -1; policy accept;`];
  for (const rule of rules) {
    const text = rule.kind === 'drop-address' ? dropRule(hook, rule) : igmpRule(hook, rule);
    if (text !== undefined) lines.push(`    ${text}`);
  }
  lines.push('  }');
  return lines;
}

function dropRule(hook: 'input' | 'output', rule: Extract<Rule, { kind: 'drop-address' }>): string {
  const address = formatIp(rule.address);
  const direction = hook === 'input' ? 'daddr' : 'saddr';
  const device =
    rule.interface === undefined
      ? ''
      : `${hook === 'input' ? 'iifname' : 'oifname'} "${rule.interface}" `;
  if (isIpv4(rule.address)) return `${device}ip ${direction} ${address} drop`;
  // Neighbour discovery must go on, else nobody would find the address's owner.
  const exempt = 'icmpv6 type != { nd-neighbor-solicit, nd-neighbor-advert }';
  return (
    `${device}ip6 ${direction} ${address} ${exempt} drop\n` +
    `    ${device}ip6 ${direction} ${address} meta l4proto != ipv6-icmp drop`
  );
}

function igmpRule(
  hook: 'input' | 'output',
  rule: Extract<Rule, { kind: 'igmp-on-base' }>,
): string | undefined {
  if (hook === 'input') return undefined;
  // A packet cannot change its device here; keeping it off the VMAC is what a switch notices, and the
  // base interface is joined by the daemon's other socket.
  return (
    `oifname "${rule.interface}" ip protocol igmp drop\n` +
    `    oifname "${rule.interface}" icmpv6 type mld2-listener-report drop`
  );
}

function ruleKey(rule: Rule): string {
  return rule.kind === 'drop-address'
    ? `drop ${rule.address} ${rule.interface ?? ''}`
    : `igmp ${rule.interface}`;
}
