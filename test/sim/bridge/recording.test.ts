/** Inputs from outside: written, read back, and carried out again with the same outcome. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { timeUs } from '../../../daemon/base/time.ts';
import { freeInstant, type OutsideInput } from '../../../sim/bridge/outside-input.ts';
import { readRecording } from '../../../sim/bridge/recording-reader.ts';
import { RecordingWriter } from '../../../sim/bridge/recording-writer.ts';
import { readCapture } from '../../../sim/report/pcap-read.ts';
import { markedFrame } from '../lan/port-contract.ts';

const EPOCH = 1_767_225_600_000_000;
const folder = mkdtempSync(join(tmpdir(), 'lantwin-recording-'));
afterAll(() => rmSync(folder, { recursive: true }));

const INPUTS: readonly OutsideInput[] = [
  { kind: 'carrier', at: timeUs(1), port: 1, up: false },
  { kind: 'frames', at: timeUs(500), port: 0, frames: [markedFrame(1), markedFrame(2)] },
  { kind: 'frames', at: timeUs(501), port: 1, frames: [markedFrame(3).subarray(0, 59)] },
  { kind: 'mark', at: timeUs(1_000_000) },
  { kind: 'stopped', at: timeUs(2_000_000) },
  { kind: 'continued', at: timeUs(12_000_000) },
  {
    kind: 'deed',
    at: timeUs(12_000_001),
    index: 3,
    name: 'pulls a cable',
    documents: [
      { kind: 'action', name: 'unplug', args: 'r1:eth0' },
      { kind: 'exec', terminal: 't', host: 'r1', line: 'ip a' },
      { kind: 'cancel', terminal: 't' },
    ],
  },
];

function write(inputs: readonly OutsideInput[]): Uint8Array {
  const path = join(folder, 'x.pcapng');
  const ports = ['tap0', 'tap1'];
  const writer = new RecordingWriter({ path, epochUs: EPOCH, application: 'test', ports });
  for (const input of inputs) writer.add(input);
  writer.close();
  return readFileSync(path);
}

describe('a recording', () => {
  it('gives back what was written, in order', () => {
    expect(readRecording(write(INPUTS), EPOCH)).toEqual(INPUTS);
  });

  it('is a capture that other tools read, with names and times', () => {
    const capture = readCapture(write(INPUTS));
    expect(capture.problem).toBeUndefined();
    expect(capture.interfaces.map((one) => one.name)).toEqual(['tap0', 'tap1']);
    const frames = capture.packets.filter((packet) => packet.bytes.length > 0);
    expect(frames.map((one) => one.timeUs - EPOCH)).toEqual([500, 500, 501]);
    expect(frames.map((one) => one.direction)).toEqual(['inbound', 'inbound', 'inbound']);
  });

  it('that was cut off gives what came before the cut', () => {
    const whole = write(INPUTS);
    for (let cut = 200; cut < whole.length; cut += 13) {
      const read = readRecording(whole.subarray(0, cut), EPOCH);
      if (typeof read === 'string') continue;
      expect(read.length).toBeLessThanOrEqual(INPUTS.length);
      for (const [index, input] of read.entries()) {
        expect(input.kind).toBe(INPUTS[index]?.kind);
      }
    }
  });

  it('of something else is refused with a reason', () => {
    expect(readRecording(Uint8Array.of(1, 2, 3, 4), EPOCH)).toBe('pcap:not-a-capture');
    expect(readRecording(write(INPUTS), EPOCH * 2)).toMatch(/backwards/);
  });
});

describe('freeInstant', () => {
  it('goes on to the first moment in which no step acts', () => {
    expect(freeInstant(new Set([5, 6, 8]), 5)).toBe(7);
    expect(freeInstant(new Set([5, 6, 8]), 4)).toBe(4);
  });
});
