/**
 * A frame's way through the LAN, device by device: who sent it, what each switch did with it, what each host did when it
 * came in. Switches hand the very same buffer on, so its copies on other cables are found by identity. What a host did
 * is asked of a second run that is played to the moment of arrival: its drop counters and events tell.
 */

import { isGroupFrame, readDestinationMac } from '../../daemon/wire/ethernet.ts';
import { BROADCAST_MAC } from '../../daemon/wire/mac-address.ts';
import { eventText } from '../report/event-text.ts';
import type { ScenarioRun } from '../scenario/run.ts';
import type { PacketRecord } from './packet-store.ts';
import type { HopStory } from './protocol-rows.ts';
import { nodeOf, type RunRecorder } from './run-recorder.ts';
import type { Replay } from './timeline.ts';

/** Later copies of a flood than that are left out. */
const HOPS_MAX = 200;
/** Engine events that a replay may cost; beyond, what hosts did is not told. */
export const REPLAY_EVENTS_MAX = 400_000;

/** The way of one frame; `replay` gives a second run of the same branch that stands before a moment. */
export function hopStory(
  record: PacketRecord,
  recorder: RunRecorder,
  replay: (before: number) => Replay,
): readonly HopStory[] {
  const copies = recorder.packets.sameFrame(record).slice(0, HOPS_MAX);
  const arrivals = arrivalsOf(copies, recorder);
  const deeds = hostDeeds(arrivals, replay);
  const story: HopStory[] = [];
  for (const copy of copies) {
    const [from, to] = endsOf(copy, recorder);
    const sender = nodeOf(from);
    if (recorder.run.lan.hosts.has(sender)) {
      const text = `${sender} sends it out of ${portOf(from)}`;
      story.push({ at: copy.at, node: sender, text, tone: 'sent', packet: copy.id });
    }
    if (copy.lost !== undefined) {
      const text = `lost on the cable to ${nodeOf(to)}: ${copy.lost}`;
      story.push({ at: copy.at, node: to, text, tone: 'dropped', packet: copy.id });
      continue;
    }
    const receiver = nodeOf(to);
    if (copy.arrivesAt === undefined) continue;
    if (recorder.run.lan.switches.has(receiver)) {
      story.push(switchDeed(copy, { node: receiver, port: portOf(to) }, copies, recorder));
    } else {
      const deed = deeds.get(copy.id);
      story.push({ at: copy.arrivesAt, node: receiver, packet: copy.id, ...(deed ?? ARRIVED) });
    }
  }
  return story.sort((a, b) => a.at - b.at);
}

const ARRIVED = { text: 'arrived', tone: 'delivered' } as const;

type Deed = Pick<HopStory, 'text' | 'tone'>;

/** What a switch did: seen from the copies that left it in the moment of arrival. */
function switchDeed(
  copy: PacketRecord,
  at: { readonly node: string; readonly port: string },
  copies: readonly PacketRecord[],
  recorder: RunRecorder,
): HopStory {
  const arrivesAt = copy.arrivesAt as number;
  const found = recorder.run.lan.switches.get(at.node);
  const out = copies.filter(
    (one) => one.at === arrivesAt && nodeOf(endsOf(one, recorder)[0]) === at.node,
  );
  const base = { at: arrivesAt, node: at.node, packet: copy.id };
  const facts = found?.ports.find((port) => port.name === at.port);
  if (out.length === 0) {
    const why = facts?.forwarding === false ? 'the port is blocked' : 'nobody to send it to';
    return { ...base, text: `dropped: ${why}`, tone: 'dropped' };
  }
  const ports = out.map((one) => portOf(endsOf(one, recorder)[0])).join(', ');
  if (found?.kind === 'hub')
    return { ...base, text: `repeated to ports ${ports}`, tone: 'forwarded' };
  const why = floodReason(copy.frame);
  if (why !== undefined) {
    return { ...base, text: `flooded to ports ${ports}: ${why}`, tone: 'forwarded' };
  }
  const text =
    out.length > 1
      ? `flooded to ports ${ports}: destination unknown`
      : `forwarded to port ${ports}`;
  return { ...base, text, tone: 'forwarded' };
}

