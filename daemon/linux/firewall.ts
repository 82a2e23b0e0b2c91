/**
 * The daemon's own nftables: one table per family with drop rules for addresses that must not accept packets
 * (no_accept, strict), and IGMP of VMACs sent through their base. The whole table is written anew at each
 * change in one transaction, and removed with the last rule, so nothing of other programs is touched.
 *
 * Source: the rules of keepalived 2.2.7 as `nft list ruleset` shows them; its table is called `keepalived`.
 */

import { spawn, spawnSync } from 'node:child_process';
import type { FirewallCommand } from '../core/commands.ts';
import { formatIp, type IpAddress, isIpv4 } from '../wire/ip-address.ts';

type Rule = FirewallCommand['rule'];

/** Name of our table in the families `ip` and `ip6`. */
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

/** The transaction that makes our tables hold exactly these rules. */
export function rulesetText(rules: readonly Rule[]): string {
  const lines = (['ip', 'ip6'] as const).flatMap((family) => tableLines(family, rules));
  return `${lines.join('\n')}\n`;
}

function tableLines(family: 'ip' | 'ip6', rules: readonly Rule[]): string[] {
  // "add" before "delete": deleting a table that is not there is an error.
  const lines = [`add table ${family} ${TABLE}`, `delete table ${family} ${TABLE}`];
  const input = rules.flatMap((rule) => inputRules(family, rule));
  const output = rules.flatMap((rule) => outputRules(family, rule));
  if (input.length + output.length === 0) return lines;
  lines.push(`table ${family} ${TABLE} {`);
  lines.push(...chainLines('in', 'input', input), ...chainLines('out', 'output', output));
  lines.push('}');
  return lines;
}

function chainLines(name: string, hook: string, rules: readonly string[]): string[] {
  const head = `type filter hook ${hook} priority filter - 1; policy accept;`;
  return [`  chain ${name} {`, `    ${head}`, ...rules.map((rule) => `    ${rule}`), '  }'];
}

function inputRules(family: 'ip' | 'ip6', rule: Rule): string[] {
  if (rule.kind !== 'drop-address' || familyWord(rule.address) !== family) return [];
  const device = rule.interface === undefined ? '' : `iifname "${rule.interface}" `;
  return dropRules(family, `${device}${family} daddr ${formatIp(rule.address)}`);
}

function outputRules(family: 'ip' | 'ip6', rule: Rule): string[] {
  if (rule.kind === 'igmp-on-base') {
    const membership =
      family === 'ip'
        ? 'ip protocol igmp dup to ip daddr'
        : 'icmpv6 type { mld-listener-report, mld2-listener-report } dup to ip6 daddr';
    return [`oifname "${rule.interface}" ${membership} device "${rule.base}" drop`];
  }
  if (familyWord(rule.address) !== family) return [];
  const device = rule.interface === undefined ? '' : `oifname "${rule.interface}" `;
  return dropRules(family, `${device}${family} saddr ${formatIp(rule.address)}`);
}

/** Neighbour discovery must go on, else nobody would find the address's owner. */
function dropRules(family: 'ip' | 'ip6', match: string): string[] {
  if (family === 'ip') return [`${match} drop`];
  const exempt = 'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert }';
  return [`${match} ${exempt} accept`, `${match} drop`];
}

function familyWord(address: IpAddress): 'ip' | 'ip6' {
  return isIpv4(address) ? 'ip' : 'ip6';
}

function ruleKey(rule: Rule): string {
  return rule.kind === 'drop-address'
    ? `drop ${rule.address} ${rule.interface ?? ''}`
    : `igmp ${rule.interface}`;
}
