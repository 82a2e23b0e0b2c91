/**
 * One who looks: remembers what was told, so that only what is new is told again. Everything a viewer sees follows from the
 * session's present; when time went back or a new scenario was opened it is told anew. Rows come in limited portions.
 */

import { eventRow, journalRow } from './event-rows.ts';
import { insightsOf } from './insights.ts';
import type { LiveSession, ViewerPort } from './live-session.ts';
import { cableView, hostView, nodeTables, outsideViews, switchView } from './node-views.ts';
import { type PacketFilter, parsePacketFilter } from './packet-filter.ts';
import type { PacketRecord } from './packet-store.ts';
import { dissectRecord, flightView, packetRow } from './packet-views.ts';
import {
  LIMITS,
  type ProblemCode,
  type Role,
  type ServerMessage,
  type Subscription,
} from './protocol.ts';
import type { PacketRow } from './protocol-rows.ts';
import type { CableView, HostView, SwitchView } from './protocol-views.ts';
import type { RunRecorder } from './run-recorder.ts';
import { trafficViews, verdictViews } from './run-views.ts';

/** Rows of lists that are told when a list begins anew; older ones are asked for. */
const FIRST_ROWS = 500;
const FIRST_EVENTS = 2000;
/** Frames that one push looks through; a filter over hundreds of thousands must not stop the world. */
const FIRST_SEARCH_MAX = 10_000;
const NEW_FRAMES_MAX = 4000;
const COUNT_SLICE = 1500;
/** Flights of one message; more cannot be seen at once. */
const FLIGHTS_MAX = 200;

/** A viewer; see the head of the file. */
export class Viewer {
  readonly role: Role;
  readonly #session: LiveSession;
  readonly #port: ViewerPort;
  #views: Subscription = {};
  #filter: PacketFilter = () => true;
  #filterText = '';
  /** The run that the lists are about; another one voids them. */
  #recorder: RunRecorder | undefined;
  /** Last told text of everything that has a name. */
  readonly #told = new Map<string, string>();
  #nextEvent = 0;
  #nextPacket = 1;
  #nextFlight = 1;
  #late = 0;
  #matching = 0;
  /** The newest frame that was not counted yet. */
  #countNext = 0;
  #freshPackets = true;
  #freshEvents = true;
  readonly #journals = new Map<string, number>();
  #welcomed = false;

  constructor(session: LiveSession, port: ViewerPort) {
    this.#session = session;
    this.#port = port;
    this.role = port.role;
  }

