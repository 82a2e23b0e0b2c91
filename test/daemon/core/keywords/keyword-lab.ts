/**
 * Daemons that read real keepalived.conf text on the small LAN of `fake-system.ts`: what a keyword
 * does is seen in packets, commands and log lines, all the way from the file.
 */

import type { Command } from '../../../../daemon/core/commands.ts';
import { loadWithReader } from '../../../../daemon/core/config-loader.ts';
import { encodeUtf8 } from '../../../../daemon/wire/text.ts';
import { vrrp } from '../../vrrp/config-fixture.ts';
import { type FakeHost, FakeLan, s } from '../fake-system.ts';

/** The parts of a small keepalived.conf. */
export interface Parts {
  /** Lines of global_defs. */
  readonly global?: string;
  /** Blocks before the instance. */
  readonly blocks?: string;
  /** More lines of the instance. */
  readonly instance?: string;
  readonly priority?: number;
  /** Lines of virtual_ipaddress. */
  readonly vips?: string;
  /** The line `interface eth0` by default. */
  readonly link?: string;
  /** Blocks behind the instance. */
  readonly after?: string;
}

/** One instance VI_1 with VRID 51 on eth0, VIP 192.168.100.100/24 and what the parts say. */
export function conf(parts: Parts = {}): string {
  return `global_defs {
  script_user root
  enable_script_security
  ${parts.global ?? ''}
}
${parts.blocks ?? ''}
vrrp_instance VI_1 {
  ${parts.link ?? 'interface eth0'}
  virtual_router_id 51
  priority ${parts.priority ?? 100}
  ${parts.instance ?? ''}
  virtual_ipaddress {
    ${parts.vips ?? '192.168.100.100/24'}
  }
}
${parts.after ?? ''}
`;
}

/** Starts keepalived on a new host n1, n2 … of the LAN. */
export function start(lan: FakeLan, text: string, addresses?: readonly string[]): FakeHost {
  const number = lan.hosts.length + 11;
  const host = lan.host(`n${lan.hosts.length + 1}`, number, addresses);
  boot(host, text);
  return host;
}

/** Starts keepalived on a host that may have been prepared. */
export function boot(host: FakeHost, text: string): void {
  host.files.set(`${host.name}.conf`, encodeUtf8(text));
  host.start(vrrp(), { load: loadWithReader });
}

/** Reloads another text. */
export function reloadText(host: FakeHost, text: string): void {
  host.files.set(`${host.name}.conf`, encodeUtf8(text));
  host.reload(vrrp());
}

/** One daemon alone for some seconds. */
export function alone(parts: Parts, secondsToRun: number): { lan: FakeLan; n1: FakeHost } {
  const lan = new FakeLan();
  const n1 = start(lan, conf(parts));
  lan.run(s(secondsToRun));
  return { lan, n1 };
}

/** Moments (µs) of gratuitous frames of a host, each once. */
export function garpTimes(lan: FakeLan, host: string = 'n1'): number[] {
  const times = lan.sent.filter((p) => p.kind === 'frame' && p.host === host).map((p) => p.at);
  return [...new Set(times)];
}

/** How many gratuitous frames a host sent. */
export function garpCount(lan: FakeLan, host: string = 'n1'): number {
  return lan.sent.filter((p) => p.kind === 'frame' && p.host === host).length;
}

/** Adverts of a host. */
export function adverts(lan: FakeLan, host: string = 'n1') {
  return lan.sent.filter((p) => p.kind === 'ip' && p.host === host);
}

/** Moment at which the first instance became MASTER (µs), by its report. */
export function masterAt(lan: FakeLan, host: string = 'n1'): number | undefined {
  return adverts(lan, host)[0]?.at;
}

/** The commands whose kind may be K; several kinds share one shape. */
type CommandOf<K extends Command['kind'], C = Command> = C extends { readonly kind: infer Q }
  ? K extends Q
    ? C
    : never
  : never;

/** Commands of one kind. */
export function commandsOf<K extends Command['kind']>(host: FakeHost, kind: K): CommandOf<K>[] {
  return host.commands.filter((c): c is Command & CommandOf<K> => c.kind === kind);
}

/** Scripts that were run for notifications, as command lines. */
export function notified(host: FakeHost): string[] {
  return commandsOf(host, 'script-run')
    .filter((c) => c.purpose === 'notify')
    .map((c) => c.arguments.join(' '));
}

/** Lines written to a FIFO. */
export function fifoLines(host: FakeHost, path: string): string[] {
  return commandsOf(host, 'fifo-write')
    .filter((c) => c.path === path)
    .map((c) => c.line);
}
