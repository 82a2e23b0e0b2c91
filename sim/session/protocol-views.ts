/**
 * What the browser is shown, as plain JSON values: nodes, cables, tables, time lanes, verdicts. Types only; rows of
 * lists are in `protocol-rows.ts`, the messages that carry them in `protocol.ts`. Every `…Us` and every `at` is virtual
 * time in whole microseconds since the start; addresses and MACs are text. A view is always replaced as a whole, by its
 * name or id.
 */

/** `daemon`: computed by the real daemon code; `model`: by the model of Linux, switches and cables around it. */
export type Origin = 'daemon' | 'model';

/** A scenario that can be opened. */
export interface ScenarioChoice {
  /** What `open` takes; says nothing about where the file lies. */
  readonly id: string;
  readonly name: string;
  readonly about?: string;
  /** The folder below `scenarios/`, for grouping. */
  readonly group: string;
}

/** The scenario that is open. */
export interface ScenarioView {
  readonly id: string;
  readonly name: string;
  readonly about?: string;
  readonly seed: number;
  /** Wall clock at t=0, µs since 1970-01-01 UTC. */
  readonly epochUs: number;
  /** Where `lantwin run` would end; the session goes on beyond it. */
  readonly untilUs: number;
  readonly steps: readonly {
    readonly index: number;
    readonly at: number;
    readonly words: string;
  }[];
}

/** What stands on the floor; fixed for an open scenario. */
export interface TopologyView {
  readonly nodes: readonly TopologyNode[];
  readonly cables: readonly TopologyCable[];
}

/** One device. `rank` and `row` are layout hints: 0 is the top; `x` and `y` come from the sidecar file. */
export interface TopologyNode {
  readonly name: string;
  readonly kind: 'host' | 'switch' | 'hub';
  /**
   * `client`: sends traffic; `router`: runs keepalived; `server`: runs programs; `host`: nothing of it; `outside`: a real
   * network, with real machines that nobody here knows.
   */
  readonly role: 'switch' | 'router' | 'server' | 'client' | 'host' | 'outside';
  /** Names of its network cards or ports, in order. */
  readonly ports: readonly string[];
  readonly rank: number;
  readonly order: number;
  readonly x?: number;
  readonly y?: number;
  /** Host only: VRRP instances of its keepalived.conf, for lanes before it runs. */
  readonly hasKeepalived: boolean;
  /** Names of the vrrp_scripts (and other scripts) whose answer can be changed. */
  readonly scripts: readonly string[];
}

/** One cable; `id` is `NODE:PORT-NODE:PORT`. `act` names a cable by either end, `a` or `b`. */
export interface TopologyCable {
  readonly id: string;
  /** `srv-1:eth1`. */
  readonly a: string;
  readonly b: string;
  readonly delayUs: number;
  readonly rateBitsPerSecond?: number;
}

/** VRRP states as keepalived logs them. */
export type VrrpStateName = 'INIT' | 'BACKUP' | 'MASTER' | 'FAULT' | 'STOP' | 'GONE';

/** A host as the map and the table of devices show it. */
export interface HostView {
  readonly name: string;
  readonly power: 'off' | 'booting' | 'on' | 'frozen';
  readonly instances: readonly InstanceView[];
  readonly nics: readonly NicView[];
  readonly units: readonly UnitView[];
  /** Virtual addresses that it holds now: in its table, on a link that is up. */
  readonly vips: readonly string[];
  /** When anything above changed last. */
  readonly changedAt: number;
}

/** One virtual router of a running keepalived (origin: daemon). */
export interface InstanceView {
  readonly name: string;
  readonly vrid: number;
  readonly interface: string;
  readonly state: VrrpStateName;
  readonly basePriority: number;
  readonly effectivePriority: number;
  readonly addresses: readonly string[];
  /** BACKUP: when the master-down timer runs out. MASTER: when the next advertisement is due. */
  readonly timerDueAt?: number;
  /** When that timer was last set to its full length, for a bar that shrinks. */
  readonly timerSetAt?: number;
  readonly lastTransitionAt: number;
}

/** One interface of a host. */
export interface NicView {
  readonly name: string;
  readonly kind: string;
  readonly mac: string;
  readonly mtu: number;
  readonly up: boolean;
  readonly carrier: boolean;
  readonly addresses: readonly AddressView[];
}

/** One address, as `ip addr` prints it; `changedAt` marks the cell. */
export interface AddressView {
  readonly prefix: string;
  readonly label: string;
  readonly secondary: boolean;
  /** Not of the boot configuration: given by keepalived or by hand. */
  readonly virtual: boolean;
  readonly changedAt: number;
}

/** One unit, as `systemctl status` knows it. */
export interface UnitView {
  readonly unit: string;
  readonly active: 'active' | 'inactive' | 'failed' | 'activating' | 'deactivating';
  readonly enabled: boolean;
  readonly pid?: number;
}

