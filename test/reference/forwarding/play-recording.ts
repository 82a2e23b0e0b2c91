/**
 * Builds the LAN of a recording in the twin (hosts on one switch a network, a router where one was), lets its programs do what
 * the recorded ones did at their moments, and hears every vantage point.
 */

import { seconds, type TimeUs } from '../../../daemon/base/time.ts';
import { parseMac } from '../../../daemon/wire/mac-address.ts';
import { type ScenarioRun, startRun } from '../../../sim/scenario/run.ts';
import type { SeenFrame } from './forwarding-recording.ts';
import { BEGIN_S, ip, kernelOf, type Outcome } from './lan-run.ts';
import type { LostAnswer } from './lost-answers.ts';
import { Programs } from './programs.ts';
import type { ReadFrame, RecordedMachine } from './recorded-lan.ts';
import type { Action, Served } from './recorded-programs.ts';
import { scenarioOf } from './recorded-scenario.ts';

/** What is heard after the last recorded frame. */
const AFTERWARDS_S = 0.3;

/** What to build and to do. */
export interface Play {
  readonly machines: readonly RecordedMachine[];
  readonly frames: readonly ReadFrame[];
  readonly vip: string;
  readonly setup: readonly string[];
  readonly settings: readonly (readonly [string, string])[];
  /** Lines for the director's shell; `unplug rs1`, `plug rs1` for cables. */
  readonly commands: readonly {
    readonly at: number;
    readonly line: string;
    /** Whose shell; the first director's without. */
    readonly on?: string;
  }[];
  readonly actions: readonly Action[];
  readonly served: readonly Served[];
  /** Name of a point that hears everything once, as it is sent; absent where each point hears its card. */
  readonly hearsAll?: string;
  readonly lost: readonly LostAnswer[];
  /** Connections whose server was heard; others are closed when their client closes. */
  readonly known: ReadonlySet<string>;
  /** Moments (s) at which `look` is called. */
  readonly looks: readonly { readonly at: number; look(run: ScenarioRun): void }[];
  readonly end: number;
  /** The client's kernel repeats its first SYNs each second: Linux 6.5 or later. */
  readonly isNewClient: boolean;
  /**
   * ICMP errors that the director has sent to the client before the recording began: so many tokens are gone from the bucket
   * of six (`icmp_ratelimit`, one a second), spent so long (s) before.
   */
  readonly spent: { readonly errors: number; readonly before: number };
}

/** Nothing was sent before. */
export const NO_SPENT_ERRORS = { errors: 0, before: 0.2 } as const;

/** What was heard and seen. */
export interface Played {
  readonly frames: readonly SeenFrame[];
  readonly outcomes: readonly Outcome[];
  /** What servers got, by `machine peer:port`. */
  readonly got: ReadonlyMap<string, string>;
  /** What came in by UDP, anywhere. */
  readonly datagrams: readonly string[];
  readonly problems: readonly string[];
}

/** Plays a recording on a LAN. */
export function playRecording(play: Play): Played {
  const run = startRun(scenarioOf(play));
  const heard: SeenFrame[] = [];
  const problems: string[] = [];
  const programs = new Programs(run, play, problems);
  run.advanceTo(seconds(1) as number as TimeUs);
  for (const machine of play.machines) prepare(run, play, machine);
  const director = play.machines.find(({ role }) => role === 'director')?.name ?? '';
  for (const line of play.setup) shell(run, director, `ipvsadm ${line}`, problems);
  for (const line of play.settings) shell(run, director, `sysctl -w ${line.join('=')}`, problems);
  programs.serve();
  run.advanceTo(micro(-play.spent.before));
  spendErrors(run, play);
  run.advanceTo(micro(-0.001));
  for (const machine of play.machines) listen(run, machine, play.hearsAll, heard);
  for (const { at, line, on } of play.commands) {
    run.engine.schedule(
      micro(at),
      { onEvent: () => command(run, on ?? director, line, problems) },
      0,
      undefined,
    );
  }
  for (const one of play.lost) loseAnswer(run, one);
  for (const action of play.actions) {
    run.engine.schedule(
      micro(action.at),
      { onEvent: () => programs.perform(action) },
      0,
      undefined,
    );
  }
  for (const { at, look } of [...play.looks].sort((one, other) => one.at - other.at)) {
    run.advanceTo(micro(at));
    look(run);
  }
  run.advanceTo(micro(play.end + AFTERWARDS_S));
  return {
    frames: heard.map((each) => ({ ...each, at: each.at / 1e6 - BEGIN_S })),
    outcomes: programs.outcomes,
    got: programs.got,
    datagrams: programs.datagrams,
    problems,
  };
}

