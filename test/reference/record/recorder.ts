/**
 * Makes one recording: starts captures and monitors, does the plan's steps at their moments, and stamps everything
 * that comes back. Writes the folder in the layout of `../traces/README.md`.
 */

import { type ChildProcess, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { factsOf } from './facts.ts';
import { type NetnsLab, openLab } from './netns-lab.ts';
import type { Plan, Step } from './plan.ts';

/** A line of some program, with the seconds after the begin mark at which it arrived. */
export interface StampedLine {
  readonly at: number;
  readonly from: string;
  readonly text: string;
}

/** Everything that was heard while the recording was made. */
export interface Heard {
  readonly beginEpoch: number;
  readonly log: StampedLine[];
  readonly addresses: StampedLine[];
  readonly neighbours: StampedLine[];
}

interface Session extends Heard {
  readonly plan: Plan;
  readonly folder: string;
  readonly lab: NetnsLab;
  readonly events: Record<string, unknown>[];
  readonly daemons: Map<string, ChildProcess>;
  readonly reloads: Map<string, number>;
  /** By node, the moments of its adverts as seen at its switch port. */
  readonly adverts: Map<string, number[]>;
  readonly helpers: ChildProcess[];
}

/** Seconds of the wall clock; the captures carry the same. */
function epoch(): number {
  return (performance.timeOrigin + performance.now()) / 1000;
}

/** Records `plan` below `output`. */
export async function record(plan: Plan, output: string): Promise<void> {
  const folder = join(output, plan.id);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [node, text] of Object.entries(plan.configs)) {
    writeFileSync(join(folder, `${node}.conf`), text);
  }
  const lab = openLab(plan.lans ?? 1, plan.ipv6 === true);
  process.once('exit', lab.close);
  try {
    becomeRealTime();
    if (plan.ipv6) await sleep(2500);
    const heard = await runPlan(plan, folder, lab);
    await finish(heard);
  } finally {
    lab.close();
    const mine = `vrrp-rec-${process.pid}-`;
    for (const name of readdirSync('/run').filter((one) => one.startsWith(mine))) {
      rmSync(join('/run', name), { force: true });
    }
  }
}

/**
 * As the daemons are: lines must be stamped when they come, whatever else the machine does. Not before the laboratory stands:
 * some of its commands spin for a lock of the kernel, and would keep the lock's holder off the processors for ever.
 */
function becomeRealTime(): void {
  execFileSync('chrt', ['-a', '-f', '-p', '15', String(process.pid)]);
}

async function runPlan(plan: Plan, folder: string, lab: NetnsLab): Promise<Session> {
  const helpers = startCaptures(plan, folder, lab);
  await sleep(800);
  const session: Session = {
    plan,
    folder,
    lab,
    helpers,
    beginEpoch: epoch(),
    log: [],
    addresses: [],
    neighbours: [],
    events: [],
    daemons: new Map(),
    reloads: new Map(),
    adverts: new Map(),
  };
  startMonitors(session);
  // Quiet: nobody reads its lines, and a full pipe would stop it.
  const ping = ['ping', '-q', '-n', '-i', '0.05', plan.pingTo ?? '192.168.100.100'];
  helpers.push(lab.start('client', ping, folder));
  for (const step of plan.steps) {
    await waitFor(session, step);
    perform(session, step);
  }
  await sleepUntil(session, plan.end);
  return session;
}

function startCaptures(plan: Plan, folder: string, lab: NetnsLab): ChildProcess[] {
  const points = [...Array(plan.lans ?? 1).keys()].map((lan) => `br${lan}`);
  if (plan.steps.some((step) => step.do === 'port-detach')) points.push('p1');
  return points.map((point) => {
    const words = ['tcpdump', '-i', point, '-n', '-U', '-s', '0', '-w', `${point}.pcap`];
    return lab.start('sw', words, folder);
  });
}

function startMonitors(session: Session): void {
  const { plan, lab, folder, helpers } = session;
  for (const node of Object.keys(plan.configs)) {
    const monitor = lab.start(node, ['ip', '-o', 'monitor', 'address'], folder);
    listen(session, monitor, (at, text) => session.addresses.push({ at, from: node, text }));
    helpers.push(monitor);
    if (!plan.steps.some((step) => step.afterAdvertOf === node)) continue;
    const source = `src host 192.168.100.${10 + Number(node.slice(1))} and (ip proto 112 or ip proto 51)`;
    const words = ['tcpdump', '-l', '-n', '-i', lab.portOf(node, 'eth0'), source];
    const taps = lab.start('sw', words, folder);
    const moments: number[] = [];
    session.adverts.set(node, moments);
    listen(session, taps, (at, text) => {
      if (text.includes('VRRP') || text.includes('AH')) moments.push(at);
    });
    helpers.push(taps);
  }
  const neighbours = lab.start('client', ['ip', 'monitor', 'neigh'], folder);
  listen(session, neighbours, (at, text) => session.neighbours.push({ at, from: 'client', text }));
  helpers.push(neighbours);
}

