/**
 * Everything that a session told the page, as reactive values, and the intents that go back to it. Components read from
 * here and call its methods; only the link underneath talks to the session.
 */

import type {
  ActionArguments,
  ActionName,
  ClientMessage,
  ServerMessage,
  Subscription,
} from '../../../sim/session/protocol.ts';
import type {
  EventRow,
  FlightView,
  JournalView,
  PacketRow,
} from '../../../sim/session/protocol-rows.ts';
import type {
  CableView,
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
} from '../../../sim/session/protocol-views.ts';
import type { LinkListener, LinkStatus, TwinLink } from '../link/twin-link.ts';
import { masterNews, mastersOf } from '../words/announce.ts';
import { appendRows, mergePage, replaceRows } from './row-buffer.ts';
import { Terminals } from './terminals.svelte.ts';

/** The protocol that this page speaks; a type, so that the page carries none of the session's code. */
const VERSION = 1 satisfies typeof import('../../../sim/session/protocol.ts').PROTOCOL_VERSION;

/** More virtual time than that between two states is no playing, at speed 1. */
const JUMP_US = 1_500_000;

type NodesMessage = Extract<ServerMessage, { type: 'nodes' }>;

/** How long nodes wait for a state that may not have changed, ms. */
const NODES_WAIT_MS = 30;

const NO_LANES: LanesView = { vrrp: [], vips: [], traffic: [], marks: [] };

/** A filter that the session did not understand. */
export interface FilterProblem {
  readonly filter: string;
  readonly message: string;
  readonly at: number;
  readonly length: number;
}

/** A short word to the person, such as why something was refused. */
export interface Notice {
  readonly id: number;
  readonly tone: 'problem' | 'news';
  readonly text: string;
}

/** See the head of the file. */
export class Twin {
  status: LinkStatus = $state('connecting');
  statusReason = $state('');
  role: 'view' | 'control' = $state('view');
  session = $state(-1);
  /** Where time stands was told since the connection was made. */
  isKnown = $state(false);
  scenarios: readonly ScenarioChoice[] = $state.raw([]);
  scenario: ScenarioView | undefined = $state.raw(undefined);
  topology: TopologyView = $state.raw({ nodes: [], cables: [] });
  commands: readonly string[] = $state.raw([]);
  /** Joined to a real network: its time is everybody's. */
  realTime = $state(false);

  at = $state(0);
  end = $state(0);
  playing = $state(false);
  speed = $state(1);
  branch = $state(0);
  working: { readonly goal?: number } | undefined = $state.raw(undefined);
  stopped: string | undefined = $state(undefined);
  eventCount = $state(0);
  /** Raised whenever time did not pass but was set. */
  jumps = $state(0);

  hosts: ReadonlyMap<string, HostView> = $state.raw(new Map());
  switches: ReadonlyMap<string, SwitchView> = $state.raw(new Map());
  cables: ReadonlyMap<string, CableView> = $state.raw(new Map());
  /** Real networks with the routers that were heard there. */
  outside: ReadonlyMap<string, OutsideView> = $state.raw(new Map());
  insights: readonly InsightView[] = $state.raw([]);
  tables: ReadonlyMap<string, NodeTables> = $state.raw(new Map());
  journals: ReadonlyMap<string, readonly JournalView[]> = $state.raw(new Map());
  lanes: LanesView = $state.raw(NO_LANES);
  verdicts: readonly VerdictView[] = $state.raw([]);
  traffic: readonly TrafficView[] = $state.raw([]);
  pings: readonly PingView[] = $state.raw([]);
  flights: readonly FlightView[] = $state.raw([]);

  /** Changed in place for speed: read `packetsVersion` to hear of it. */
  readonly packets: PacketRow[] = [];
  packetsVersion = $state(0);
  matching = $state(0);
  total = $state(0);
  readonly events: EventRow[] = [];
  eventsVersion = $state(0);
  filterProblem: FilterProblem | undefined = $state.raw(undefined);

  notices: readonly Notice[] = $state.raw([]);
  /** The last sentence for the live region. */
  announcement = $state('');
  readonly terminals = new Terminals((message) => this.send(message));

  #link: TwinLink | undefined;
  /** Nodes come before the state that they belong to: shown together, timers and clock agree. */
  #pendingFlights: readonly FlightView[] | undefined;
  readonly #pendingNodes: NodesMessage[] = [];
  #nodesTimer: ReturnType<typeof setTimeout> | undefined;
  #nextId = 1;
  #noticeId = 0;
  #views: Subscription = {};
  readonly #waiting = new Map<number, (message: ServerMessage) => void>();

