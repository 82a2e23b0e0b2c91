/**
 * Records random sequences of segments as `../../ipvs/forwarding/tcp-states.json` has them: each is sent through the director by
 * raw sockets, from addresses that never answer, and the entry is read after every segment.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { tcpFrame } from '../../made-frames.ts';
import { chanceOf } from '../chance.ts';
import { type ForwardingLab, VIP } from './lab.ts';
import { PosixSocket } from './sockets.ts';

const SEQUENCES = 150;
const LENGTH = 10;
const SEED = 20_261_131;
const SEGMENTS = {
  SYN: 0x02,
  ACK: 0x10,
  FIN: 0x01,
  RST: 0x04,
  SYNACK: 0x12,
  FINSYN: 0x03,
  RSTACK: 0x14,
  FINACK: 0x11,
  PSHACK: 0x18,
  NULL: 0,
} as const;
type Segment = keyof typeof SEGMENTS;
const NAMES = Object.keys(SEGMENTS) as Segment[];
const NOBODY = '00:00:00:00:00:00';
const CLIENT = '10.10.0.66';
const FIRST_PORT = 1000;
const MODES = {
  masq: { server: '10.20.0.99', method: '-m' },
  dr: { server: '10.10.0.99', method: '-g' },
  tun: { server: '10.10.0.99', method: '-i' },
} as const;

/** Records all modes into a file, with settings of `net.ipv4.vs`. */
export function recordStates(
  lab: ForwardingLab,
  file: string,
  settings: Readonly<Record<string, number>>,
): void {
  for (const [name, value] of Object.entries(settings)) {
    lab.set('director', `net.ipv4.vs.${name}`, value);
  }
  for (const [address, card] of [
    [CLIENT, 'eth0'],
    ['10.10.0.99', 'eth0'],
    ['10.20.0.99', 'eth1'],
  ]) {
    lab.run(
      'director',
      `ip neigh replace ${address} lladdr 02:00:00:00:0a:66 dev ${card} nud permanent`,
    );
  }
  const raw = new Map(
    ['client', 'rs3'].map((name) => [name, lab.inside(name, () => PosixSocket.raw())]),
  );
  const chance = chanceOf(SEED);
  const modes: Record<string, unknown> = {};
  // Entries outlive their service: every mode has ports of its own.
  for (const [number, [mode, { server, method }]] of Object.entries(MODES).entries()) {
    const [clientPort, firstPort] = [40_000 + number * SEQUENCES, FIRST_PORT + number * SEQUENCES];
    lab.run('director', 'ipvsadm -C');
    const lines = Array.from({ length: SEQUENCES }, (_, index) => {
      const key = `-t ${VIP}:${firstPort + index}`;
      return `-A ${key} -s rr\n-a ${key} -r ${server}:${firstPort + index} ${method}`;
    });
    const words = ['netns', 'exec', 'director', 'ipvsadm', '-R'];
    execFileSync('ip', words, { input: `${lines.join('\n')}\n` });
    const random_sequences = Array.from({ length: SEQUENCES }, (_, index) => {
      const port = firstPort + index;
      return Array.from({ length: LENGTH }, (__, place) => {
        const dir = place === 0 || mode !== 'masq' || chance.happens(0.6) ? 'in' : 'out';
        const isFirst = place === 0 && chance.happens(0.9);
        const segment = isFirst ? 'SYN' : chance.pick(NAMES);
        const flags = SEGMENTS[segment];
        if (dir === 'in')
          send(raw.get('client'), `${CLIENT}:${clientPort + index}`, `${VIP}:${port}`, flags);
        else send(raw.get('rs3'), `${server}:${port}`, `${CLIENT}:${clientPort + index}`, flags);
        letKernelWork();
        return { dir, segment, ...look(lab, port) };
      });
    });
    modes[mode] = { first_segment: {}, reached_by: {}, transitions: [], random_sequences };
  }
  for (const one of raw.values()) one.close();
  const note = `as tcp-states.json; seed ${SEED}`;
  const text = JSON.stringify({ note, sysctl: settings, modes }, undefined, 1);
  writeFileSync(
    file,
    `${text.replaceAll(/\{\n\s+("dir"[^}]*?)\n\s+\}/g, (_, inner: string) => `{ ${inner.replaceAll(/\n\s+/g, ' ')} }`)}\n`,
  );
}

function send(socket: PosixSocket | undefined, from: string, to: string, flags: number): void {
  const packet = tcpFrame(NOBODY, NOBODY, from, to, flags).subarray(14);
  socket?.send(packet, [to.split(':')[0] ?? '', 0]);
}

/** A kernel that has much to do leaves frames to a thread of its own, which has its turn while this process sleeps. */
function letKernelWork(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}

/** The entry of a service, and how it is counted. */
function look(lab: ForwardingLab, port: number) {
  return lab.inside('director', () => {
    const hex = port.toString(16).toUpperCase().padStart(4, '0');
    const row = readFileSync('/proc/net/ip_vs_conn', 'latin1')
      .split('\n')
      .map((line) => line.split(/\s+/))
      // A port that is used again: the new entry stands before the old one, which is about to go.
      .find((words) => words[4] === hex);
    const table = readFileSync('/proc/net/ip_vs', 'latin1').split('\n');
    const at = table.findIndex((line) => line.startsWith('TCP ') && line.includes(`:${hex} `));
    const [active, inactive] = (table[at + 1] ?? '').trim().split(/\s+/).slice(-2).map(Number);
    return {
      state: row?.[7] ?? null,
      expires: row === undefined ? null : Number(row[8]),
      counted: (active ?? 0) > 0 ? 'active' : (inactive ?? 0) > 0 ? 'inact' : null,
    };
  });
}