function listen(
  session: Session,
  child: ChildProcess,
  heard: (at: number, text: string) => void,
): void {
  let rest = '';
  const take = (chunk: Buffer): void => {
    const at = epoch() - session.beginEpoch;
    const lines = `${rest}${chunk.toString()}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) heard(at, line);
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
}

async function waitFor(session: Session, step: Step): Promise<void> {
  await sleepUntil(session, step.at);
  if (step.afterAdvertOf === undefined) return;
  const moments = session.adverts.get(step.afterAdvertOf) ?? [];
  const seen = moments.length;
  while (moments.length === seen && epoch() - session.beginEpoch < step.at + 5) await sleep(1);
  await sleepUntil(session, (moments.at(-1) ?? 0) + (step.plus ?? 0));
}

async function sleepUntil(session: Session, at: number): Promise<void> {
  const left = session.beginEpoch + at - epoch();
  if (left > 0) await sleep(left * 1000);
}

function perform(session: Session, step: Step): void {
  const { at: _at, afterAdvertOf: _after, plus: _plus, ...act } = step;
  const event: Record<string, unknown> = { at: round(epoch() - session.beginEpoch, 3), ...act };
  delete event['load'];
  session.events.push(event);
  carryOut(session, step, event);
  // A command takes some milliseconds to start; what it does happens at its end.
  if (step.do !== 'start') event['at'] = round(epoch() - session.beginEpoch, 3);
}

function carryOut(session: Session, step: Step, event: Record<string, unknown>): void {
  const { lab } = session;
  switch (step.do) {
    case 'start':
      event['config'] = `${step.node}.conf`;
      startDaemon(session, step.node);
      return;
    case 'signal':
      if (step.load !== undefined) event['config'] = reloadFile(session, step.node, step.load);
      signalDaemon(session, step.node, step.signal);
      return;
    case 'carrier':
      lab.run('sw', linkSet(lab.portOf(step.node, step.nic), step.up));
      return;
    case 'admin':
      lab.run(step.node, linkSet(step.nic, step.up));
      return;
    case 'script':
      if (step.exit === 0) rmSync(scriptFlag(step.node, step.script), { force: true });
      else writeFileSync(scriptFlag(step.node, step.script), '');
      return;
    case 'file':
      writeFileSync(scriptFlag(step.node, step.file), `${step.text}\n`);
      return;
    case 'address-del':
      tryRun(lab, step.node, ['ip', 'address', 'del', step.address, 'dev', step.nic]);
      return;
    case 'neigh-flush':
      lab.run(step.node, ['ip', 'neigh', 'flush', 'all']);
      return;
    default:
      changePort(lab, step);
  }
}

/** In a drawn plan the address may be elsewhere by then; deleting it is an event all the same. */
function tryRun(lab: NetnsLab, machine: string, words: readonly string[]): void {
  try {
    lab.run(machine, words);
  } catch {
    // The machine did not have it.
  }
}

function changePort(lab: NetnsLab, step: Step & { readonly nic: string }): void {
  const port = lab.portOf(step.node, step.nic);
  const bridge = `br${step.nic.slice(3)}`;
  if (step.do === 'port-detach') lab.run('sw', ['ip', 'link', 'set', port, 'nomaster']);
  if (step.do === 'port-attach') lab.run('sw', ['ip', 'link', 'set', port, 'master', bridge]);
  const set = (...words: string[]) =>
    lab.run('sw', ['bridge', 'link', 'set', 'dev', port, ...words]);
  // LISTENING: with spanning tree off the bridge itself would set a BLOCKING port forwarding again.
  if (step.do === 'port-block') set('state', '1');
  if (step.do === 'port-forward') set('state', '3');
  if (step.do === 'mcast-flood') set('mcast_flood', step.on ? 'on' : 'off');
}

function linkSet(name: string, up: boolean): string[] {
  return ['ip', 'link', 'set', name, up ? 'up' : 'down'];
}

/** The script of a plan's configuration tests whether this file is there; a track_file reads it. */
export function scriptFlag(node: string, script: string): string {
  return `/run/vrrp-rec-${process.pid}-${script}-${node}`;
}

function startDaemon(session: Session, node: string): void {
  const { folder, lab, plan } = session;
  const config = (plan.configs[node] ?? '').replaceAll('/run/FLAG', `/run/vrrp-rec-${process.pid}`);
  writeFileSync(join(folder, `${node}.live`), config);
  const files = ['-p', `${node}.pid`, '-r', `${node}.vrrp.pid`];
  // Before all that is not real-time: timers of a busy machine's daemon would be noise in the recording.
  const words = [
    'chrt',
    '-f',
    '20',
    'keepalived',
    '-n',
    '-l',
    '-D',
    '-P',
    '-G',
    '-f',
    `${node}.live`,
    ...files,
  ];
  const daemon = lab.start(node, words, folder);
  listen(session, daemon, (at, text) => {
    const line = text.replace(/^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:.]+ \d{4}: /, '');
    session.log.push({ at, from: node, text: line });
  });
  session.daemons.set(node, daemon);
}

function reloadFile(session: Session, node: string, text: string): string {
  const count = (session.reloads.get(node) ?? 0) + 1;
  session.reloads.set(node, count);
  const name = `${node}.reload${count}.conf`;
  writeFileSync(join(session.folder, name), text);
  const live = text.replaceAll('/run/FLAG', `/run/vrrp-rec-${process.pid}`);
  writeFileSync(join(session.folder, `${node}.live`), live);
  return name;
}

/** keepalived is two processes; KILL, STOP and CONT are for both, the parent first. */
function signalDaemon(session: Session, node: string, signal: string): void {
  const daemon = session.daemons.get(node);
  const pid = daemon?.pid;
  if (pid === undefined || daemon?.exitCode !== null) return;
  const both = ['KILL', 'STOP', 'CONT'].includes(signal);
  const child = both ? childOf(pid) : undefined;
  if (signal === 'KILL') process.kill(pid, 'SIGSTOP');
  if (child !== undefined) process.kill(child, `SIG${signal}`);
  process.kill(pid, `SIG${signal}`);
  // Where nobody buries an orphan at once, the dead child would still count as a running daemon.
  if (signal === 'KILL') rmSync(join(session.folder, `${node}.vrrp.pid`), { force: true });
}

function childOf(pid: number): number | undefined {
  try {
    return Number(execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' }).split('\n')[0]);
  } catch {
    return undefined;
  }
}

async function finish(session: Session): Promise<void> {
  const { plan, folder } = session;
  for (const helper of session.helpers) helper.kill('SIGINT');
  await sleep(300);
  for (const event of session.events) {
    if (event['do'] === 'start') event['ready'] = readyAfter(session, event);
  }
  for (const name of ['br0', 'br1', 'p1']) {
    const file = join(folder, `${name}.pcap`);
    if (existsSync(file)) execFileSync('gzip', ['-9fn', file]);
  }
  for (const node of Object.keys(plan.configs)) {
    for (const name of [`${node}.live`, `${node}.pid`, `${node}.vrrp.pid`]) {
      rmSync(join(folder, name), { force: true });
    }
  }
  const script = {
    id: plan.id,
    title: plan.title,
    nodes: Object.keys(plan.configs),
    lans: plan.lans ?? 1,
    ipv6: plan.ipv6 === true,
    ping: { from: 'client', to: plan.pingTo ?? '192.168.100.100', every: 0.05, at: 0 },
    end: plan.end,
    events: session.events,
  };
  writeFileSync(join(folder, 'events.json'), `${JSON.stringify(script, undefined, 1)}\n`);
  const facts = { id: plan.id, title: plan.title, ...factsOf(session, folder) };
  writeFileSync(join(folder, 'facts.json'), `${JSON.stringify(facts, undefined, 1)}\n`);
  const log = session.log.map(
    (line) => `${line.at.toFixed(4).padStart(9)} ${line.from} ${line.text}`,
  );
  writeFileSync(join(folder, 'keepalived.log'), `${log.join('\n')}\n`);
}

/** What keepalived says just before its timers begin; a state may come later, after scripts or a startup delay. */
const TIMERS_BEGIN = /^Delaying startup|removing VIPs\.$| Entering \S+ STATE|^Startup complete$/;

/** The daemon's timers begin when it has looked at its interfaces. */
function readyAfter(session: Session, event: Record<string, unknown>): number {
  const after = Number(event['at']);
  const lines = session.log.filter((line) => line.from === event['node'] && line.at >= after);
  const ready = lines.find((line) => TIMERS_BEGIN.test(line.text));
  return round(ready?.at ?? after, 4);
}

/** Rounds to so many digits behind the point. */
export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
