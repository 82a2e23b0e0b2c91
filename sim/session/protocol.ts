/**
 * The messages between a session and those who look at it: over a WebSocket (`sim/server`) or between a page and a Web
 * Worker, the same JSON either way. Versioned and closed: unknown types and keys are refused (`client-message.ts`
 * holds the schema). A client names hosts, cables and packets by the ids it was told; never a path, a regular
 * expression or code. Types and constants only, so that a page may import it without any of the simulator.
 */

import type {
  EventChange,
  EventRow,
  FlightView,
  JournalView,
  PacketDetail,
  PacketRow,
} from './protocol-rows.ts';
import type {
  CableView,
  ConfigProblem,
  HostView,
  InsightView,
  LanesView,
  NodeTables,
  OutsideView,
  PingView,
  ScenarioChoice,
  ScenarioView,
  SwitchView,
  TopologyView,
  TrafficView,
  VerdictView,
} from './protocol-views.ts';

/** Raised with every change that an older page would misunderstand. */
export const PROTOCOL_VERSION = 1;

/** The WebSocket subprotocol. */
export const SUBPROTOCOL = 'lantwin.v1';

/** Limits that both sides know. */
export const LIMITS = {
  /** Bytes of one message from a client. */
  messageBytesMax: 65_536,
  /** Characters of an edited keepalived.conf. */
  configLengthMax: 48_000,
  commandLineMax: 1000,
  filterLengthMax: 500,
  speedMin: 0.1,
  speedMax: 1000,
  /** Frames that a session keeps; the oldest go first. */
  packetsMax: 200_000,
  /** Rows of one `packets` message. */
  packetRowsMax: 500,
  eventsMax: 50_000,
  /** Terminals that run a command at the same time. */
  terminalsMax: 16,
} as const;

/** `view` may look, filter and download; `control` may also touch. */
export type Role = 'view' | 'control';

/** What every message of a client may carry: `re` of the answers repeats it. */
interface Numbered {
  readonly id?: number;
}

/** Everything that a client can say. */
export type ClientMessage = Numbered & (ViewMessage | ControlMessage);

/** What the role `view` may say. */
export type ViewMessage =
  /** First word of a connection; answered by `welcome` and everything that is known. */
  | { readonly type: 'hello'; readonly version: number }
  /** Replaces the client's whole subscription. */
  | { readonly type: 'subscribe'; readonly views: Subscription }
  /** The `count` matching rows before packet `before` (after `after`), for scrolling. Answered by `packets`. */
  | {
      readonly type: 'packet-page';
      readonly before?: number;
      readonly after?: number;
      readonly count: number;
    }
  /** Answered by `packet-detail`. */
  | { readonly type: 'packet'; readonly packet: number }
  /** What an event of the list changed: before and after. Answered by `event-detail`. */
  | { readonly type: 'event'; readonly event: number }
  /** Follow the TCP stream of a packet; answered by `stream`. */
  | { readonly type: 'follow'; readonly packet: number }
  /** Captured frames as pcapng; answered by `pcapng` parts. Only what matches `filter`, of one cable if given. */
  | { readonly type: 'pcapng'; readonly filter?: string; readonly cable?: string }
  /** The keepalived.conf that lies on a host now; answered by `config`. */
  | { readonly type: 'config'; readonly host: string }
  /** Located problems of a text without using it; answered by `config-problems`. */
  | { readonly type: 'check-config'; readonly host: string; readonly text: string }
  /** What was done by hand as a scenario; answered by `saved`. */
  | { readonly type: 'save'; readonly name: string; readonly expectations: boolean };

