/**
 * Commands of a few lines each: true, false, echo, sleep, hostname, date, uname, whoami, timeout,
 * sh -c.
 */

import { formatIp } from '../../../daemon/wire/ip-address.ts';
import { cleanPath } from '../../host/disk.ts';
import { formatDate, formatDateStamp } from '../../host/time-stamps.ts';
import { type CommandIo, fail, type ShellCommand, succeed } from './shell-command.ts';

/** Exit code of timeout when the time ran out. */
const TIMED_OUT = 124;

export const yes: ShellCommand = (io) => io.exit(0);

export const no: ShellCommand = (io) => io.exit(1);

/** echo of bash: -n and -e. */
export const echo: ShellCommand = (io) => {
  const words = [...io.words];
  let newline = '\n';
  let escapes = false;
  while (/^-[neE]+$/.test(words[0] ?? '')) {
    const option = words.shift() as string;
    if (option.includes('n')) newline = '';
    if (option.includes('e')) escapes = true;
  }
  const text = words.join(' ');
  succeed(io, `${escapes ? unescaped(text) : text}${newline}`);
};

/** printf with %s, %d and escapes. */
export const printf: ShellCommand = (io) => {
  const [format = '', ...values] = io.words;
  const queue = [...values];
  const once = () =>
    unescaped(format).replaceAll(/%([sd%])/g, (_, letter: string) =>
      letter === '%' ? '%' : (queue.shift() ?? ''),
    );
  let text = once();
  while (queue.length > 0 && /%[sd]/.test(format)) text += once();
  succeed(io, text);
};

/** sleep: seconds, or with a unit. */
export const sleep: ShellCommand = (io) => {
  let total = 0;
  for (const word of io.words) {
    const us = spanUs(word);
    if (us === undefined) return fail(io, `sleep: invalid time interval ‘${word}’`, 1);
    total += us;
  }
  if (io.words.length === 0) return fail(io, 'sleep: missing operand', 1);
  const timer = io.machine.timers.after(total, () => io.exit(0));
  io.onInterrupt(() => {
    timer.cancel();
    io.exit(130);
  });
};

/** timeout SECONDS COMMAND. */
export const timeout: ShellCommand = (io) => {
  const words = [...io.words];
  while (words[0]?.startsWith('-')) if (['-s', '-k'].includes(words.shift() ?? '')) words.shift();
  const us = spanUs(words.shift() ?? '');
  if (us === undefined || words.length === 0) return fail(io, 'timeout: missing operand', 125);
  runInside(io, words.map(quoted).join(' '), us);
};

/** sh -c 'LINE', bash -c 'LINE'. A script in a file is not executed. */
export const shell: ShellCommand = (io) => {
  if (io.words[0] !== '-c') {
    return fail(io, `${io.name}: ${io.words[0] ?? ''}: scripts are not executed in the twin`, 127);
  }
  runInside(io, io.words[1] ?? '', undefined);
};

function runInside(io: CommandIo, line: string, limitUs: number | undefined): void {
  const { machine } = io;
  let code: number | undefined;
  let timedOut = false;
  const finish = (exitCode: number) => io.exit(timedOut ? TIMED_OUT : exitCode);
  const handle = machine.runShell(machine, line, (result) => {
    code = result.exitCode;
    io.out(result.stdout);
    io.err(result.stderr);
    finish(code);
  });
  if (code !== undefined) return;
  io.onInterrupt(() => handle.cancel());
  if (limitUs === undefined) return;
  machine.timers.after(limitUs, () => {
    if (code !== undefined) return;
    timedOut = true;
    handle.cancel();
  });
}

export const hostname: ShellCommand = (io) => {
  if (io.words[0] !== '-I') return succeed(io, `${io.machine.name}\n`);
  const links = io.machine.kernel.links().filter((link) => link.kind !== 'loopback');
  const texts = links.flatMap((link) =>
    link.addresses.filter((a) => a.scope === 'global').map((a) => a.address),
  );
  succeed(io, `${texts.map((address) => formatIp(address)).join(' ')} \n`);
};

/** date: the host's own clock. */
export const date: ShellCommand = (io) => {
  const format = io.words.find((word) => word.startsWith('+'));
  const now = io.machine.wallClockUs();
  succeed(
    io,
    `${format === undefined ? formatDateStamp(now) : formatDate(now, format.slice(1))}\n`,
  );
};

export const uname: ShellCommand = (io) => {
  const text = io.words.join('').replaceAll('-', '');
  if (text.includes('a'))
    return succeed(io, `Linux ${io.machine.name} 6.1.0 #1 SMP x86_64 GNU/Linux\n`);
  succeed(io, `${text.includes('n') ? io.machine.name : text.includes('r') ? '6.1.0' : 'Linux'}\n`);
};

export const whoami: ShellCommand = (io) => succeed(io, 'root\n');

/** reboot, poweroff, shutdown: the shell ends with the machine. */
export const power: ShellCommand = (io) => {
  const isReboot = io.name === 'reboot' || io.words.includes('-r');
  io.exit(0);
  if (isReboot) io.machine.reboot();
  else io.machine.powerOff();
};

/** test and [: -f -e -s -d -z -n = != -eq -ne -lt -gt -le -ge, and !. */
export const test: ShellCommand = (io) => {
  const words = [...io.words];
  if (io.name === '[' && words.pop() !== ']') return fail(io, "bash: [: missing `]'", 2);
  const negated = words[0] === '!';
  if (negated) words.shift();
  const result = judge(io, words);
  if (result === undefined)
    return fail(io, `bash: ${io.name}: ${words.join(' ')}: unary operator expected`, 2);
  io.exit(result !== negated ? 0 : 1);
};

function judge(io: CommandIo, words: readonly string[]): boolean | undefined {
  const [a = '', b = '', c = ''] = words;
  if (words.length <= 1) return a !== '';
  if (words.length === 2) {
    const bytes = io.machine.readFile(cleanPath(b));
    const isFolder = io.machine.disk.isDirectory(cleanPath(b));
    if (a === '-z') return b === '';
    if (a === '-n') return b !== '';
    if (a === '-f' || a === '-r' || a === '-x') return bytes !== undefined;
    if (a === '-e') return bytes !== undefined || isFolder;
    if (a === '-d') return isFolder;
    return a === '-s' ? bytes !== undefined && bytes.length > 0 : undefined;
  }
  if (b === '=' || b === '==') return a === c;
  if (b === '!=') return a !== c;
  const [x, y] = [Number(a), Number(c)];
  const table = new Map([
    ['-eq', x === y],
    ['-ne', x !== y],
    ['-lt', x < y],
    ['-le', x <= y],
    ['-gt', x > y],
    ['-ge', x >= y],
  ]);
  return table.get(b);
}

function spanUs(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(s|m|h|d)?$/.exec(text);
  if (match === null) return undefined;
  const scale = match[2] === 'm' ? 60 : match[2] === 'h' ? 3600 : match[2] === 'd' ? 86_400 : 1;
  return Math.round(Number(match[1]) * scale * 1_000_000);
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(n|t|\\|r)/g, (_, letter: string) =>
    letter === 'n' ? '\n' : letter === 't' ? '\t' : letter === 'r' ? '\r' : '\\',
  );
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
