/**
 * What was different after an event: the LAN as it stood before its microsecond and right after it was recorded, cell by
 * cell. The whole instant, because some events are told a moment after what they tell of. Asked of a second run that is
 * played to that moment (`timeline.ts`), so the present is not touched.
 */

import { cableView, hostView, nodeTables, switchView } from './node-views.ts';
import type { EventChange } from './protocol-rows.ts';
import type { CableView, HostView, NodeTables, SwitchView } from './protocol-views.ts';
import type { RunRecorder } from './run-recorder.ts';
import type { Replay } from './timeline.ts';

/** Changes that are told of one event; more are counted only. */
const CHANGES_MAX = 200;
/** Engine events that the way to the moment may cost. */
const REPLAY_EVENTS_MAX = 2_000_000;

/** What an event changed; `undefined` for what was there before time began. */
export function eventChanges(
  id: number,
  at: number,
  replay: Replay,
): { readonly changes: readonly EventChange[]; readonly omitted: number } | undefined {
  const { recorder } = replay;
  const { events } = recorder.run.engine.log;
  if (events.length > id || !replay.advanceTo(at - 1, REPLAY_EVENTS_MAX)) return undefined;
  const before = factsOf(recorder);
  while (replay.nextTime() === at && events.length <= id) replay.step();
  const changes = differences(before, factsOf(recorder));
  return {
    changes: changes.slice(0, CHANGES_MAX),
    omitted: Math.max(0, changes.length - CHANGES_MAX),
  };
}

interface Fact {
  readonly node: string;
  readonly what: string;
  readonly value: string;
}

type Facts = ReadonlyMap<string, Fact>;

function differences(before: Facts, after: Facts): EventChange[] {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].flatMap((key): readonly EventChange[] => {
    const [old, now] = [before.get(key), after.get(key)];
    if (old?.value === now?.value) return [];
    const { node, what } = (now ?? old) as Fact;
    return [
      {
        node,
        what,
        ...(old === undefined ? {} : { before: old.value }),
        ...(now === undefined ? {} : { after: now.value }),
      },
    ];
  });
}

/** Everything that is looked at, by a key of its own. Times and counters are left out: they change always. */
function factsOf(recorder: RunRecorder): Facts {
  const { lan } = recorder.run;
  const facts = new Map<string, Fact>();
  const note = (node: string, what: string, value: string) =>
    facts.set(`${node}\n${what}`, { node, what, value });
  for (const host of lan.hosts.values()) {
    noteHost(hostView(host, recorder), note);
    const tables = nodeTables(host.name, recorder);
    if (tables !== undefined) noteTables(tables, note);
  }
  for (const one of lan.switches.values()) {
    noteSwitch(switchView(one, recorder), note);
    const tables = nodeTables(one.name, recorder);
    if (tables !== undefined) noteTables(tables, note);
  }
  for (const cable of lan.cables) noteCable(cableView(cable, recorder), note);
  return facts;
}

type Note = (node: string, what: string, value: string) => void;

function noteHost(host: HostView, note: Note): void {
  const { name } = host;
  note(name, 'power', host.power);
  for (const one of host.instances) {
    note(name, `${one.name} (VRID ${one.vrid}) state`, one.state);
    note(name, `${one.name} (VRID ${one.vrid}) priority`, String(one.effectivePriority));
  }
  for (const nic of host.nics) {
    const state = `${nic.up ? 'up' : 'down'}, ${nic.carrier ? 'carrier' : 'no carrier'}`;
    note(name, `link ${nic.name}`, state);
    for (const address of nic.addresses) note(name, `address ${address.prefix}`, nic.name);
  }
  for (const unit of host.units) note(name, `unit ${unit.unit}`, unit.active);
}

function noteTables(tables: NodeTables, note: Note): void {
  const { node } = tables;
  for (const entry of tables.neighbours) {
    const where = entry.mac === undefined ? '' : ` ${entry.mac}`;
    note(node, `neighbour ${entry.address} dev ${entry.link}`, `${entry.state}${where}`);
  }
  for (const route of tables.routes) note(node, `route ${route}`, 'there');
  for (const entry of tables.macs) note(node, `MAC ${entry.mac}`, `port ${entry.port}`);
  for (const [index, line] of (tables.ipvs ?? '').split('\n').entries()) {
    if (/^(TCP|UDP|FWM| {2}->)/.test(line)) note(node, `ipvs line ${index + 1}`, line.trim());
  }
}

function noteSwitch(one: SwitchView, note: Note): void {
  note(one.name, 'power', one.powered ? 'on' : 'off');
  for (const port of one.ports) {
    const words = [
      port.carrier ? 'link' : port.up ? 'no link' : 'down',
      ...(port.forwarding ? [] : ['blocked']),
      ...(port.multicastDelivered ? [] : ['no multicast']),
    ];
    note(one.name, `port ${port.name}`, words.join(', '));
  }
}

function noteCable(cable: CableView, note: Note): void {
  note(cable.id, 'cable', cable.light);
  for (const [way, impairment] of [
    ['a to b', cable.aToB],
    ['b to a', cable.bToA],
  ] as const) {
    const words = Object.entries(impairment).map(([key, value]) => `${key} ${value}`);
    note(cable.id, `impaired ${way}`, words.length === 0 ? 'not' : words.join(', '));
  }
}