/** What only the role `control` may say. */
export type ControlMessage =
  | { readonly type: 'play' }
  | { readonly type: 'pause' }
  /** Virtual seconds per second, 0.1 to 1000. */
  | { readonly type: 'speed'; readonly factor: number }
  | {
      readonly type: 'step';
      readonly unit: 'event' | 'advert';
      readonly direction: 'forward' | 'back';
    }
  | { readonly type: 'seek'; readonly at: number }
  | { readonly type: 'failover'; readonly direction: 'next' | 'previous' }
  /** `args` is what stands behind the action's name in a scenario file: `srv-1:eth1`, `{ cable, rate: '5%' }`. */
  | { readonly type: 'act'; readonly action: ActionName; readonly args: ActionArguments }
  /** Writes the host's keepalived.conf and reloads the daemon. */
  | { readonly type: 'reload-config'; readonly host: string; readonly text: string }
  | {
      readonly type: 'script';
      readonly host: string;
      readonly script: string;
      readonly exit: number | 'hang';
      readonly afterUs: number;
    }
  /** Runs a command line in a terminal of the client's own naming; output comes as `output`, its end as `exit`. */
  | {
      readonly type: 'exec';
      readonly terminal: string;
      readonly host: string;
      readonly line: string;
    }
  /** Ctrl+C. */
  | { readonly type: 'cancel'; readonly terminal: string }
  /** One echo request from a host to an address or another host; the outcome comes as `pings`. */
  | { readonly type: 'ping'; readonly from: string; readonly to: string }
  /** Opens another scenario, or the same one from its start with nothing done by hand. */
  | { readonly type: 'open'; readonly scenario: string }
  /** Keeps positions of the map in the sidecar file. */
  | {
      readonly type: 'layout';
      readonly positions: readonly {
        readonly node: string;
        readonly x: number;
        readonly y: number;
      }[];
    };

/** The closed table of actions by hand; each is an action of scenario files. */
export const ACTION_NAMES = [
  'unplug',
  'replug',
  'mute',
  'unmute',
  'one-way',
  'loss',
  'delay',
  'jitter',
  'corrupt',
  'duplicate',
  'reorder',
  'flap',
  'power-off',
  'power-on',
  'reboot',
  'freeze',
  'resume',
  'kill',
  'stop',
  'start',
  'restart',
  'reload',
  'clock-jump',
  'address-add',
  'address-del',
  'port-down',
  'port-up',
  'port-block',
  'port-forward',
  'mcast-filter',
  'flush-fdb',
  'switch-off',
  'switch-on',
] as const;

/** One of them. */
export type ActionName = (typeof ACTION_NAMES)[number];

/** Arguments of an action: a name, names, or a flat mapping; the action's own schema is the judge. */
export type ActionArguments =
  | string
  | readonly string[]
  | { readonly [key: string]: string | number | boolean | readonly string[] };

/** What a client wants to be told continuously; absent: not. */
export interface Subscription {
  /** New rows of the packet list that match; '' matches all. */
  readonly packets?: { readonly filter: string; readonly cable?: string };
  readonly events?: boolean;
  readonly flights?: boolean;
  readonly lanes?: boolean;
  /** Nodes whose tables are wanted, at most 8. */
  readonly tables?: readonly string[];
  /** Hosts whose journal is wanted, at most 8. */
  readonly journals?: readonly string[];
}

