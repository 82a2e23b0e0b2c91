/**
 * Carries the daemon's `Command` values out on the virtual machine, in order, each before the next.
 * What fails or answers comes back as an event with the command's id, queued by the caller, never
 * at once.
 */

import { unreachable } from '../../daemon/base/assert.ts';
import { errnoText } from '../../daemon/base/errno.ts';
import type { DurationUs } from '../../daemon/base/time.ts';
import type {
  AddressCommand,
  Command,
  CommandId,
  FirewallCommand,
  LinkCommand,
  RouteCommand,
  RuleCommand,
} from '../../daemon/core/commands.ts';
import type { SystemEvent } from '../../daemon/core/events.ts';
import type { IpPrefix } from '../../daemon/wire/ip-address.ts';
import type { NewAddress } from '../kernel/kernel-api.ts';
import { firewallKey, kernelRules } from './daemon-firewall.ts';
import type { DaemonSockets } from './daemon-sockets.ts';
import type { DaemonStreams } from './daemon-streams.ts';
import { type FrameMoment, FramePacer } from './frame-pacer.ts';
import { parseRoute, parseRule, routeMatch } from './ip-words.ts';
import { runIpvsadm } from './ipvsadm-run.ts';
import type { Machine } from './machine.ts';
import type { Scripts } from './scripts.ts';

/** What carrying out needs. */
export interface CommandOptions {
  readonly machine: Machine;
  readonly sockets: DaemonSockets;
  readonly streams: DaemonStreams;
  readonly scripts: Scripts;
  /** Queues an event for the daemon. */
  readonly post: (event: SystemEvent) => void;
  readonly log: (command: Extract<Command, { kind: 'log' }>) => void;
  readonly exit: (code: number) => void;
  /** When frames leave, where that is known. */
  readonly frameMoment?: FrameMoment | undefined;
  /** How long the daemon takes to delete its addresses now. */
  readonly deletionTime: () => DurationUs;
  /** How long the daemon takes to the packet that it sends now: none unless that answers another one. */
  readonly answerTime: () => DurationUs;
  /** Wraps what is done after the daemon's call has returned: it is still the daemon's own doing. */
  readonly asOwn: (action: () => void) => void;
}

/** What is done one after the other; log lines, reports and frames go their own ways. */
type InTurnCommand = Exclude<
  Command,
  { kind: 'log' } | { kind: 'report' } | { kind: 'frame-send' }
>;

/** Carries out commands of one daemon. */
export class CommandRunner {
  readonly #options: CommandOptions;
  readonly #machine: Machine;
  /** Firewall rules of the daemon's table, by what they are about, to their handles. */
  readonly #firewall = new Map<string, readonly number[]>();
  readonly #frames: FramePacer;

  constructor(options: CommandOptions) {
    this.#options = options;
    this.#machine = options.machine;
    const send = (link: string, frame: Uint8Array) => {
      options.machine.kernel.sendFrame(link, frame);
    };
    this.#frames = new FramePacer(options.machine.timers, send, options.frameMoment);
  }

  /** The process is gone. */
  stop(): void {
    this.#frames.stop();
  }

  /** Carries out one command: at once, or when the addresses that the daemon gives up are deleted. */
  run(command: Command): void {
    switch (command.kind) {
      case 'log':
        this.#options.log(command);
        return;
      case 'report':
        this.#machine.record({ kind: 'daemon', report: command.report });
        return;
      case 'frame-send':
        this.#frames.send(command.interface, command.frame);
        return;
      case 'address-delete':
        this.#giveUp(command);
        return;
      case 'ip-send':
        this.#sendPacket(command);
        return;
      default:
        this.#inTurn(command, this.#frames.isDeleting);
        return;
    }
  }

