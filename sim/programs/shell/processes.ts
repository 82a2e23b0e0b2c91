/** Commands about processes: pidof, pgrep, pkill, kill, killall, ps. */

import type { ProgramSignal } from '../../host/machine.ts';
import type { ProcessRow } from '../../host/processes.ts';
import { type CommandIo, fail, readOptions, type ShellCommand, succeed } from './shell-command.ts';

const SIGNALS: ReadonlyMap<string, ProgramSignal | 'NONE'> = new Map<
  string,
  ProgramSignal | 'NONE'
>([
  ['0', 'NONE'],
  ['1', 'HUP'],
  ['HUP', 'HUP'],
  ['2', 'INT'],
  ['INT', 'INT'],
  ['9', 'KILL'],
  ['KILL', 'KILL'],
  ['10', 'USR1'],
  ['USR1', 'USR1'],
  ['12', 'USR2'],
  ['USR2', 'USR2'],
  ['15', 'TERM'],
  ['TERM', 'TERM'],
  ['18', 'CONT'],
  ['CONT', 'CONT'],
  ['19', 'STOP'],
  ['STOP', 'STOP'],
  ['36', 'RTMIN+2'],
  ['RTMIN+2', 'RTMIN+2'],
  ['63', 'RTMAX-1'],
  ['RTMAX-1', 'RTMAX-1'],
]);

/** pidof: numbers of the processes with that name, the latest first. */
export const pidof: ShellCommand = (io) => {
  const parsed = readOptions(io.words, { flags: 'scxqnw', valued: 'oSd' });
  const names = parsed.rest.map((path) => path.slice(path.lastIndexOf('/') + 1));
  let pids = names.flatMap((name) => io.machine.processes.named(name).map((row) => row.pid));
  if (parsed.flags.has('s')) pids = pids.slice(0, 1);
  if (pids.length === 0) return io.exit(1);
  if (!parsed.flags.has('q')) io.out(`${pids.join(parsed.values.get('S') ?? ' ')}\n`);
  io.exit(0);
};

/** pgrep and pkill: processes whose name (-f: command line) matches. */
export const pgrep: ShellCommand = (io) => {
  const words = [...io.words];
  const signal = io.name === 'pkill' ? takeSignal(words) : 'NONE';
  if (signal === undefined) return fail(io, `${io.name}: invalid signal`, 2);
  const parsed = readOptions(words, { flags: 'flaxcvno', valued: 'uPd' });
  const pattern = parsed.rest[0];
  if (pattern === undefined) return fail(io, `${io.name}: no matching criteria specified`, 2);
  const expression = regularExpression(pattern);
  if (expression === undefined) return fail(io, `${io.name}: Unmatched [ or similar`, 2);
  const rows = io.machine.processes.rows().filter((row) => {
    const text = parsed.flags.has('f') ? row.arguments.join(' ') : row.name;
    const match = expression.exec(text);
    return match !== null && (!parsed.flags.has('x') || match[0] === text);
  });
  if (io.name === 'pkill') for (const row of rows) send(io, row.pid, signal);
  else if (parsed.flags.has('c')) io.out(`${rows.length}\n`);
  else io.out(rows.map((row) => `${row.pid}${suffix(row, parsed.flags)}\n`).join(''));
  io.exit(rows.length > 0 ? 0 : 1);
};

/** kill: a signal to process numbers. */
export const kill: ShellCommand = (io) => {
  const words = [...io.words];
  if (words[0] === '-l')
    return succeed(
      io,
      ' 1) SIGHUP\t 2) SIGINT\t 9) SIGKILL\t10) SIGUSR1\n' +
        '12) SIGUSR2\t15) SIGTERM\t18) SIGCONT\t19) SIGSTOP\n',
    );
  const first = words[0] ?? '';
  const signal = takeSignal(words);
  if (signal === undefined)
    return fail(io, `bash: kill: ${first.replace(/^-/, '')}: invalid signal specification`, 1);
  if (words.length === 0) {
    return fail(
      io,
      'kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... ' +
        'or kill -l [sigspec]',
      2,
    );
  }
  let code = 0;
  for (const word of words) {
    if (!/^\d+$/.test(word)) {
      io.err(`bash: kill: ${word}: arguments must be process or job IDs\n`);
      code = 1;
    } else if (!send(io, Number(word), signal)) {
      io.err(`bash: kill: (${word}) - No such process\n`);
      code = 1;
    }
  }
  io.exit(code);
};

