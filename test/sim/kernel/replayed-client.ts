/** Three hosts of a recording: the client that pings the VIP, and two owners told what to do. */

import type { Kernel } from '../../../sim/kernel/kernel.ts';
import {
  echoRequest,
  garp,
  ip4,
  makeSmallLan,
  prefix,
  type SmallLan,
  watchNeighbours,
} from './small-lan.ts';

/** What is done in a recording, by hand here where keepalived did it there. */
export interface RecordedEvent {
  readonly at: number;
  readonly do: 'take' | 'give' | 'announce' | 'flush' | 'mute' | 'unmute' | 'unplug' | 'replug';
  readonly by: 'n1' | 'n2' | 'client';
}

export interface Recording {
  readonly id: string;
  readonly probeAt: number;
  readonly pingsFrom: number;
  readonly end: number;
  /**
   * Who answers first when both owners answer one request: a race that the cabling order decides
   * here.
   */
  readonly fastest?: 'n1' | 'n2';
  readonly events: readonly RecordedEvent[];
  /** Moments of the client's own ARP requests. */
  readonly arps: readonly number[];
  readonly neighbours: readonly (readonly [at: number, text: string])[];
}

const VIP = ip4('192.168.100.100');
const VIP_PREFIX = prefix('192.168.100.100/24');
/** Slots of the wheel level that a 5 s timer falls in: 64 ticks of 4 ms. */
const SLOT_US = 256_000;

/** The text of a neighbour line as `watchNeighbours` writes it. */
export function confirmed(text: string): string {
  const deleted = text.startsWith('Deleted ') ? 'Deleted ' : '';
  return `${deleted}192.168.100.100 dev eth0 ${text.replace('Deleted ', '')}`;
}

/**
 * Plays a recording and gives the client's neighbour lines, the moments of its requests, and all
 * frames.
 */
export function replay(recording: Recording) {
  const lan = makeSmallLan();
  const tickPhaseUs = SLOT_US - (Math.round(recording.probeAt * 1e6) % SLOT_US);
  const addOwner = (name: 'n1' | 'n2') => {
    const digit = name === 'n1' ? '1' : '2';
    return lan.addHost(name, {
      mac: `02:00:00:00:00:1${digit}`,
      address: `192.168.100.1${digit}/24`,
      tickPhaseUs,
    });
  };
  const first = recording.fastest ?? 'n1';
  const owners = new Map([[first, addOwner(first)]]);
  const second = first === 'n1' ? 'n2' : 'n1';
  owners.set(second, addOwner(second));
  const client = lan.addHost('client', {
    mac: '02:00:00:00:00:50',
    address: '192.168.100.50/24',
    tickPhaseUs,
  });
  const hostOf = (name: RecordedEvent['by']) =>
    name === 'client' ? client : (owners.get(name) ?? client);
  const lines = watchNeighbours(client, lan.engine);
  for (let i = 0; recording.pingsFrom + i * 0.05 < recording.end; i++) {
    lan.at(recording.pingsFrom + i * 0.05, () => void client.sendIp(echoRequest(VIP, i)));
  }
  for (const event of recording.events) {
    lan.at(event.at, () => act(lan, event, hostOf(event.by)));
  }
  lan.runTo(recording.end);
  const requests = lan.frames
    .filter((frame) => frame.from === 'client' && frame.text.includes('who-has 192.168.100.100'))
    .map((frame) => frame.at / 1e6);
  return {
    neighbours: lines.filter((line) => line.text.includes('192.168.100.100 ')),
    requests,
    frames: lan.frames,
  };
}

function act(lan: SmallLan, event: RecordedEvent, kernel: Kernel): void {
  switch (event.do) {
    case 'take':
      kernel.addAddress('eth0', VIP_PREFIX);
      for (let i = 0; i < 5; i++) garp(kernel, 'eth0', VIP);
      return;
    case 'give':
      kernel.deleteAddress('eth0', VIP_PREFIX);
      return;
    case 'announce':
      for (let i = 0; i < 5; i++) garp(kernel, 'eth0', VIP);
      return;
    case 'flush':
      kernel.flushNeighbours();
      return;
    case 'mute':
    case 'unmute':
      lan.cable(event.by).impair('both', { muted: event.do === 'mute' ? true : undefined });
      return;
    case 'unplug':
      lan.cable(event.by).unplug();
      return;
    case 'replug':
      lan.cable(event.by).replug();
  }
}
