/** Reads the inputs of a bridged run back, in order; see `recording-writer.ts` for the form. */

import * as z from 'zod';
import type { TimeUs } from '../../daemon/base/time.ts';
import type { CapturedPacket } from '../report/capture-file.ts';
import { readCapture } from '../report/pcap-read.ts';
import type { OutsideInput } from './outside-input.ts';

const documentSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('action'), name: z.string(), args: z.unknown() }),
  z.object({ kind: z.literal('exec'), terminal: z.string(), host: z.string(), line: z.string() }),
  z.object({ kind: z.literal('cancel'), terminal: z.string() }),
]);

const at = z.int().min(1);

const remarkSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('carrier'), at, port: z.int().min(0), up: z.boolean() }),
  z.object({ kind: z.literal('stopped'), at }),
  z.object({ kind: z.literal('mark'), at }),
  z.object({ kind: z.literal('continued'), at }),
  z.object({
    kind: z.literal('deed'),
    at,
    index: z.int().min(0),
    name: z.string().optional(),
    documents: z.array(documentSchema),
  }),
]);

/** The inputs of a recording; a text says why it cannot be replayed. */
export function readRecording(
  bytes: Uint8Array,
  epochUs: number,
): readonly OutsideInput[] | string {
  // A Buffer of Node would cut frames that share their memory; plain arrays copy.
  const capture = readCapture(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  // A run that was killed leaves a last block that is cut off; what came before it is whole.
  if (capture.packets.length === 0 && capture.problem !== undefined) return capture.problem;
  const inputs: OutsideInput[] = [];
  let last = 0;
  for (const packet of capture.packets) {
    const time = packet.timeUs - epochUs;
    if (!Number.isSafeInteger(time) || time < last) return 'times of the recording run backwards';
    last = time;
    const problem = addPacket(inputs, packet, time as TimeUs);
    if (problem !== undefined) return problem;
  }
  return inputs;
}

function addPacket(
  inputs: OutsideInput[],
  packet: CapturedPacket,
  time: TimeUs,
): string | undefined {
  if (packet.bytes.length === 0) {
    const remark = remarkSchema.safeParse(jsonOf(packet.comment ?? ''));
    if (!remark.success) return 'an input of the recording cannot be read';
    inputs.push({ ...remark.data, at: time } as OutsideInput);
    return undefined;
  }
  const before = inputs.at(-1);
  if (before?.kind === 'frames' && before.at === time) {
    if (before.port !== packet.interfaceIndex) return 'two ports at one moment';
    (before.frames as Uint8Array[]).push(packet.bytes);
  } else {
    const port = packet.interfaceIndex;
    inputs.push({ kind: 'frames', at: time, port, frames: [packet.bytes] });
  }
  return undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
