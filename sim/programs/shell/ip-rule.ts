/** `ip rule`: show, add, del. */

import { formatIp, formatPrefix, type IpPrefix, isIpv4 } from '../../../daemon/wire/ip-address.ts';
import { parseRule } from '../../host/ip-words.ts';
import type { PolicyRule } from '../../kernel/kernel-api.ts';
import type { IpObject } from './ip.ts';
import { type CommandIo, fail, isShortFor, succeed } from './shell-command.ts';

/** The object `rule`. */
export const ipRule: IpObject = (io, words, options) => {
  const family = options.family ?? 'inet';
  const { kernel } = io.machine;
  const verb = words[0] ?? 'show';
  const rest = words.slice(1);
  if (isShortFor(verb, 'show') || isShortFor(verb, 'list') || verb === 'lst') {
    return succeed(io, kernel.rules(family).map(ruleLine).join(''));
  }
  if (isShortFor(verb, 'add')) return changeRule(io, rest, { family, how: 'add' });
  if (isShortFor(verb, 'delete')) return changeRule(io, rest, { family, how: 'delete' });
  fail(io, `Command "${verb}" is unknown, try "ip rule help".`, 255);
};

function ruleLine(rule: PolicyRule): string {
  const parts = [
    `from ${rule.from === undefined ? 'all' : prefixText(rule.from)}`,
    ...(rule.to === undefined ? [] : [`to ${prefixText(rule.to)}`]),
    ...(rule.mark === undefined ? [] : [`fwmark 0x${rule.mark.toString(16)}`]),
    ...(rule.inputLink === undefined ? [] : [`iif ${rule.inputLink}`]),
    ...(rule.outputLink === undefined ? [] : [`oif ${rule.outputLink}`]),
    `lookup ${rule.table}`,
  ];
  return `${rule.priority}:\t${parts.join(' ')}\n`;
}

function changeRule(
  io: CommandIo,
  words: readonly string[],
  options: { readonly family: PolicyRule['family']; readonly how: 'add' | 'delete' },
): void {
  const { kernel } = io.machine;
  const { family } = options;
  const priorities = kernel.rules(family).map((rule) => rule.priority);
  const nextPriority = Math.min(...priorities.filter((priority) => priority > 0), 32_766) - 1;
  const parsed = parseRule(words, { family, nextPriority });
  if ('error' in parsed) {
    fail(io, parsed.error, 255);
    return;
  }
  if (options.how === 'add') {
    if (kernel.addRule(parsed.value) === 'ok') {
      io.exit(0);
      return;
    }
    fail(io, 'RTNETLINK answers: File exists', 2);
    return;
  }
  const hasPriority = words.some((word) => isShortFor(word, 'preference') || word === 'priority');
  const match = kernel
    .rules(family)
    .find(
      (rule) =>
        ruleLine({ ...rule, priority: 0 }) === ruleLine({ ...parsed.value, priority: 0 }) &&
        (!hasPriority || rule.priority === parsed.value.priority),
    );
  const byPriority =
    hasPriority && words.length <= 2
      ? kernel.rules(family).find((rule) => rule.priority === parsed.value.priority)
      : undefined;
  const chosen = match ?? byPriority;
  if (chosen !== undefined && kernel.deleteRule(chosen)) {
    io.exit(0);
    return;
  }
  fail(io, 'RTNETLINK answers: No such file or directory', 2);
}

function prefixText(prefix: IpPrefix): string {
  const isHost = prefix.length === (isIpv4(prefix.address) ? 32 : 128);
  return isHost ? formatIp(prefix.address) : formatPrefix(prefix);
}
