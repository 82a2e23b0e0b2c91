/** Kept frames as rows, flights, details and TCP streams. */

import { readUint16 } from '../../daemon/wire/integers.ts';
import { tcpHeaderLength } from '../../daemon/wire/tcp.ts';
import { formatHex } from '../../daemon/wire/text.ts';
import { eventText } from '../report/event-text.ts';
import type { DissectedPacket } from './packet-builder.ts';
import { type PacketRecord, tcpOffset } from './packet-store.ts';
import { dissectPacket } from './packet-tree.ts';
import type { ServerMessage } from './protocol.ts';
import type { FlightView, HopStory, PacketDetail, PacketRow } from './protocol-rows.ts';
import type { RunRecorder } from './run-recorder.ts';

/** Text of a stream that is shown at most. */
const STREAM_LENGTH_MAX = 200_000;

/** Takes a kept frame apart. */
export function dissectRecord(record: PacketRecord): DissectedPacket {
  return dissectPacket(record.frame, {
    number: record.id,
    at: record.at,
    ...(record.stream === undefined ? {} : { stream: record.stream }),
    ...(record.repeated === undefined ? {} : { repeated: record.repeated }),
    ...(record.lost === undefined ? {} : { lost: record.lost }),
  });
}

/** The row of a frame; what was taken apart already is not done again. */
export function packetRow(
  record: PacketRecord,
  recorder: RunRecorder,
  dissected: DissectedPacket = dissectRecord(record),
): PacketRow {
  const cable = recorder.run.lan.cables[record.cable];
  const { source, destination, protocol, info } = dissected;
  return {
    id: record.id,
    at: record.at,
    cable: cable?.name ?? '',
    from: (record.fromEnd === 'a' ? cable?.a.id : cable?.b.id) ?? '',
    source,
    destination,
    protocol,
    info,
    length: record.frame.length,
    colour: dissected.colour,
    ...(record.lost === undefined ? {} : { lost: record.lost }),
    ...(record.change === undefined ? {} : { changed: record.change }),
    ...(record.cause === undefined ? {} : { cause: record.cause }),
  };
}

/** A frame on its way. */
export function flightView(record: PacketRecord, recorder: RunRecorder): FlightView {
  const { colour, protocol } = dissectRecord(record);
  const cable = recorder.run.lan.cables[record.cable];
  return {
    packet: record.id,
    cable: cable?.name ?? '',
    fromEnd: record.fromEnd,
    at: record.at,
    arrivesAt: record.arrivesAt ?? record.at,
    colour,
    protocol,
    lost: record.lost !== undefined,
  };
}

/** Everything about a frame; `hops` is its way, told by `hop-story.ts`. */
export function packetDetail(
  record: PacketRecord,
  recorder: RunRecorder,
  hops: readonly HopStory[],
): PacketDetail {
  const dissected = dissectRecord(record);
  return {
    id: record.id,
    row: packetRow(record, recorder, dissected),
    tree: dissected.tree,
    hex: formatHex(record.frame),
    hops,
    causes: causesOf(record, recorder),
    ...(record.stream === undefined ? {} : { stream: record.stream }),
  };
}

/** From the loss back to what somebody did. */
function causesOf(record: PacketRecord, recorder: RunRecorder): PacketDetail['causes'] {
  if (record.lost === undefined) return [];
  const chain: { at: number; text: string; event?: number }[] = [];
  const cable = recorder.run.lan.cables[record.cable];
  const lossAt = Math.max(record.at, 0);
  chain.push({ at: lossAt, text: `lost on ${cable?.name ?? 'a cable'}: ${record.lost}` });
  const { events } = recorder.run.engine.log;
  const fault = record.cause === undefined ? undefined : events[record.cause];
  if (fault === undefined || record.cause === undefined) return chain;
  chain.push({ at: fault.at, text: `${fault.node}: ${eventText(fault)}`, event: record.cause });
  for (let i = record.cause - 1; i >= 0; i--) {
    const before = events[i];
    if (before === undefined || before.at !== fault.at) break;
    if (before.kind !== 'step') continue;
    chain.push({ at: before.at, text: eventText(before), event: i });
    break;
  }
  return chain;
}

/** The payload of a TCP conversation in the order of sending, each segment once. */
export function followStream(
  record: PacketRecord,
  recorder: RunRecorder,
): Extract<ServerMessage, { type: 'stream' }> | undefined {
  const { stream } = record;
  if (stream === undefined) return undefined;
  const { packets } = recorder;
  const seen = new Set<string>();
  const parts: { at: number; from: 'client' | 'server'; packet: number; text: string }[] = [];
  let client: number | undefined;
  let ports: readonly [number, number] = [0, 0];
  let length = 0;
  for (let id = packets.firstId; id <= packets.total && length < STREAM_LENGTH_MAX; id++) {
    const one = packets.get(id);
    const at = one?.stream === stream ? tcpOffset(one.frame) : undefined;
    if (one === undefined || at === undefined) continue;
    const from = readUint16(one.frame, at);
    if (client === undefined) {
      client = from;
      ports = [from, readUint16(one.frame, at + 2)];
    }
    const key = formatHex(one.frame.subarray(at, at + 8));
    const text = payloadText(one.frame, at);
    // The same segment crosses several cables; a retransmission says nothing new either.
    if (text === '' || seen.has(key)) continue;
    seen.add(key);
    length += text.length;
    parts.push({ at: one.at, from: from === client ? 'client' : 'server', packet: one.id, text });
  }
  const { source, destination } = dissectRecord(record);
  return {
    type: 'stream',
    stream,
    client: `${source}:${ports[0]}`,
    server: `${destination}:${ports[1]}`,
    parts,
  };
}

function payloadText(frame: Uint8Array, at: number): string {
  const isV4 = readUint16(frame, 12) === 0x0800;
  const end = isV4 ? 14 + readUint16(frame, 16) : 54 + readUint16(frame, 18);
  let text = '';
  for (let i = at + tcpHeaderLength(frame, at); i < Math.min(end, frame.length); i++) {
    const octet = frame[i] as number;
    const isText =
      octet === 0x0a || octet === 0x0d || octet === 0x09 || (octet >= 0x20 && octet < 0x7f);
    text += isText ? String.fromCharCode(octet) : '.';
  }
  return text;
}
