/**
 * The host of `dumps/record.sh`, virtual: eth0 and eth1 towards one far host, keepalived started at
 * once, dumps made at the moments of the recording.
 */

import { type DurationUs, NO_DURATION, type TimeUs } from '../../daemon/base/time.ts';
import { parsePrefix } from '../../daemon/wire/ip-address.ts';
import { macFromNumber } from '../../daemon/wire/mac-address.ts';
import { decodeUtf8, encodeUtf8 } from '../../daemon/wire/text.ts';
import { Engine } from '../../sim/engine/engine.ts';
import type { HostApi } from '../../sim/host/host-api.ts';
import { buildLan } from '../../sim/topology/build-lan.ts';
import type { HostSpec, LanSpec, NicSpec } from '../../sim/topology/lan-spec.ts';
import type { LivingLan } from '../../sim/topology/living-lan.ts';

/** When keepalived is started here: links are up and addresses are good by then. */
const START_S = 3;

const SIGNALS = [
  ['USR1', 'data'],
  ['USR2', 'stats'],
  ['RTMIN+2', 'json'],
] as const;

const CONF = '/etc/keepalived/keepalived.conf';

/** Files that the recording script laid out. */
const FILES = {
  '/etc/keepalived/told': '#!/bin/sh\nexit 0\n',
  '/etc/keepalived/good': '#!/bin/sh\nexit 0\n',
  '/etc/keepalived/bad': '#!/bin/sh\nexit 1\n',
  '/etc/keepalived/number': '7\n',
};

/** One recording's configuration, run to its dumps. */
export class DumpLab {
  readonly #engine = new Engine({ seed: 1 });
  readonly #lan: LivingLan;
  readonly #host: HostApi;

  /** `moments`: seconds from keepalived's first timer to the dump of each kind, and to the `peer`'s start. */
  constructor(conf: string, moments: ReadonlyMap<string, number>) {
    const asked = (word: string) => [...conf.matchAll(new RegExp(`^#! ${word} (.*)$`, 'gm'))];
    this.#lan = buildLan(dumpSpec(conf), this.#engine);
    const host = this.#lan.hosts.get('vm');
    if (host === undefined) throw new Error('no host');
    this.#host = host;
    this.#runUntil(START_S + (moments.get('peer') ?? -1));
    this.#lan.hosts.get('far')?.unit('start', 'keepalived');
    for (const [, command = ''] of asked('run')) this.#prepare(command);
    this.#runUntil(START_S);
    host.unit('start', 'keepalived');
    for (const [, words = ''] of asked('link')) {
      const [link = '', what, at] = words.split(' ');
      this.#runUntil(START_S + Number(at));
      const cable = this.#lan.cableAt('vm', link);
      if (what === 'up') cable?.replug();
      else cable?.unplug();
    }
    for (const [signal, kind] of SIGNALS) {
      this.#runUntil(START_S + (moments.get(kind) ?? 0));
      host.signal('keepalived', signal);
    }
    this.#runUntil(this.#engine.now / 1_000_000 + 0.001);
  }

  /** What `run` of a configuration did: the far end of a cable is pulled. */
  #prepare(command: string): void {
    const found = /^ip -n far link set p(\d) down$/.exec(command);
    if (found === null) throw new Error(`not understood: ${command}`);
    this.#lan.cableAt('vm', `eth${found[1]}`)?.unplug();
  }

  /** The text of a file on the host. */
  written(path: string): string {
    const bytes = this.#host.readFile(path);
    return bytes === undefined ? '' : decodeUtf8(bytes);
  }

  /** What keepalived said, line by line. */
  said(): readonly string[] {
    return this.#host.journal().map((line) => line.text);
  }

  #runUntil(seconds: number): void {
    this.#engine.runUntil(Math.round(seconds * 1_000_000) as TimeUs, 5_000_000);
  }
}

function dumpSpec(conf: string): LanSpec {
  const peer = conf
    .split('\n')
    .filter((line) => line.startsWith('#!! '))
    .map((line) => line.slice(4).replaceAll('p0', 'eth0').replaceAll('p1', 'eth1'));
  return {
    epochUs: 1_796_009_000_000_000,
    jitter: 'none',
    keepalivedVersion: '2.2.7',
    switches: [],
    hosts: [host('vm', 11, conf), host('far', 12, peer.join('\n'))],
    cables: ['eth0', 'eth1'].map((port) => ({
      a: { node: 'vm', port },
      b: { node: 'far', port },
      delay: 50 as DurationUs,
      queueFrames: 1000,
    })),
  };
}

function host(name: string, number: number, conf: string): HostSpec {
  const files = { ...FILES, ...(conf === '' ? {} : { [CONF]: conf }) };
  const nic = (at: number): NicSpec => {
    const prefix = parsePrefix(`192.168.${100 + 100 * at}.${number}/24`);
    if (prefix === undefined) throw new Error('no prefix');
    const mac = macFromNumber(0x02_00_00_00_00_00 + 256 * at + number);
    return { name: `eth${at}`, mac, mtu: 1500, addresses: [prefix] };
  };
  return {
    name,
    nics: [nic(0), nic(1)],
    sysctl: [],
    routes: [],
    files: Object.entries(files).map(([path, text]) => [path, encodeUtf8(text)] as const),
    enabledUnits: [],
    programs: [],
    scripts: [
      ['good', { exit: 0, after: 2000 as DurationUs }],
      ['bad', { exit: 1, after: 2000 as DurationUs }],
      ['input', { exit: 0, after: 2000 as DurationUs }],
      ['chk', { exit: 0, after: 2000 as DurationUs }],
      ['/etc/keepalived/good', { exit: 0, after: 2000 as DurationUs }],
    ],
    names: [],
    bootTime: NO_DURATION,
    onCarrierLoss: 'keep',
    startsOff: false,
  };
}