  #giveUp(command: InTurnCommand): void {
    const time = this.#options.deletionTime();
    const takesTime = time > 0 || this.#frames.isDeleting;
    if (takesTime) this.#frames.delete(time, () => this.#options.asOwn(() => this.#do(command)));
    else this.#do(command);
  }

  #sendPacket(command: InTurnCommand): void {
    const time = this.#options.answerTime();
    const send = () => this.#options.asOwn(() => this.#do(command));
    if (time > 0) this.#frames.answer(time, send);
    else this.#inTurn(command, this.#frames.isSettingUp || this.#frames.isDeleting);
  }

  #inTurn(command: InTurnCommand, waits: boolean): void {
    if (waits) this.#frames.inTurn(() => this.#options.asOwn(() => this.#do(command)));
    else this.#do(command);
  }

  #do(command: InTurnCommand): void {
    const { kernel } = this.#machine;
    const { sockets, scripts } = this.#options;
    switch (command.kind) {
      case 'ip-send':
        kernel.sendIp(command.packet, command.interface);
        this.#frames.advertised();
        return;
      case 'address-add':
        this.#frames.spend();
        this.#address(command);
        return;
      case 'address-delete':
        this.#address(command);
        return;
      case 'route-add':
      case 'route-append':
      case 'route-delete':
        this.#route(command);
        return;
      case 'rule-add':
      case 'rule-delete':
        this.#rule(command);
        return;
      case 'link-add':
      case 'link-delete':
      case 'link-up':
        this.#link(command);
        return;
      case 'firewall-add':
      case 'firewall-delete':
        this.#firewallRule(command);
        return;
      case 'sysctl-write':
        kernel.setSysctl(command.name, command.value);
        return;
      case 'vrrp-open':
        this.#answer(command.id, sockets.openVrrp(command));
        return;
      case 'vrrp-close':
        sockets.closeVrrp(command.id);
        return;
      case 'datagram-open':
        this.#answer(command.id, sockets.openDatagram(command));
        return;
      case 'datagram-send':
        sockets.sendDatagram(command);
        return;
      case 'datagram-close':
        sockets.closeDatagram(command.id);
        return;
      case 'stream-open':
      case 'stream-send':
      case 'stream-close':
        this.#options.streams.run(command);
        return;
      case 'ipvs':
        this.#answer(command.id, this.#ipvs(command.words));
        return;
      case 'resolve':
        this.#options.post({
          kind: 'resolved',
          id: command.id,
          addresses: this.#machine.resolve(command.name),
        });
        return;
      case 'script-run':
        scripts.run(command);
        return;
      case 'script-signal':
        scripts.signal(command.id, command.signal);
        return;
      case 'fifo-write':
        this.#machine.record({ kind: 'fifo', path: command.path, line: command.line });
        return;
      case 'file-write':
        this.#machine.writeFile(command.path, command.bytes);
        return;
      case 'exit':
        this.#options.exit(command.code);
        return;
      default:
        unreachable(command);
        return;
    }
  }

  #firewallRule(command: FirewallCommand): void {
    const { kernel } = this.#machine;
    const key = firewallKey(command.rule);
    const handles = this.#firewall.get(key);
    if (command.kind === 'firewall-delete') {
      for (const handle of handles ?? []) kernel.deleteFirewallRule(handle);
      this.#firewall.delete(key);
      return;
    }
    if (handles !== undefined) return;
    const rules = kernelRules(command.rule);
    this.#firewall.set(
      key,
      rules.map((rule) => kernel.addFirewallRule(rule)),
    );
  }

  /** What ipvsadm would complain of; `undefined` when the kernel did as told. */
  #ipvs(words: readonly string[]): string | undefined {
    const resolve = (name: string) => this.#machine.resolve(name)[0];
    const { code, err } = runIpvsadm(this.#machine.kernel.ipvs, words, { stdin: '', resolve });
    return code === 0 ? undefined : err.trimEnd();
  }

  #address(command: AddressCommand): void {
    const { address: spec } = command;
    const { kernel } = this.#machine;
    if (command.kind === 'address-delete') {
      const gone = kernel.deleteAddress(spec.interface, {
        address: spec.address,
        length: spec.length,
      });
      if (!gone) this.#answer(command.id, errnoText('EADDRNOTAVAIL'));
      return;
    }
    const result = kernel.addAddress(spec.interface, newAddress(spec));
    if (result === 'no-device') this.#answer(command.id, errnoText('ENODEV'));
  }

  #route(command: RouteCommand): void {
    const { kernel } = this.#machine;
    const parsed = parseRoute(command.words, {
      family: command.family,
      protocol: 'keepalived',
      kernel,
    });
    if ('error' in parsed) {
      this.#answer(command.id, parsed.error);
      return;
    }
    const { given, ...route } = parsed.value;
    if (command.kind === 'route-delete') {
      const gone = kernel.deleteRoute(routeMatch({ ...route, given }));
      this.#answer(command.id, gone ? undefined : 'No such process');
      return;
    }
    const result = kernel.addRoute(route, command.kind === 'route-append' ? 'append' : 'replace');
    if (result === 'unreachable') this.#answer(command.id, errnoText('ENETUNREACH'));
  }

  #rule(command: RuleCommand): void {
    const { kernel } = this.#machine;
    const known = kernel.rules(command.family).map((rule) => rule.priority);
    const nextPriority = Math.min(...known.filter((priority) => priority > 0), 32_766) - 1;
    const parsed = parseRule(command.words, { family: command.family, nextPriority });
    if ('error' in parsed) {
      this.#answer(command.id, parsed.error);
      return;
    }
    if (command.kind === 'rule-add') {
      kernel.addRule(parsed.value);
      return;
    }
    const given = command.words.some((word) => /^(pref|preference|priority|order)$/.test(word));
    const match = kernel
      .rules(command.family)
      .find(
        (rule) =>
          (!given || rule.priority === parsed.value.priority) && sameRule(rule, parsed.value),
      );
    const gone = match !== undefined && kernel.deleteRule(match);
    if (!gone) this.#answer(command.id, errnoText('ENOENT'));
  }

  #link(command: LinkCommand): void {
    const { kernel } = this.#machine;
    if (command.kind === 'link-add') {
      const { name, base, type } = command;
      const made = kernel.addVirtualLink({ name, base, ...type });
      this.#answer(command.id, made ? undefined : errnoText('EEXIST'));
      return;
    }
    const done =
      command.kind === 'link-delete'
        ? kernel.deleteLink(command.name)
        : kernel.setLinkUp(command.name, true);
    this.#answer(command.id, done ? undefined : errnoText('ENODEV'));
  }

  #answer(id: CommandId, reason: string | undefined): void {
    if (reason !== undefined) this.#options.post({ kind: 'command-failed', id, reason });
  }
}

