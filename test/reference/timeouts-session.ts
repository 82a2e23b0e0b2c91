/**
 * The recordings under `forwarding/timeouts`: a shell on a director with notes of what clients and servers did in between. The
 * notes name ports and the lists show the states, so each connection is brought into the state that the next list shows by
 * the segments that lead there, in the words of the notes; what is judged is every list: states, seconds left, `--set`,
 * the files of /proc, and the moments at which a connection that was reset is shown with another number of seconds.
 */

import { readFileSync } from 'node:fs';
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from '../../daemon/wire/tcp.ts';
import { procFile } from '../../sim/host/proc-files.ts';
import { type Director, makeDirector, setNeighbours } from './ipvs-director.ts';
import { tcpFrame, udpFrame } from './made-frames.ts';

interface Step {
  readonly note: string;
  readonly command: string;
  readonly output: readonly string[];
}

interface Entry {
  readonly protocol: string;
  readonly seconds: number;
  readonly state: string;
  readonly client: string;
  readonly virtual: string;
  readonly server: string;
}

/** Seconds left may differ by one: the recorded shell took its time. */
const SLACK_S = 1;
/** Between two commands, in seconds. */
const STEP_S = 0.05;
const CLIENT_MAC = '02:00:00:00:0a:01';
const SERVER_MAC = '02:00:00:00:0b:13';
const DIRECTOR_MACS = ['02:00:00:00:0a:fe', '02:00:00:00:0b:fe'] as const;

/** Whether a file is such a recording: commands without exit codes, and lists of connections. */
export function isTimeoutsSession(path: string): boolean {
  if (!path.endsWith('.txt')) return false;
  const text = readFileSync(path, 'utf8');
  return (
    text.startsWith('$ ipvsadm ') && /^\$ ipvsadm -Lnc$/m.test(text) && !/^\[rc \d/m.test(text)
  );
}

/** What differs between such a recording and the twin. */
export function timeoutsDifferences(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  const session = new Session();
  const differences = readSteps(text).flatMap((step) => session.judge(step));
  return [...differences, ...countdownDifferences(text)];
}

function readSteps(text: string): Step[] {
  const steps: { note: string; command: string; output: string[] }[] = [];
  let note = '';
  for (const line of text.split('\n')) {
    if (line.startsWith('# ')) note = line.slice(2);
    else if (line.startsWith('$ ')) {
      steps.push({ note, command: line.slice(2), output: [] });
      note = '';
    } else if (line !== '') steps.at(-1)?.output.push(line);
  }
  return steps;
}

/** A director, and how far each of its connections has come. */
class Session {
  readonly #director: Director = makeDirector();
  #now = 1;
  #known = new Map<string, Entry>();

  constructor() {
    setNeighbours(this.#director, [['10.20.0.13', SERVER_MAC]]);
    for (let octet = 1; octet < 100; octet++) {
      setNeighbours(this.#director, [[`10.10.0.${octet}`, CLIENT_MAC]]);
    }
    this.#pass(0);
  }

  judge({ note, command, output }: Step): string[] {
    this.#pass(STEP_S);
    const shown = /^cat (\/proc\/\S+)$/.exec(command)?.[1];
    if (shown !== undefined) {
      const ours = procFile(shown, this.#director.kernel.ipvs)?.trimEnd().split('\n') ?? [];
      return listDifferences(command, ours, output, 1);
    }
    if (command === 'ipvsadm -Lnc') {
      this.#follow(
        note,
        output.flatMap((line) => readEntry(line) ?? []),
      );
      this.#pass(STEP_S);
    }
    const ours = this.#director
      .ipvsadm(command.replace(/^ipvsadm /, ''))
      .trimEnd()
      .split('\n');
    if (command !== 'ipvsadm -Lnc') {
      return listDifferences(
        command,
        ours.filter((line) => line !== ''),
        output,
        0,
      );
    }
    return listDifferences(command, ours, output, 2);
  }

  /** Does what leads to the entries of the next list, unless nothing was noted. */
  #follow(note: string, entries: readonly Entry[]): void {
    if (note === '') return;
    for (const entry of entries) {
      const key = `${entry.protocol} ${entry.client}`;
      const before = this.#known.get(key);
      const isRefreshed = before !== undefined && isNamed(note, entry);
      if (before === undefined) this.#begin(entry);
      else if (before.state !== entry.state) this.#close(entry, before.state);
      else if (isRefreshed) this.#touch(entry);
      this.#known.set(key, entry);
    }
  }

  #begin(entry: Entry): void {
    if (entry.protocol === 'UDP') {
      this.#touch(entry);
      return;
    }
    this.#client(entry, TCP_SYN);
    if (entry.state === 'SYN_RECV') return;
    this.#server(entry, TCP_SYN | TCP_ACK);
    this.#client(entry, TCP_ACK);
    if (entry.state === 'CLOSE') this.#client(entry, TCP_RST | TCP_ACK);
    if (/CLOSE_WAIT|TIME_WAIT/.test(entry.state)) this.#client(entry, TCP_FIN | TCP_ACK);
    if (/FIN_WAIT|TIME_WAIT/.test(entry.state)) this.#server(entry, TCP_FIN | TCP_ACK);
  }

  #close(entry: Entry, before: string): void {
    if (entry.state !== 'TIME_WAIT') this.#begin(entry);
    else if (before === 'CLOSE_WAIT') this.#server(entry, TCP_FIN | TCP_ACK);
    else if (before === 'FIN_WAIT') this.#client(entry, TCP_FIN | TCP_ACK);
  }

  #touch(entry: Entry): void {
    if (entry.protocol !== 'UDP') {
      this.#client(entry, TCP_ACK);
      return;
    }
    const frame = udpFrame(CLIENT_MAC, DIRECTOR_MACS[0], entry.client, entry.virtual);
    this.#director.receive('eth0', frame);
  }

  #client(entry: Entry, flags: number): void {
    const frame = tcpFrame(CLIENT_MAC, DIRECTOR_MACS[0], entry.client, entry.virtual, flags);
    this.#director.receive('eth0', frame);
    this.#pass(0.001);
  }

  #server(entry: Entry, flags: number): void {
    const frame = tcpFrame(SERVER_MAC, DIRECTOR_MACS[1], entry.server, entry.client, flags);
    this.#director.receive('eth1', frame);
    this.#pass(0.001);
  }

  #pass(secondsCount: number): void {
    this.#now += secondsCount;
    this.#director.engine.runUntil(Math.round(this.#now * 1e6) as never);
  }
}

