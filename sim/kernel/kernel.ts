/**
 * One host's Linux kernel, put together. This file wires the parts; the calls of `KernelApi` stand in `kernel-calls.ts`,
 * and what Linux does in the files named after its parts. Read `kernel-api.ts` first, then `kernel-state.ts`.
 */

import { randomBelow } from '../../daemon/base/random.ts';
import { ETHERNET_HEADER_LENGTH } from '../../daemon/wire/ethernet.ts';
import { UNREACHABLE_HOST } from '../../daemon/wire/icmp.ts';
import { ZERO_MAC } from '../../daemon/wire/mac-address.ts';
import type { Engine } from '../engine/engine.ts';
import type { RandomStreams } from '../engine/random-streams.ts';
import { solicitByArp } from './arp-output.ts';
import { makeFirewall } from './firewall.ts';
import { defaultGlobalSettings } from './global-settings.ts';
import { sendIcmpError } from './icmp-errors.ts';
import { makeIcmpCredit } from './icmp-limits.ts';
import {
  defaultNdSettings,
  defaultSettings,
  IPV4_SETTINGS,
  IPV6_SETTINGS,
  NEIGHBOUR_SETTINGS,
} from './interface-settings.ts';
import { reportUnreachable } from './ipv6-input.ts';
import { attachIpvs } from './ipvs/ipvs-hooks.ts';
import type { KernelApi } from './kernel-api.ts';
import { KernelCalls } from './kernel-calls.ts';
import { JIFFY_US, KernelClock } from './kernel-clock.ts';
import {
  type IcmpErrorHandler,
  type KernelState,
  type LocalInputHook,
  type ProtocolHandler,
  voidPaths,
} from './kernel-state.ts';
import { receiveFromLoopback, receiveOn } from './link-input.ts';
import { makeLink, registerLink, setLinkUp } from './link-table.ts';
import { defaultLocalPorts } from './local-ports.ts';
import { solicitByNd } from './nd-output.ts';
import { collectPeriodically, makeNeighbourTable } from './neighbour-table.ts';
import { makeRouting } from './route-table.ts';
import type { TcpConnectOptions, TcpListenOptions } from './socket-api.ts';
import { attachTcp } from './tcp/tcp-sockets.ts';

/**
 * Jiffies repeat their phase against the coarsest wheel level that matters after this many ticks.
 */
const PHASE_TICKS = 32_768;
const LOOPBACK_MTU = 65_536;

type TcpCalls = Pick<KernelApi, 'listenTcp' | 'connectTcp' | 'tcpSockets'>;

/** What a kernel needs to come to life. */
export interface KernelOptions {
  readonly engine: Engine;
  /** Name of the host, for events and random streams. */
  readonly node: string;
  /** Where the kernel's streams come from; by default the engine's. */
  readonly streams?: RandomStreams;
  /**
   * Phase of the ticks against engine time, µs; by default drawn. A replay of a recording sets it.
   */
  readonly tickPhaseUs?: number;
}

/** A kernel with the doors that later parts of this machine use: TCP, IPVS, programs. */
export interface Kernel extends KernelApi {
  readonly state: KernelState;
  /** Plugs a transport protocol in; packets without one are answered "protocol unreachable". */
  setProtocolHandler(protocol: number, handler: ProtocolHandler): void;
  setIcmpErrorHandler(protocol: number, handler: IcmpErrorHandler): void;
  /** Adds a hook before local input, behind the firewall. */
  addLocalInputHook(hook: LocalInputHook): void;
}

/** Makes a kernel with `lo` up and nothing else. */
export function createKernel(options: KernelOptions): Kernel {
  const kernel = makeState(options);
  registerLink(kernel, kernel.loopback);
  setLinkUp(kernel, kernel.loopback, true);
  const streams = options.streams ?? options.engine.streams;
  const tcp = attachTcp(kernel, () => streams.named(`${options.node}/kernel/tcp`));
  const random = () => streams.named(`${options.node}/kernel/ipvs`).uint32();
  return new HostKernel(kernel, tcp, attachIpvs(kernel, random));
}

class HostKernel extends KernelCalls implements Kernel {
  readonly ipvs: KernelApi['ipvs'];
  readonly #tcp: TcpCalls;

  constructor(state: KernelState, tcp: TcpCalls, ipvs: KernelApi['ipvs']) {
    super(state);
    this.#tcp = tcp;
    this.ipvs = ipvs;
  }