/** The kernel's form of an address command. */
function newAddress(spec: AddressCommand['address']): NewAddress {
  return {
    address: spec.address,
    length: spec.length,
    scope: spec.scope,
    ...(spec.label === undefined ? {} : { label: spec.label }),
    ...(spec.broadcast === undefined ? {} : { broadcast: spec.broadcast }),
    ...(spec.peer === undefined ? {} : { peer: spec.peer }),
    ...(spec.noDad === undefined ? {} : { noDad: spec.noDad }),
    ...(spec.noPrefixRoute === undefined ? {} : { noPrefixRoute: spec.noPrefixRoute }),
    ...(spec.preferredLifetimeSeconds === 0 ? { deprecated: true } : {}),
  };
}

function sameRule(
  a: ReturnType<Machine['kernel']['rules']>[number],
  b: ReturnType<Machine['kernel']['rules']>[number],
): boolean {
  return (
    a.table === b.table &&
    samePrefix(a.from, b.from) &&
    samePrefix(a.to, b.to) &&
    a.inputLink === b.inputLink &&
    a.outputLink === b.outputLink &&
    a.mark === b.mark
  );
}

function samePrefix(a: IpPrefix | undefined, b: IpPrefix | undefined): boolean {
  return a?.address === b?.address && a?.length === b?.length;
}