/** Whether a note names an entry that was there: by its port, or `the UDP entry`. */
function isNamed(note: string, { client, protocol }: Entry): boolean {
  const port = client.split(':')[1] ?? '';
  return /packet/.test(note) && (note.includes(port) || (protocol === 'UDP' && /UDP/.test(note)));
}

/** `TCP 14:59  ESTABLISHED 10.10.0.1:45001    10.10.0.100:80     10.20.0.13:8080` */
function readEntry(line: string): Entry | undefined {
  const words = line.trim().split(/\s+/);
  const [protocol = '', left = '', state = '', client = '', virtual = '', server = ''] = words;
  const match = /^(\d+):(\d\d)$/.exec(left);
  if (match === null) return undefined;
  const seconds = Number(match[1]) * 60 + Number(match[2]);
  return { protocol, seconds, state, client, virtual, server };
}

/** Lists agree as sets behind their head, seconds within the slack, and in their columns. */
function listDifferences(
  command: string,
  ours: readonly string[],
  theirs: readonly string[],
  head: number,
): string[] {
  const sorted = (lines: readonly string[]) => [
    ...lines.slice(0, head),
    ...lines.slice(head).sort((a, b) => (bare(a) < bare(b) ? -1 : 1)),
  ];
  const [own, recorded] = [sorted(ours), sorted(theirs)];
  const isSame =
    own.length === recorded.length &&
    own.every((line, index) => {
      const other = recorded[index] ?? '';
      if (line.trimEnd() === other.trimEnd()) return true;
      return bare(line) === bare(other) && Math.abs(left(line) - left(other)) <= SLACK_S;
    });
  return isSame ? [] : [`$ ${command}\n${own.join('\n')}\nrecorded\n${recorded.join('\n')}`];
}

/** A line without its seconds. */
const bare = (line: string): string =>
  line
    .trimEnd()
    .replace(/ \d\d:\d\d /, ' MM:SS ')
    .replace(/ +\d+$/, ' N');

function left(line: string): number {
  const clock = / (\d\d):(\d\d) /.exec(line);
  if (clock !== null) return Number(clock[1]) * 60 + Number(clock[2]);
  return Number(/(\d+)$/.exec(line.trimEnd())?.[1] ?? 0);
}

/** `# RST at t=0; … at each change: [(0.0, ('CLOSE', 10)), …, (10.24, None)]`, where the text tells it. */
function countdownDifferences(text: string): string[] {
  const told = /^# RST at t=0;.*change: \[(.*)\]$/m.exec(text)?.[1];
  if (told === undefined) return [];
  const changes = [...told.matchAll(/\(([\d.]+), (?:\('(\w+)', (\d+)\)|None)\)/g)];
  const director = makeDirector();
  setNeighbours(director, [
    ['10.10.0.1', CLIENT_MAC],
    ['10.20.0.13', SERVER_MAC],
  ]);
  director.ipvsadm('-A -t 10.10.0.100:80 -s rr');
  director.ipvsadm('-a -t 10.10.0.100:80 -r 10.20.0.13:8080 -m');
  const at = (secondsCount: number) =>
    director.engine.runUntil(Math.round((1 + secondsCount) * 1e6) as never);
  at(-0.01);
  const client = (flags: number) =>
    director.receive(
      'eth0',
      tcpFrame(CLIENT_MAC, DIRECTOR_MACS[0], '10.10.0.1:45010', '10.10.0.100:80', flags),
    );
  client(TCP_SYN);
  director.receive(
    'eth1',
    tcpFrame(SERVER_MAC, DIRECTOR_MACS[1], '10.20.0.13:8080', '10.10.0.1:45010', TCP_SYN | TCP_ACK),
  );
  client(TCP_ACK);
  at(0);
  client(TCP_RST | TCP_ACK);
  const shown = () => {
    const [entry] = director.kernel.ipvs.connections();
    return entry === undefined ? 'None' : `${entry.state} ${entry.expiresSeconds}`;
  };
  return changes.flatMap(([, moment, state, seconds], index) => {
    // What is shown between two changes, and that nothing is left behind the last.
    const next = Number(changes[index + 1]?.[1] ?? Number(moment) + 1);
    if (next - Number(moment) < 0.5) return [];
    at((Number(moment) + next) / 2);
    const wanted = state === undefined ? 'None' : `${state} ${seconds}`;
    return shown() === wanted
      ? []
      : [`${moment} s behind the reset: ${shown()}, recorded ${wanted}`];
  });
}
