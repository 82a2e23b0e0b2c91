/**
 * B2, the idle VRRP LAN: routers in pairs, each with the real daemon reading a real keepalived.conf. A pair's master
 * advertises once a second; on one shared switch every router hears every advert. Messages are takeovers beyond
 * the first election: on an idle LAN there are none.
 */

import { durationUs, seconds, timeUs } from '../../daemon/base/time.ts';
import { formatIpv4, type Ipv4Address, ipv4FromNumber } from '../../daemon/wire/ipv4-address.ts';
import { macFromNumber } from '../../daemon/wire/mac-address.ts';
import { Engine } from '../../sim/engine/engine.ts';
import { FULL_LOG, NO_LOG, type RunEvent } from '../../sim/engine/run-log.ts';
import type { HostRunEvent } from '../../sim/host/host-events.ts';
import { Cable } from '../../sim/lan/cable.ts';
import { buildLan } from '../../sim/topology/build-lan.ts';
import type { CableSpec, HostSpec, LanSpec, SwitchSpec } from '../../sim/topology/lan-spec.ts';
import type { LivingLan } from '../../sim/topology/living-lan.ts';
import { type BenchCounts, type BenchResult, measure } from './bench-result.ts';

const CONF = '/etc/keepalived/keepalived.conf';
/** By then every pair has elected its master. */
const SETTLED_SECONDS = 10;

/** Runs routers in pairs for so long; `shared` puts all on one switch, `pairs` gives each pair its own. */
export function runIdleVrrp(options: {
  readonly routers: number;
  readonly seconds: number;
  readonly layout: 'shared' | 'pairs';
  /** Hash every frame on every cable, as `run --json` does. */
  readonly hashed?: boolean;
}): BenchResult {
  const { routers, layout, hashed = false } = options;
  const engine = new Engine({ seed: 1, log: hashed ? FULL_LOG : NO_LOG });
  let takeovers = 0;
  engine.log.listen((event) => {
    if (isLateTakeover(event)) takeovers++;
  });
  const lan = buildLan(makeSpec(routers, layout), engine);
  return measure({
    workload: `B2 ${routers} routers, ${layout}${hashed ? ', hashed' : ''}`,
    simulatedSeconds: options.seconds,
    run: () => {
      engine.runUntil(timeUs(options.seconds * 1_000_000));
      return countFrames(lan, routers, takeovers);
    },
  });
}

function makeSpec(routers: number, layout: 'shared' | 'pairs'): LanSpec {
  const pairs = Math.ceil(routers / 2);
  const switchOf = (router: number) => (layout === 'shared' ? 'sw0' : `sw${router >> 1}`);
  const numbers = Array.from({ length: routers }, (_, i) => i);
  return {
    hosts: numbers.map(makeHost),
    switches: Array.from({ length: layout === 'shared' ? 1 : pairs }, (_, i) => makeSwitch(i)),
    cables: numbers.map((router) => makeCable(router, switchOf(router))),
    epochUs: 0,
    jitter: 'seeded',
    keepalivedVersion: '2.2.7',
  };
}

function makeHost(router: number): HostSpec {
  const text = new TextEncoder().encode(confOf(router));
  const address = { address: addressOf(router), length: 16 };
  return {
    name: `r${router}`,
    nics: [
      {
        name: 'eth0',
        mac: macFromNumber(0x020000000100 + router),
        mtu: 1500,
        addresses: [address],
      },
    ],
    sysctl: [['net.ipv6.conf.all.disable_ipv6', '1']],
    routes: [],
    files: [[CONF, text]],
    enabledUnits: ['keepalived'],
    programs: [],
    scripts: [],
    names: [],
    bootTime: durationUs(0),
    onCarrierLoss: 'keep',
    startsOff: false,
  };
}

function confOf(router: number): string {
  const pair = router >> 1;
  return `vrrp_instance VI_${pair} {
  state ${router % 2 === 0 ? 'MASTER' : 'BACKUP'}
  interface eth0
  virtual_router_id ${1 + (pair % 255)}
  priority ${router % 2 === 0 ? 150 : 100}
  advert_int 1
  virtual_ipaddress {
    ${formatIpv4(ipv4FromNumber(0x0a01_0001 + pair))}/16
  }
}
`;
}

function addressOf(router: number): Ipv4Address {
  return ipv4FromNumber(0x0a00_0001 + router);
}

function makeSwitch(index: number): SwitchSpec {
  return {
    name: `sw${index}`,
    kind: 'switch',
    ageing: seconds(300),
    mirrors: [],
    forwardDelay: durationUs(0),
    multicastSnooping: false,
    querier: false,
  };
}

function makeCable(router: number, sw: string): CableSpec {
  return {
    a: { node: `r${router}`, port: 'eth0' },
    b: { node: sw, port: String(router) },
    delay: durationUs(1),
    rateBitsPerSecond: 1_000_000_000,
    queueFrames: 100,
  };
}

/** Counts frames, and asserts that the LAN did what an idle VRRP LAN does. */
function countFrames(lan: LivingLan, routers: number, takeovers: number): BenchCounts {
  let linkFrames = 0;
  let hostFrames = 0;
  for (const cable of lan.cables) {
    if (!(cable instanceof Cable)) continue;
    linkFrames += cable.a.delivered + cable.b.delivered;
    hostFrames += cable.b.delivered;
  }
  const states = [...lan.hosts.values()].map((host) => stateOf(host));
  const masters = states.filter((state) => state === 'MASTER').length;
  if (masters !== routers / 2) throw new Error(`${masters} masters among ${routers} routers`);
  return { events: lan.engine.eventCount, linkFrames, hostFrames, messages: takeovers };
}

/** A change of state when every pair should have its master. */
function isLateTakeover(event: RunEvent): boolean {
  if (event.at < SETTLED_SECONDS * 1_000_000 || event.kind !== 'daemon') return false;
  const { report } = event as HostRunEvent & { kind: 'daemon' };
  return report.kind === 'vrrp-state';
}

function stateOf(host: { keepalived(): unknown }): string {
  const status = host.keepalived() as
    | { readonly instances?: readonly { readonly state: string }[] }
    | undefined;
  return status?.instances?.[0]?.state ?? 'none';
}