/** killall: a signal to all processes of a name. */
export const killall: ShellCommand = (io) => {
  const words = [...io.words];
  const signal = takeSignal(words);
  if (signal === undefined)
    return fail(
      io,
      `${io.words[0]?.replace(/^-+/, '') ?? ''}: unknown signal; killall -l lists signals.`,
      1,
    );
  const parsed = readOptions(words, { flags: 'qevgiIwr', valued: 'uyo' });
  if (parsed.rest.length === 0) return fail(io, 'Usage: killall [OPTION]... [--] NAME...', 1);
  let code = 0;
  for (const name of parsed.rest) {
    const rows = io.machine.processes.named(name.slice(name.lastIndexOf('/') + 1));
    for (const row of rows) send(io, row.pid, signal);
    if (rows.length > 0) continue;
    code = 1;
    if (!parsed.flags.has('q')) io.err(`${name}: no process found\n`);
  }
  io.exit(code);
};

/** ps: the forms `ps`, `ps aux`, `ps -ef`, `ps -e`. */
export const ps: ShellCommand = (io) => {
  const text = io.words.join(' ').replaceAll('-', '');
  const rows = io.machine.processes.rows();
  if (/a.*u|u.*a/.test(text)) return succeed(io, psAux(rows));
  if (text.includes('f')) return succeed(io, psFull(rows));
  const all = text.includes('e') || text.includes('A') ? rows : [];
  const lines = all.map((row) => `${String(row.pid).padStart(5)} ?        00:00:00 ${row.name}\n`);
  succeed(io, `  PID TTY          TIME CMD\n${lines.join('')}`);
};

function psAux(rows: readonly ProcessRow[]): string {
  const lines = rows.map((row) => {
    const state = row.stopped ? 'T' : 'Ss';
    const pid = String(row.pid).padStart(9);
    const text = `${state.padEnd(4)} 00:00   0:00 ${row.arguments.join(' ')}`;
    return `root ${pid}  0.0  0.0      0     0 ?        ${text}\n`;
  });
  const head = 'USER       PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n';
  return head + lines.join('');
}

function psFull(rows: readonly ProcessRow[]): string {
  const lines = rows.map((row) => {
    const pid = String(row.pid).padStart(9);
    const parent = String(row.parent).padStart(5);
    return `root ${pid} ${parent}  0 00:00 ?        00:00:00 ${row.arguments.join(' ')}\n`;
  });
  return `UID        PID  PPID  C STIME TTY          TIME CMD\n${lines.join('')}`;
}

/** Takes `-9`, `-KILL`, `-SIGKILL`, `-s KILL`, `-n 9` off the front; TERM without one. */
function takeSignal(words: string[]): ProgramSignal | 'NONE' | undefined {
  const first = words[0] ?? '';
  if (first === '-s' || first === '-n' || first === '--signal') {
    words.shift();
    return SIGNALS.get((words.shift() ?? '').toUpperCase().replace(/^SIG/, ''));
  }
  const name = first.slice(1).toUpperCase().replace(/^SIG/, '');
  if (!first.startsWith('-') || !/^(\d+|[A-Z]{3,}([+-]?\d)?)$/.test(name)) return 'TERM';
  words.shift();
  return SIGNALS.get(name);
}

function send(io: CommandIo, pid: number, signal: ProgramSignal | 'NONE'): boolean {
  if (io.machine.processes.row(pid) === undefined) return false;
  return signal === 'NONE' || io.machine.signalPid(pid, signal);
}

function suffix(row: ProcessRow, flags: ReadonlySet<string>): string {
  if (flags.has('a')) return ` ${row.arguments.join(' ')}`;
  return flags.has('l') ? ` ${row.name}` : '';
}

function regularExpression(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern);
  } catch {
    return undefined;
  }
}