const micro = (at: number): TimeUs => Math.round((BEGIN_S + at) * 1e6) as TimeUs;

function mac(text: string) {
  const value = parseMac(text);
  if (value === undefined) throw new Error(text);
  return value;
}

function shell(run: ScenarioRun, name: string, line: string, problems: string[]): void {
  run.lan.hosts.get(name)?.exec(line, ({ exitCode, stderr }) => {
    if (exitCode !== 0) problems.push(`${name}: ${line}: ${stderr.trim()}`);
  });
}

function command(run: ScenarioRun, director: string, line: string, problems: string[]): void {
  const cable = /^(un)?plug (\S+)$/.exec(line);
  if (cable === null) {
    shell(run, director, line, problems);
    return;
  }
  const found = run.lan.cableAt(cable[2] ?? '', 'eth0');
  if (cable[1] === undefined) found?.replug();
  else found?.unplug();
}

/** Neighbours that were known before, and switches that have learned everybody. */
function prepare(run: ScenarioRun, { machines, vip }: Play, machine: RecordedMachine): void {
  const kernel = kernelOf(run, machine.name);
  for (const [index, card] of machine.cards.entries()) {
    const frame = new Uint8Array(60);
    frame.fill(0xff, 0, 6);
    frame.set(
      card.mac.split(':').map((part) => Number.parseInt(part, 16)),
      6,
    );
    frame.set([0x88, 0xcc], 12);
    kernel.sendFrame(`eth${index}`, frame);
    const others = machines.flatMap((other) => (other === machine ? [] : other.cards));
    for (const other of others.filter(({ network }) => network === card.network)) {
      const owner = isOwner(machines, other) ? [vip] : [];
      for (const address of [...other.addresses, ...owner]) {
        if (card.asksFor.has(address)) continue;
        const state = card.confirms.has(address) ? 'STALE' : 'PERMANENT';
        kernel.setNeighbour(`eth${index}`, ip(address), mac(other.mac), state);
      }
    }
  }
}

/** For some milliseconds nothing of what the machine sends arrives. */
function loseAnswer(run: ScenarioRun, { machine, at }: LostAnswer): void {
  const mute = (muted: true | undefined) => () =>
    run.lan.cableAt(machine, 'eth0')?.impair('a-to-b', { muted });
  run.engine.schedule(micro(at - 0.001), { onEvent: mute(true) }, 0, undefined);
  run.engine.schedule(micro(at + 0.01), { onEvent: mute(undefined) }, 0, undefined);
}

/** Datagrams to a port of the VIP where nobody is: each is answered with an ICMP error. */
function spendErrors(run: ScenarioRun, { machines, vip, spent }: Play): void {
  const client = machines.find(({ role }) => role === 'client');
  if (client === undefined || spent.errors === 0) return;
  const socket = kernelOf(run, client.name).openUdp({
    family: 'inet',
    onDatagram: () => undefined,
  });
  if (typeof socket === 'string') throw new Error(socket);
  for (let i = 0; i < spent.errors; i++) socket.send(new Uint8Array(4), ip(vip), 9);
}

/** Whether the VIP is on the card at the start. */
function isOwner(machines: readonly RecordedMachine[], card: RecordedMachine['cards'][number]) {
  return machines.find(({ role }) => role === 'director')?.cards[0] === card;
}

/** Hears the cards that have a vantage point. */
function listen(
  run: ScenarioRun,
  machine: RecordedMachine,
  all: string | undefined,
  heard: SeenFrame[],
): void {
  for (const [index, card] of machine.cards.entries()) {
    const point = all ?? card.point;
    if (point === undefined) continue;
    kernelOf(run, machine.name).openPacket({
      link: `eth${index}`,
      promiscuous: true,
      onFrame: (frame, _link, direction) => {
        if (all !== undefined && direction === 'in') return;
        heard.push({ at: run.engine.now, point, frame: frame.slice() });
      },
    });
  }
}
