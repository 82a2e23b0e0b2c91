/** LANs for tests of machines: hosts on one switch, with whatever configuration a test writes. */

import { type DurationUs, NO_DURATION, type TimeUs } from '../../../daemon/base/time.ts';
import { parsePrefix } from '../../../daemon/wire/ip-address.ts';
import { macFromNumber } from '../../../daemon/wire/mac-address.ts';
import { encodeUtf8 } from '../../../daemon/wire/text.ts';
import { Engine } from '../../../sim/engine/engine.ts';
import type { ExecResult, HostApi } from '../../../sim/host/host-api.ts';
import { buildLan } from '../../../sim/topology/build-lan.ts';
import type { HostSpec, LanSpec, NicAddressSpec } from '../../../sim/topology/lan-spec.ts';
import type { LivingLan } from '../../../sim/topology/living-lan.ts';

/** 2024-01-01 00:00:00 UTC. */
export const EPOCH_US = 1_704_067_200_000_000;

/** A host as a test writes it. */
export interface LabHost {
  readonly name: string;
  readonly addresses: readonly (string | { readonly prefix: string; readonly label: string })[];
  readonly nic?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly more?: Partial<HostSpec>;
}

/** A LAN that runs, and what tests do with it. */
export class Lab {
  readonly engine: Engine;
  readonly lan: LivingLan;

  constructor(
    hosts: readonly LabHost[],
    options: { seed?: number; jitter?: 'seeded' | 'none' } = {},
  ) {
    this.engine = new Engine({ seed: options.seed ?? 1 });
    this.lan = buildLan(labSpec(hosts, options.jitter ?? 'none'), this.engine);
  }

  host(name: string): HostApi {
    const host = this.lan.hosts.get(name);
    if (host === undefined) throw new Error(`no host ${name}`);
    return host;
  }

  /** Runs on by that many seconds. */
  run(bySeconds: number): void {
    this.engine.runUntil(
      (this.engine.now + Math.round(bySeconds * 1_000_000)) as TimeUs,
      5_000_000,
    );
  }

  /** Runs a command line to its end, at most a minute. */
  exec(name: string, line: string): ExecResult {
    let result: ExecResult | undefined;
    this.host(name).exec(line, (ended) => {
      result = ended;
    });
    const limit = this.engine.now + 60_000_000;
    while (result === undefined && this.engine.now < limit) this.run(0.05);
    if (result === undefined) throw new Error(`${line}: no end`);
    return result;
  }

  /** What a command printed on stdout. */
  out(name: string, line: string): string {
    return this.exec(name, line).stdout;
  }

  /** Names of the hosts that hold an address. */
  holders(address: string): string[] {
    const wanted = parsePrefix(address)?.address;
    return [...this.lan.hosts]
      .filter(([, host]) =>
        host.kernel?.links().some((link) => link.addresses.some((a) => a.address === wanted)),
      )
      .map(([name]) => name);
  }

  get seconds(): number {
    return this.engine.now / 1_000_000;
  }
}

/** The spec of a LAN on one switch `sw1`; MACs are 02:00:00:00:00:11 and up. */
export function labSpec(hosts: readonly LabHost[], jitter: 'seeded' | 'none'): LanSpec {
  return {
    epochUs: EPOCH_US,
    jitter,
    keepalivedVersion: '2.2.7',
    switches: [
      {
        name: 'sw1',
        kind: 'switch',
        ageing: 300_000_000 as DurationUs,
        mirrors: [],
        forwardDelay: NO_DURATION,
        multicastSnooping: false,
        querier: false,
      },
    ],
    hosts: hosts.map(hostSpec),
    cables: hosts.map((host, i) => ({
      a: { node: host.name, port: host.nic ?? 'eth0' },
      b: { node: 'sw1', port: String(i + 1) },
      delay: 50 as DurationUs,
      queueFrames: 1000,
    })),
  };
}

function hostSpec(host: LabHost, index: number): HostSpec {
  const files = Object.entries(host.files ?? {}).map(
    ([path, text]) => [path, encodeUtf8(text)] as const,
  );
  const hasKeepalived = files.some(([path]) => path === '/etc/keepalived/keepalived.conf');
  return {
    name: host.name,
    nics: [
      {
        name: host.nic ?? 'eth0',
        mac: macFromNumber(0x02_00_00_00_00_11 + index),
        mtu: 1500,
        addresses: host.addresses.map(nicAddress),
      },
    ],
    sysctl: [],
    routes: [],
    files,
    enabledUnits: hasKeepalived ? ['keepalived'] : [],
    programs: [],
    scripts: [],
    names: [],
    bootTime: NO_DURATION,
    onCarrierLoss: 'keep',
    startsOff: false,
    ...host.more,
  };
}

function nicAddress(given: LabHost['addresses'][number]): NicAddressSpec {
  const text = typeof given === 'string' ? given : given.prefix;
  const prefix = parsePrefix(text);
  if (prefix === undefined) throw new Error(`no prefix: ${text}`);
  return typeof given === 'string' ? prefix : { ...prefix, label: given.label };
}