/** A real network, as far as it was heard. */
export interface OutsideView {
  readonly name: string;
  /** Real routers that are masters now, as their adverts tell (origin: the wire). */
  readonly masters: readonly {
    readonly address: string;
    readonly vrid: number;
    readonly version: number;
    readonly priority: number;
    readonly addresses: readonly string[];
    readonly since: number;
  }[];
}

/** A switch as the map shows it. */
export interface SwitchView {
  readonly name: string;
  readonly kind: 'switch' | 'hub';
  readonly powered: boolean;
  readonly ports: readonly {
    readonly name: string;
    readonly up: boolean;
    readonly carrier: boolean;
    readonly forwarding: boolean;
    readonly multicastDelivered: boolean;
  }[];
  readonly changedAt: number;
}

/** A cable's state. The word beside the light: `plugged out`, `no signal`, `muted`, `one-way`, `impaired`, `ok`. */
export interface CableView {
  readonly id: string;
  readonly plugged: boolean;
  readonly carrierA: boolean;
  readonly carrierB: boolean;
  readonly light: 'ok' | 'unplugged' | 'no-signal' | 'muted' | 'one-way' | 'impaired';
  readonly aToB: ImpairmentView;
  readonly bToA: ImpairmentView;
  readonly changedAt: number;
}

/** What one direction of a cable does to frames; rates in percent, absent: not at all. */
export interface ImpairmentView {
  readonly muted?: boolean;
  readonly lossPercent?: number;
  readonly corruptPercent?: number;
  readonly duplicatePercent?: number;
  readonly reorderPercent?: number;
  readonly delayUs?: number;
  readonly jitterUs?: number;
}

/** What an operator should see at once, such as an ARP entry that points where the switch does not. */
export interface InsightView {
  readonly kind: 'arp-switch-disagree' | 'two-masters' | 'no-master' | 'address-twice';
  readonly nodes: readonly string[];
  readonly text: string;
  /** Since when it has been so. */
  readonly since: number;
}

/** Tables of one node, sent while they are subscribed; `changedAt` marks cells. */
export interface NodeTables {
  readonly node: string;
  /** `ip neigh` of a host. */
  readonly neighbours: readonly {
    readonly address: string;
    readonly link: string;
    readonly mac?: string;
    readonly state: string;
    readonly changedAt: number;
  }[];
  /** `ip route` of a host. */
  readonly routes: readonly string[];
  /** MAC table of a switch. */
  readonly macs: readonly {
    readonly mac: string;
    readonly port: string;
    /** Who has that MAC, as far as the topology tells: `srv-1:eth1`. */
    readonly owner?: string;
    readonly learnedAt: number;
    readonly lastSeenAt: number;
    readonly changedAt: number;
  }[];
  /** Why packets were dropped, counted by reason (host). */
  readonly drops: readonly { readonly reason: string; readonly count: number }[];
  /** IPVS table of a director as `ipvsadm -Ln` prints it; absent until a director has one. */
  readonly ipvs?: string;
}

/** A stretch of time in a lane; without `to` it goes on. */
export interface Span<T> {
  readonly from: number;
  readonly to?: number;
  readonly value: T;
}

/** Lanes of the one time axis. */
export interface LanesView {
  readonly vrrp: readonly {
    readonly host: string;
    readonly instance: string;
    readonly vrid: number;
    readonly spans: readonly Span<VrrpStateName>[];
  }[];
  readonly vips: readonly {
    readonly address: string;
    /** Who holds it; empty: nobody. */
    readonly spans: readonly Span<readonly string[]>[];
  }[];
  /** Stretches without an answer. */
  readonly traffic: readonly {
    readonly name: string;
    readonly outages: readonly Span<'out'>[];
  }[];
  readonly marks: readonly LaneMark[];
}

/** A moment on the time axis. */
export interface LaneMark {
  readonly at: number;
  readonly kind: 'step' | 'hand' | 'failover' | 'verdict-failed';
  readonly text: string;
}

/** One expectation of the scenario. */
export interface VerdictView {
  readonly id: string;
  readonly claim: string;
  readonly verdict: 'pass' | 'fail' | 'unknown' | 'pending';
  /** The moment that it is about, or at which it was decided. */
  readonly at: number;
  readonly got?: string;
  readonly line: number;
}

/** A stream of requests of the scenario's `traffic`. */
export interface TrafficView {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly sent: number;
  readonly answered: number;
  readonly lost: number;
  /** Who answered last, as far as it shows. */
  readonly by?: string;
  readonly outNow: boolean;
  readonly longestOutageUs: number;
}

/** What a two-click ping came to. */
export interface PingView {
  readonly id: number;
  readonly from: string;
  readonly to: string;
  readonly at: number;
  readonly outcome: 'running' | 'answered' | 'lost' | 'failed';
  readonly text: string;
}

/** A located problem of a keepalived.conf; line and column count from 1. */
export interface ConfigProblem {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly hint?: string;
}