function floodReason(frame: Uint8Array): string | undefined {
  if (!isGroupFrame(frame)) return undefined;
  return readDestinationMac(frame) === BROADCAST_MAC ? 'broadcast' : 'multicast';
}

interface Arrival {
  readonly copy: PacketRecord;
  readonly host: string;
  readonly at: number;
}

function arrivalsOf(copies: readonly PacketRecord[], recorder: RunRecorder): readonly Arrival[] {
  return copies.flatMap((copy): readonly Arrival[] => {
    const host = nodeOf(endsOf(copy, recorder)[1]);
    const { arrivesAt } = copy;
    const isHost = recorder.run.lan.hosts.has(host);
    if (!isHost || arrivesAt === undefined || copy.lost !== undefined) return [];
    return arrivesAt <= recorder.run.engine.now ? [{ copy, host, at: arrivesAt }] : [];
  });
}

/** Plays a second run through all arrivals and looks at what changed on the hosts. */
function hostDeeds(
  arrivals: readonly Arrival[],
  replay: (before: number) => Replay,
): ReadonlyMap<number, Deed> {
  const deeds = new Map<number, Deed>();
  const times = [...new Set(arrivals.map((one) => one.at))].sort((a, b) => a - b);
  const [first] = times;
  if (first === undefined) return deeds;
  const second = replay(first);
  const { run } = second.recorder;
  for (const at of times) {
    if (!second.advanceTo(at - 1, REPLAY_EVENTS_MAX)) return deeds;
    const here = arrivals.filter((one) => one.at === at);
    while (second.nextTime() === at) {
      const logged = run.engine.log.events.length;
      const before = here.map((one) => dropsOf(run, one.host));
      second.step();
      for (const [index, one] of here.entries()) {
        const deed = deedOf(run, one.host, { drops: before[index] ?? new Map(), logged });
        if (deed !== undefined) deeds.set(one.copy.id, deed);
      }
    }
  }
  return deeds;
}

function dropsOf(run: ScenarioRun, host: string): ReadonlyMap<string, number> {
  return new Map(run.lan.hosts.get(host)?.kernel?.dropCounters() ?? []);
}

function deedOf(
  run: ScenarioRun,
  host: string,
  before: { readonly drops: ReadonlyMap<string, number>; readonly logged: number },
): Deed | undefined {
  for (const [reason, count] of dropsOf(run, host)) {
    if (count > (before.drops.get(reason) ?? 0)) {
      return { text: `dropped: ${DROP_WORDS.get(reason) ?? reason}`, tone: 'dropped' };
    }
  }
  const told = run.engine.log.events
    .slice(before.logged)
    .filter((event) => event.node === host && event.kind !== 'journal')
    .map(eventText);
  if (told.length === 0) return undefined;
  return { text: `accepted: ${told.slice(0, 3).join('; ')}`, tone: 'delivered' };
}

/** Reasons of the kernel in an operator's words. */
const DROP_WORDS: ReadonlyMap<string, string> = new Map([
  ['arp:ignored', 'arp_ignore'],
  ['arp:filtered', 'arp_filter'],
  ['arp:gratuitous', 'gratuitous ARP for an address that is not in the table (arp_accept)'],
  ['link:not-for-us', 'not for this MAC address'],
  ['link:down', 'the interface is down'],
  ['ipv4:other-host', 'not for this host, and it is no router (ip_forward)'],
  ['ipv4:not-forwarding', 'ip_forward is off'],
  ['ipv4:reverse-path', 'rp_filter'],
  ['ipv4:not-joined', 'the multicast group was not joined'],
  ['ipv4:no-protocol', 'no program listens for this protocol'],
  ['ipv4:firewall', 'a firewall rule'],
  ['udp:no-socket', 'no program listens on this port'],
  ['tcp:no-socket', 'no program listens on this port'],
]);

/** Sending and receiving port of a frame on its cable. */
function endsOf(record: PacketRecord, recorder: RunRecorder): readonly [string, string] {
  const cable = recorder.run.lan.cables[record.cable];
  if (cable === undefined) return ['', ''];
  return record.fromEnd === 'a' ? [cable.a.id, cable.b.id] : [cable.b.id, cable.a.id];
}

function portOf(id: string): string {
  return id.slice(id.indexOf(':') + 1);
}