  /** Connects through whatever link the page uses. */
  connect(open: (listener: LinkListener) => TwinLink): void {
    this.#link = open({
      onMessage: (message) => this.#receive(message),
      onStatus: (status, reason) => {
        this.status = status;
        if (status !== 'open') this.isKnown = false;
        this.statusReason = reason;
        if (status === 'open') this.send({ type: 'hello', version: VERSION });
        else this.terminals.release();
      },
    });
  }

  /** Whether a scenario can be put into a link whole: static pages can. */
  get mayShare(): boolean {
    return this.#link?.share !== undefined;
  }

  /** A link that carries this scenario; `undefined` when it is too long for one. */
  async share(written: { fileName: string; text: string }): Promise<string | undefined> {
    return this.#link?.share?.(written);
  }

  /** Whether this page may touch anything. */
  get mayControl(): boolean {
    return this.role === 'control' && this.status === 'open';
  }

  /** Whether time may be stopped, jumped and turned back. */
  get mayTurnTime(): boolean {
    return this.mayControl && !this.realTime;
  }

  send(message: ClientMessage): void {
    this.#link?.send(message);
  }

  /** Sends a message that has an answer and waits for it. A refusal is told and gives `undefined`. */
  ask(message: ClientMessage): Promise<ServerMessage | undefined> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#waiting.set(id, (answer) => {
        this.#waiting.delete(id);
        resolve(answer.type === 'problem' ? undefined : answer);
      });
      this.send({ ...message, id });
    });
  }

  /** Hears every part of an answer that comes in parts, until `onPart` says that it was the last. */
  askParts(message: ClientMessage, onPart: (part: ServerMessage) => boolean): void {
    const id = this.#nextId++;
    this.#waiting.set(id, (answer) => {
      if (answer.type === 'problem' || onPart(answer)) this.#waiting.delete(id);
    });
    this.send({ ...message, id });
  }

  subscribe(views: Subscription): void {
    if (JSON.stringify(views) === JSON.stringify(this.#views)) return;
    this.#views = views;
    // What is asked for no longer grows old: asked for again later, it must not be shown as it was.
    this.tables = onlyOf(this.tables, views.tables);
    this.journals = onlyOf(this.journals, views.journals);
    if (this.scenario !== undefined) this.send({ type: 'subscribe', views });
  }

  act(action: ActionName, args: ActionArguments): void {
    this.send({ type: 'act', action, args, id: this.#nextId++ });
  }

  /** Unplugs a cable, or plugs it in. */
  togglePlug(cableId: string): void {
    const cable = this.topology.cables.find((known) => known.id === cableId);
    if (cable === undefined) return;
    const plugged = this.cables.get(cableId)?.plugged ?? true;
    this.act(plugged ? 'unplug' : 'replug', cable.a);
  }

  /** Powers a device off, or on. */
  togglePower(node: string): void {
    const host = this.hosts.get(node);
    if (host !== undefined) this.act(host.power === 'off' ? 'power-on' : 'power-off', node);
    const found = this.switches.get(node);
    if (found !== undefined) this.act(found.powered ? 'switch-off' : 'switch-on', node);
  }

  togglePlay(): void {
    this.send({ type: this.playing ? 'pause' : 'play' });
  }

  tell(tone: Notice['tone'], text: string): void {
    const notice = { id: this.#noticeId++, tone, text };
    this.notices = [...this.notices.slice(-2), notice];
    setTimeout(() => this.dismiss(notice.id), 8_000);
  }

  dismiss(id: number): void {
    this.notices = this.notices.filter((notice) => notice.id !== id);
  }

  #receive(message: ServerMessage): void {
    if ('re' in message && message.re !== undefined) this.#waiting.get(message.re)?.(message);
    switch (message.type) {
      case 'welcome':
        this.#welcome(message);
        break;
      case 'state':
        this.#takeState(message);
        break;
      case 'nodes':
        this.#pendingNodes.push(message);
        this.#nodesTimer ??= setTimeout(() => this.#takePendingNodes(), NODES_WAIT_MS);
        break;
      case 'packets':
      case 'packets-changed':
        this.#takePackets(message);
        break;
      case 'events':
        if (message.reset) this.events.length = 0;
        appendRows(this.events, message.rows);
        this.eventsVersion++;
        break;
      case 'output':
      case 'exit':
        this.terminals.receive(message);
        break;
      default:
        this.#takeRest(message);
    }
  }

  #welcome(message: Extract<ServerMessage, { type: 'welcome' }>): void {
    if (message.session !== this.session) this.#forget();
    this.session = message.session;
    this.role = message.role;
    this.scenarios = message.scenarios;
    this.scenario = message.scenario;
    this.topology = message.topology ?? { nodes: [], cables: [] };
    this.commands = message.commands;
    this.realTime = message.realTime === true;
    if (message.scenario !== undefined) this.send({ type: 'subscribe', views: this.#views });
  }

  #forget(): void {
    this.#pendingNodes.length = 0;
    this.hosts = new Map();
    this.switches = new Map();
    this.outside = new Map();
    this.cables = new Map();
    this.tables = new Map();
    this.journals = new Map();
    this.insights = [];
    this.lanes = NO_LANES;
    this.verdicts = [];
    this.traffic = [];
    this.pings = [];
    this.packets.length = 0;
    this.events.length = 0;
    this.packetsVersion++;
    this.eventsVersion++;
    this.terminals.clear();
  }

  #takeState(state: Extract<ServerMessage, { type: 'state' }>): void {
    this.#takePendingNodes();
    // A jump is no journey: what flew before it is not on its way now.
    const jumped = state.at < this.at || state.at > this.at + JUMP_US * Math.max(1, state.speed);
    if (jumped || state.branch !== this.branch) {
      this.flights = [];
      this.jumps++;
    } else if (this.#pendingFlights !== undefined) this.flights = this.#pendingFlights;
    this.#pendingFlights = undefined;
    this.at = state.at;
    this.end = state.end;
    this.playing = state.playing;
    this.speed = state.speed;
    this.branch = state.branch;
    this.working = state.working;
    this.stopped = state.stopped;
    this.eventCount = state.events;
    this.isKnown = true;
  }

  #takePendingNodes(): void {
    clearTimeout(this.#nodesTimer);
    this.#nodesTimer = undefined;
    for (const message of this.#pendingNodes.splice(0)) this.#takeNodes(message);
  }

  #takeNodes(message: NodesMessage): void {
    const before = mastersOf(this.hosts.values());
    this.hosts = merged(message.full ? new Map() : this.hosts, message.hosts, (it) => it.name);
    const switches = message.full ? new Map() : this.switches;
    this.switches = merged(switches, message.switches, (it) => it.name);
    this.outside = merged(new Map(), message.outside ?? [], (it) => it.name);
    this.cables = merged(message.full ? new Map() : this.cables, message.cables, (it) => it.id);
    this.insights = message.insights;
    const news = masterNews(before, mastersOf(this.hosts.values()));
    if (news.length > 0) this.announcement = news.join('. ');
  }

  #takePackets(message: Extract<ServerMessage, { type: 'packets' | 'packets-changed' }>): void {
    if (message.type === 'packets-changed') replaceRows(this.packets, message.rows);
    else {
      if (message.how === 'reset') this.packets.length = 0;
      if (message.how === 'page') mergePage(this.packets, message.rows);
      else appendRows(this.packets, message.rows);
      this.matching = message.matching;
      this.total = message.total;
    }
    this.packetsVersion++;
  }

  #takeRest(message: ServerMessage): void {
    if (message.type === 'tables') {
      this.tables = merged(this.tables, message.tables, (it) => it.node);
    } else if (message.type === 'journal') {
      const known = message.reset ? [] : (this.journals.get(message.node) ?? []);
      const lines = [...known, ...message.lines].slice(-2_000);
      this.journals = new Map(this.journals).set(message.node, lines);
    } else if (message.type === 'flights') this.#pendingFlights = message.flights;
    else if (message.type === 'lanes') this.lanes = message.lanes;
    else if (message.type === 'verdicts') this.verdicts = message.verdicts;
    else if (message.type === 'traffic') this.traffic = message.traffic;
    else if (message.type === 'pings') this.pings = message.pings;
    else if (message.type === 'filter') {
      const { filter, problem } = message;
      this.filterProblem = problem === undefined ? undefined : { filter, ...problem };
    } else if (message.type === 'branch') {
      this.terminals.release();
      this.tell('news', message.text);
    } else if (message.type === 'problem') this.tell('problem', message.message);
    else if (message.type === 'gap') this.tell('news', 'This page was too slow and skipped ahead.');
  }
}

function merged<V>(
  known: ReadonlyMap<string, V>,
  changed: readonly V[],
  keyOf: (value: V) => string,
): ReadonlyMap<string, V> {
  const next = new Map(known);
  for (const value of changed) next.set(keyOf(value), value);
  return next;
}

function onlyOf<V>(
  known: ReadonlyMap<string, V>,
  names: readonly string[] | undefined,
): ReadonlyMap<string, V> {
  return new Map([...known].filter(([name]) => names?.includes(name)));
}