/** Everything that a session says. */
export type ServerMessage =
  | {
      readonly type: 'welcome';
      readonly version: number;
      readonly role: Role;
      /** Raised whenever a scenario is opened: everything known before is void. */
      readonly session: number;
      readonly scenarios: readonly ScenarioChoice[];
      /** Absent until one was chosen. */
      readonly scenario?: ScenarioView;
      readonly topology?: TopologyView;
      /** Joined to a real network: time cannot stop, jump or go back. */
      readonly realTime?: true;
      /** Names for completion in terminals. */
      readonly commands: readonly string[];
    }
  | {
      readonly type: 'state';
      readonly at: number;
      readonly playing: boolean;
      readonly speed: number;
      /** 0: as the scenario says; raised by each click that was made in the past. */
      readonly branch: number;
      /** The furthest moment that was reached on this branch. */
      readonly end: number;
      /** A longer jump is under way: it is at `at` and goes to `goal` (absent: until something is found). */
      readonly working?: { readonly goal?: number };
      /** Engine events so far; two states of the same branch with equal `at` and `events` are equal. */
      readonly events: number;
      /** Why time stands still though it should play, in words. */
      readonly stopped?: string;
    }
  /** Changed nodes and cables, each as a whole. `full`: forget all others. */
  | {
      readonly type: 'nodes';
      readonly full: boolean;
      readonly hosts: readonly HostView[];
      readonly switches: readonly SwitchView[];
      readonly cables: readonly CableView[];
      /** All of them, always. */
      readonly insights: readonly InsightView[];
      /** All of them, always; absent: this LAN leads to no real network. */
      readonly outside?: readonly OutsideView[];
    }
  | { readonly type: 'tables'; readonly tables: readonly NodeTables[] }
  /** Lines behind those sent before; `reset`: forget what was sent. */
  | {
      readonly type: 'journal';
      readonly node: string;
      readonly reset: boolean;
      readonly lines: readonly JournalView[];
    }
  | { readonly type: 'events'; readonly reset: boolean; readonly rows: readonly EventRow[] }
  /** `page`: answers `packet-page`, in ascending order; `new`: rows behind those sent before; `reset`: forget all. */
  | {
      readonly type: 'packets';
      readonly how: 'reset' | 'new' | 'page';
      readonly rows: readonly PacketRow[];
      /** Frames that match the filter so far, and frames in all. */
      readonly matching: number;
      readonly total: number;
      /** Old frames that were given up (ring). */
      readonly omitted: number;
      readonly re?: number;
    }
  /** The filter of the subscription: absent `problem` means it is used; with it, the old one stays. */
  | {
      readonly type: 'filter';
      readonly filter: string;
      readonly problem?: {
        readonly message: string;
        readonly at: number;
        readonly length: number;
      };
    }
  /** Rows known before whose loss was told later. */
  | { readonly type: 'packets-changed'; readonly rows: readonly PacketRow[] }
  | { readonly type: 'packet-detail'; readonly re?: number; readonly detail: PacketDetail }
  | {
      readonly type: 'event-detail';
      readonly re?: number;
      readonly event: number;
      readonly changes: readonly EventChange[];
      /** Changes beyond those that are told. */
      readonly omitted: number;
    }
  | {
      readonly type: 'stream';
      readonly re?: number;
      readonly stream: number;
      readonly client: string;
      readonly server: string;
      readonly parts: readonly {
        readonly at: number;
        readonly from: 'client' | 'server';
        readonly packet: number;
        /** Bytes as text; octets that are no printable ASCII are dots. */
        readonly text: string;
      }[];
    }
  | { readonly type: 'flights'; readonly flights: readonly FlightView[] }
  | { readonly type: 'lanes'; readonly lanes: LanesView }
  | { readonly type: 'verdicts'; readonly verdicts: readonly VerdictView[] }
  | { readonly type: 'traffic'; readonly traffic: readonly TrafficView[] }
  | { readonly type: 'pings'; readonly pings: readonly PingView[] }
  | {
      readonly type: 'output';
      readonly terminal: string;
      readonly stream: 'stdout' | 'stderr';
      readonly text: string;
    }
  | { readonly type: 'exit'; readonly terminal: string; readonly code: number }
  /** A new branch began: what came after `from` did not happen. */
  | {
      readonly type: 'branch';
      readonly branch: number;
      readonly from: number;
      readonly text: string;
    }
  | {
      readonly type: 'config';
      readonly re?: number;
      readonly host: string;
      readonly path: string;
      readonly text: string;
      readonly problems: readonly ConfigProblem[];
    }
  | {
      readonly type: 'config-problems';
      readonly re?: number;
      readonly host: string;
      readonly problems: readonly ConfigProblem[];
    }
  | {
      readonly type: 'saved';
      readonly re?: number;
      readonly fileName: string;
      readonly text: string;
      /** What the file leaves out or cannot say, in sentences. */
      readonly remarks: readonly string[];
    }
  /** `base64` of the parts joined is the file; `last` ends it. */
  | {
      readonly type: 'pcapng';
      readonly re?: number;
      readonly fileName: string;
      readonly part: number;
      readonly last: boolean;
      readonly base64: string;
    }
  /** A message was carried out; only for messages with an `id` that have no answer of their own. */
  | { readonly type: 'done'; readonly re: number }
  /** A message was refused, or something went wrong; the session goes on. */
  | {
      readonly type: 'problem';
      readonly re?: number;
      readonly code: ProblemCode;
      readonly message: string;
    }
  /** Messages were dropped for this client because it reads too slowly; everything current follows anew. */
  | { readonly type: 'gap'; readonly dropped: number };

/** Why a message was refused. */
export type ProblemCode =
  | 'bad-message'
  | 'wrong-version'
  | 'not-allowed'
  | 'unknown-name'
  | 'bad-arguments'
  | 'no-scenario'
  | 'too-many'
  | 'refused'
  | 'internal';