  listenTcp(options: TcpListenOptions) {
    return this.#tcp.listenTcp(options);
  }

  connectTcp(options: TcpConnectOptions) {
    return this.#tcp.connectTcp(options);
  }

  tcpSockets() {
    return this.#tcp.tcpSockets();
  }

  setProtocolHandler(protocol: number, handler: ProtocolHandler): void {
    this.state.protocolHandlers.set(protocol, handler);
    voidPaths(this.state);
  }

  setIcmpErrorHandler(protocol: number, handler: IcmpErrorHandler): void {
    this.state.icmpErrorHandlers.set(protocol, handler);
  }

  addLocalInputHook(hook: LocalInputHook): void {
    this.state.localInputHooks.push(hook);
    voidPaths(this.state);
  }
}

function makeState(options: KernelOptions): KernelState {
  const { engine, node } = options;
  const streams = options.streams ?? engine.streams;
  const random = streams.named(`${node}/kernel`);
  const drawn = randomBelow(random, PHASE_TICKS * JIFFY_US);
  const clock = new KernelClock(engine, options.tickPhaseUs ?? drawn);
  const startedAt = clock.jiffies;
  const self = (): KernelState => state;
  const settings = {
    ipv4Default: defaultSettings(IPV4_SETTINGS),
    ipv6Default: defaultSettings(IPV6_SETTINGS),
    arpDefault: defaultSettings(NEIGHBOUR_SETTINGS),
    ndDefault: defaultNdSettings(),
    nextIndex: 1,
  };
  const lo = { name: 'lo', kind: 'loopback', mac: ZERO_MAC, mtu: LOOPBACK_MTU } as const;
  const loopback = makeLink(settings, lo, self);
  const state: KernelState = {
    node,
    clock,
    random,
    reachableRandom: {
      inet: streams.named(`${node}/kernel/arp`),
      inet6: streams.named(`${node}/kernel/nd`),
    },
    links: [],
    linksByName: new Map(),
    loopback,
    settings: defaultGlobalSettings(),
    localPorts: defaultLocalPorts(),
    ...settings,
    ipv4All: defaultSettings(IPV4_SETTINGS),
    ipv6All: defaultSettings(IPV6_SETTINGS),
    localAddresses: new Map(),
    inet: makeRouting('inet'),
    inet6: makeRouting('inet6'),
    arp: makeNeighbourTable('inet', startedAt, (table) => collectPeriodically(self(), table)),
    nd: makeNeighbourTable('inet6', startedAt, (table) => collectPeriodically(self(), table)),
    sockets: { udp: new Map(), raw: new Map(), packet: [], nextEphemeral: 0 },
    firewall: makeFirewall(),
    drops: new Map(),
    netlinkListeners: [],
    netlinkQueue: [],
    loopbackQueue: [],
    protocolHandlers: new Map(),
    localInputHooks: [],
    forwardHooks: [],
    outputHooks: [],
    ipvs: undefined,
    fragments: { inet: new Map(), inet6: new Map() },
    gathered: undefined,
    fouPorts: [],
    pathMtus: new Map(),
    icmpErrorHandlers: new Map(),
    ops: makeOps(self),
    nextIdentification: randomBelow(random, 0xffff) + 1,
    icmpCredit: makeIcmpCredit(streams.named(`${node}/kernel/icmp`)),
    icmpBuckets: new Map(),
    redirects: new Map(),
    frozen: false,
    halted: false,
    validPaths: [],
    echoPaths: { lastPath: undefined, paths: undefined },
    rawPaths: { lastPath: undefined, paths: undefined },
    ring: [],
  };
  return state;
}

function makeOps(self: () => KernelState): KernelState['ops'] {
  return {
    receive: (link, frame, type) => receiveOn(self(), link, frame, type),
    receiveLoopback: (frame) => receiveFromLoopback(self(), frame),
    neighbourUnreachable(entry, frame) {
      if (entry.table.family === 'inet6') {
        reportUnreachable(self(), entry.link, frame);
        return;
      }
      const error = { kind: 'destination-unreachable', code: UNREACHABLE_HOST } as const;
      sendIcmpError(self(), frame, ETHERNET_HEADER_LENGTH, error, 'routed');
    },
    solicit(entry, waiting) {
      if (entry.table.family === 'inet') solicitByArp(self(), entry, waiting);
      else solicitByNd(self(), entry, waiting);
    },
  };
}