  /** Whether there is more to tell though nothing happens: older frames are still being counted. */
  get isBusy(): boolean {
    const packets = this.#recorder?.packets;
    if (this.#views.packets === undefined || packets === undefined) return false;
    return this.#countNext >= packets.firstId;
  }

  /** Tells one message. */
  tell(message: ServerMessage): void {
    this.#port.send(message);
  }

  /** A message was carried out. */
  done(id: number | undefined): void {
    if (id !== undefined) this.tell({ type: 'done', re: id });
  }

  /** A message was refused. */
  refuse(code: ProblemCode, message: string, id: number | undefined): void {
    this.tell({ type: 'problem', code, message, ...(id === undefined ? {} : { re: id }) });
  }

  /** Tells everything from the beginning; also after messages to this viewer were dropped. */
  welcome(): void {
    this.#welcomed = true;
    this.#recorder = undefined;
    this.tell(this.#session.welcomeMessage(this.role));
    this.push();
  }

  /** Begins to tell everything anew, without a new welcome. */
  resync(): void {
    this.#recorder = undefined;
    this.push();
  }

  /** Replaces the subscription. A filter that is wrong is told so, and the old one stays. */
  subscribe(views: Subscription): void {
    const before = this.#views;
    this.#views = views;
    const wanted = views.packets?.filter ?? '';
    const read = parsePacketFilter(wanted);
    if ('problem' in read) this.tell({ type: 'filter', filter: wanted, problem: read.problem });
    else {
      const isNew = wanted !== this.#filterText || views.packets?.cable !== before.packets?.cable;
      this.#filter = read.filter;
      this.#filterText = wanted;
      if (isNew || before.packets === undefined) this.#freshPackets = true;
      if (views.packets !== undefined) this.tell({ type: 'filter', filter: wanted });
    }
    if (views.events === true && before.events !== true) this.#freshEvents = true;
    for (const name of [...this.#journals.keys()]) {
      if (views.journals?.includes(name) !== true) this.#journals.delete(name);
    }
    for (const kind of ['lanes', 'tables']) this.#told.delete(kind);
  }

  /** Whether a frame is one of the packet list. */
  wants(record: PacketRecord): PacketRow | undefined {
    const { cable } = this.#views.packets ?? {};
    const recorder = this.#recorder;
    if (recorder === undefined) return undefined;
    if (cable !== undefined && recorder.run.lan.cables[record.cable]?.name !== cable) {
      return undefined;
    }
    const dissected = dissectRecord(record);
    return this.#filter(dissected.fields) ? packetRow(record, recorder, dissected) : undefined;
  }

  /** Frames that match and frames in all, for answers. */
  get counts(): { readonly matching: number; readonly total: number; readonly omitted: number } {
    const packets = this.#recorder?.packets;
    return {
      matching: this.#matching,
      total: packets?.total ?? 0,
      omitted: packets?.omitted ?? 0,
    };
  }

  /** Tells what is new. On a longer way through time only where it stands. */
  push(): void {
    const { open } = this.#session;
    if (!this.#welcomed || open === undefined) return;
    const { recorder, goal } = open.timeline;
    const state = this.#session.stateMessage();
    if (goal !== undefined) {
      if (state !== undefined) this.#tellChanged('state', state);
      return;
    }
    const isFull = recorder !== this.#recorder;
    if (isFull) this.#begin(recorder);
    recorder.lanes.passTo(recorder.run.engine.now);
    this.#pushNodes(recorder, isFull);
    this.#pushEvents(recorder);
    this.#pushPackets(recorder);
    this.#pushFlights(recorder);
    this.#pushTables(recorder);
    this.#pushJournals(recorder);
    if (this.#views.lanes === true) this.#pushLanes();
    this.#tellChanged('verdicts', { type: 'verdicts', verdicts: verdictViews(open) });
    this.#tellChanged('traffic', { type: 'traffic', traffic: trafficViews(open.timeline) });
    const now = recorder.run.engine.now;
    const pings = this.#session.pings.filter((ping) => ping.at <= now);
    this.#tellChanged('pings', { type: 'pings', pings });
    // Last, so that a page that has the state has everything that belongs to it.
    if (state !== undefined) this.#tellChanged('state', state);
  }

  #begin(recorder: RunRecorder): void {
    this.#recorder = recorder;
    this.#told.clear();
    this.#journals.clear();
    this.#freshPackets = true;
    this.#freshEvents = true;
    this.#nextFlight = recorder.packets.total + 1;
    this.#late = recorder.lateCount;
  }

  /** Tells a message whose text differs from the last one of that name. */
  #tellChanged(name: string, message: ServerMessage): void {
    const text = JSON.stringify(message);
    if (this.#told.get(name) === text) return;
    this.#told.set(name, text);
    this.tell(message);
  }

  #pushNodes(recorder: RunRecorder, full: boolean): void {
    const { lan } = recorder.run;
    const changed = <T extends { readonly name: string } | { readonly id: string }>(
      kind: string,
      views: readonly T[],
    ): readonly T[] =>
      views.filter((view) => {
        const key = `${kind} ${'name' in view ? view.name : view.id}`;
        const text = JSON.stringify(view);
        if (this.#told.get(key) === text) return false;
        this.#told.set(key, text);
        return true;
      });
    const hosts = changed<HostView>(
      'host',
      [...lan.hosts.values()].map((one) => hostView(one, recorder)),
    );
    const switches = changed<SwitchView>(
      'switch',
      [...lan.switches.values()].map((one) => switchView(one, recorder)),
    );
    const cables = changed<CableView>(
      'cable',
      lan.cables.map((one) => cableView(one, recorder)),
    );
    const insights = insightsOf(recorder);
    const outside = outsideViews(recorder);
    const text = JSON.stringify([insights, outside]);
    const isQuiet = hosts.length + switches.length + cables.length === 0;
    if (isQuiet && !full && this.#told.get('insights') === text) return;
    this.#told.set('insights', text);
    const real = outside.length === 0 ? {} : { outside };
    this.tell({ type: 'nodes', full, hosts, switches, cables, insights, ...real });
  }

  #pushEvents(recorder: RunRecorder): void {
    if (this.#views.events !== true) return;
    const { events } = recorder.run.engine.log;
    const reset = this.#freshEvents;
    if (reset) this.#nextEvent = Math.max(0, events.length - FIRST_EVENTS * 4);
    const rows = [];
    for (let id = this.#nextEvent; id < events.length; id++) {
      const event = events[id];
      const row = event === undefined ? undefined : eventRow(event, id);
      if (row !== undefined) rows.push(row);
    }
    this.#nextEvent = events.length;
    this.#freshEvents = false;
    const skipped = rows.length > FIRST_EVENTS;
    if (!reset && rows.length === 0) return;
    this.tell({ type: 'events', reset: reset || skipped, rows: rows.slice(-FIRST_EVENTS) });
  }

  #pushPackets(recorder: RunRecorder): void {
    if (this.#views.packets === undefined) return;
    const { packets } = recorder;
    const isFar = packets.total - this.#nextPacket > NEW_FRAMES_MAX;
    if (this.#freshPackets || isFar) {
      this.#freshPackets = false;
      this.#beginPackets(recorder);
      this.#pushLate(recorder);
      return;
    }
    const rows: PacketRow[] = [];
    for (let id = Math.max(this.#nextPacket, packets.firstId); id <= packets.total; id++) {
      const record = packets.get(id);
      const row = record === undefined ? undefined : this.wants(record);
      if (row !== undefined) rows.push(row);
    }
    this.#nextPacket = packets.total + 1;
    this.#matching += rows.length;
    const counted = this.#countOlder(recorder);
    if (rows.length > 0 || counted) {
      const how = rows.length > FIRST_ROWS ? 'reset' : 'new';
      this.tell({ type: 'packets', how, rows: rows.slice(-FIRST_ROWS), ...this.counts });
    }
    this.#pushLate(recorder);
  }

  /** The newest rows that match, found backwards; how many older ones match is counted bit by bit. */
  #beginPackets(recorder: RunRecorder): void {
    const { packets } = recorder;
    const rows: PacketRow[] = [];
    let id = packets.total;
    const least = Math.max(packets.firstId, id - FIRST_SEARCH_MAX);
    for (; id >= least && rows.length < FIRST_ROWS; id--) {
      const record = packets.get(id);
      const row = record === undefined ? undefined : this.wants(record);
      if (row !== undefined) rows.push(row);
    }
    this.#nextPacket = packets.total + 1;
    this.#matching = rows.length;
    this.#countNext = id;
    this.#countOlder(recorder);
    this.tell({ type: 'packets', how: 'reset', rows: rows.reverse(), ...this.counts });
  }

  /** Counts some of the older frames; `true` when that has just come to its end. */
  #countOlder(recorder: RunRecorder): boolean {
    const { packets } = recorder;
    if (this.#countNext < packets.firstId) return false;
    const least = Math.max(packets.firstId, this.#countNext - COUNT_SLICE + 1);
    for (let id = this.#countNext; id >= least; id--) {
      const record = packets.get(id);
      if (record !== undefined && this.wants(record) !== undefined) this.#matching++;
    }
    this.#countNext = least - 1;
    return this.#countNext < packets.firstId;
  }

  /** Frames whose loss was told after they were. */
  #pushLate(recorder: RunRecorder): void {
    const count = Math.min(recorder.lateCount - this.#late, recorder.late.length);
    this.#late = recorder.lateCount;
    if (count <= 0) return;
    const rows = recorder.late.slice(-count).flatMap((record) => this.wants(record) ?? []);
    if (rows.length > 0) this.tell({ type: 'packets-changed', rows });
  }

  #pushFlights(recorder: RunRecorder): void {
    const { packets } = recorder;
    const from = Math.max(this.#nextFlight, packets.total - FLIGHTS_MAX + 1, packets.firstId);
    this.#nextFlight = packets.total + 1;
    if (this.#views.flights !== true || from > packets.total) return;
    const flights = [];
    for (let id = from; id <= packets.total; id++) {
      const record = packets.get(id);
      if (record !== undefined) flights.push(flightView(record, recorder));
    }
    this.tell({ type: 'flights', flights });
  }

  #pushTables(recorder: RunRecorder): void {
    const tables = (this.#views.tables ?? []).flatMap((name) => nodeTables(name, recorder) ?? []);
    if (tables.length > 0) this.#tellChanged('tables', { type: 'tables', tables });
  }

  #pushJournals(recorder: RunRecorder): void {
    const { events } = recorder.run.engine.log;
    for (const node of this.#views.journals ?? []) {
      const known = this.#journals.get(node);
      const lines = [];
      for (let i = known ?? 0; i < events.length; i++) {
        const event = events[i];
        const line = event === undefined ? undefined : journalRow(event, node, i);
        if (line !== undefined) lines.push(line);
      }
      this.#journals.set(node, events.length);
      if (known !== undefined && lines.length === 0) continue;
      const reset = known === undefined || lines.length > LIMITS.packetRowsMax * 4;
      this.tell({ type: 'journal', node, reset, lines: lines.slice(-LIMITS.packetRowsMax * 4) });
    }
  }

  #pushLanes(): void {
    const timeline = this.#session.open?.timeline;
    if (timeline === undefined) return;
    const { lanes } = timeline.farthest;
    const version = `${timeline.generation} ${timeline.farthest === timeline.recorder} ${lanes.version}`;
    if (this.#told.get('lanes') === version) return;
    this.#told.set('lanes', version);
    this.tell({ type: 'lanes', lanes: lanes.view() });
  }
}
