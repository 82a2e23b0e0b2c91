/** Datagrams of the process connector, as this kernel has sent them (linux/cn_proc.h). */

import { describe, expect, test } from 'vitest';
import { decodeProcessEvent } from '../../../daemon/linux/native/process-connector.ts';

const FORK = 0x1;
const EXEC = 0x2;
const UID = 0x4;
const COMM = 0x200;
const EXIT = 0x8000_0000;

/** `struct nlmsghdr`, `struct cn_msg`, `struct proc_event`. */
function datagram(what: number, data: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(76);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, 3, true);
  view.setUint32(16, 1, true);
  view.setUint32(20, 1, true);
  view.setUint16(32, 40, true);
  view.setUint32(36, what, true);
  for (const [index, value] of data.entries()) view.setUint32(52 + index * 4, value, true);
  return bytes;
}

describe('an event of the process connector', () => {
  test.each([
    ['a fork', FORK, [1775, 1775, 1868, 1868], { kind: 'forked', pid: 1868, parent: 1775 }],
    ['a new thread', FORK, [1775, 1775, 1869, 1775], undefined],
    ['an exec', EXEC, [1868, 1868, 0, 0], { kind: 'changed', pid: 1868 }],
    ['an exec by a thread', EXEC, [1869, 1868, 0, 0], { kind: 'changed', pid: 1868 }],
    ['another name', COMM, [1868, 1868, 0x6e69676e, 0x78], { kind: 'changed', pid: 1868 }],
    ["a thread's other name", COMM, [1869, 1868, 0, 0], undefined],
    ['an exit', EXIT, [1867, 1867, 9, 17], { kind: 'ended', pid: 1867 }],
    ["a thread's exit", EXIT, [1869, 1867, 0, 17], undefined],
    ['another user', UID, [1867, 1867, 0, 0], undefined],
    ["the connector's own answer", 0, [0, 0, 0, 0], undefined],
  ] as const)('%s', (_name, what, data, event) => {
    expect(decodeProcessEvent(datagram(what, data))).toEqual(event);
  });

  test('that is cut off, or of another connector, is none', () => {
    const whole = datagram(EXIT, [1867, 1867, 9, 17]);
    for (let length = 0; length < 68; length++) {
      expect(decodeProcessEvent(whole.subarray(0, length))).toBeUndefined();
    }
    whole[16] = 2;
    expect(decodeProcessEvent(whole)).toBeUndefined();
  });
});
