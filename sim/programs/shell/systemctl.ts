/**
 * systemctl and service(8): verbs on units; a stop waits for the program's end, as the real one
 * does.
 */

import { decodeUtf8 } from '../../../daemon/wire/text.ts';
import type { UnitVerb } from '../../host/host-api.ts';
import { loadUnit, unitName } from '../../host/unit-file.ts';
import { type CommandIo, fail, readOptions, type ShellCommand, succeed } from './shell-command.ts';

const VERBS: readonly UnitVerb[] = ['start', 'stop', 'restart', 'reload', 'enable', 'disable'];
/** How often a waiting systemctl looks whether the job is done. */
const JOB_POLL_US = 10_000;

/** The command systemctl. */
export const systemctl: ShellCommand = (io) => {
  const parsed = readOptions(io.words, {
    flags: 'qlaf',
    valued: 'nt',
    long: [
      'no-pager',
      'full',
      'quiet',
      'now',
      'all',
      'force',
      'no-block',
      'type',
      'lines',
      'state',
    ],
  });
  if (parsed.wrong !== undefined)
    return fail(io, `systemctl: unrecognized option '${parsed.wrong}'`, 1);
  const [verb = 'list-units', ...units] = parsed.rest;
  switch (verb) {
    case 'status':
      return showStatus(io, units);
    case 'is-active':
      return askEach(
        io,
        units,
        (unit) => activeWord(io, unit),
        'active',
        parsed.flags.has('quiet') || parsed.flags.has('q'),
      );
    case 'is-enabled':
      return askEnabled(io, units);
    case 'is-failed':
      return askEach(io, units, (unit) => activeWord(io, unit), 'failed', false);
    case 'daemon-reload':
      return io.exit(0);
    case 'cat':
      return showFile(io, units);
    case 'list-units':
    case 'list-unit-files':
      return listUnits(io);
    case 'reboot':
      io.exit(0);
      return io.machine.reboot();
    case 'poweroff':
    case 'halt':
      io.exit(0);
      return io.machine.powerOff();
    case 'try-restart':
    case 'reload-or-restart':
      return actOnAll(io, verb === 'try-restart' ? 'restart' : 'reload', units, { now: false });
    default: {
      const known = VERBS.find((word) => word === verb);
      if (known === undefined) return fail(io, `Unknown command verb ${verb}.`, 1);
      if (units.length === 0) return fail(io, 'Too few arguments.', 1);
      return actOnAll(io, known, units, { now: parsed.flags.has('now') });
    }
  }
};

/** The command service: `service keepalived restart`. */
export const service: ShellCommand = (io) => {
  const [name, verb] = io.words;
  if (name === undefined || verb === undefined) {
    return fail(
      io,
      'Usage: service < option > | --status-all | [ service_name [ command | --full-restart ] ]',
      1,
    );
  }
  if (loadUnit(io.machine.disk, name) === undefined) {
    return fail(
      io,
      verb === 'status'
        ? `Unit ${unitName(name)} could not be found.`
        : `${name}: unrecognized service`,
      verb === 'status' ? 4 : 1,
    );
  }
  if (verb === 'status') return showStatus(io, [name]);
  const known = VERBS.find((word) => word === (verb === 'force-reload' ? 'reload' : verb));
  if (known === undefined || known === 'enable' || known === 'disable') {
    return fail(io, `Usage: /etc/init.d/${name} {start|stop|restart|reload|force-reload}`, 3);
  }
  actOnAll(io, known, [name], { now: false });
};

function actOnAll(
  io: CommandIo,
  verb: UnitVerb,
  units: readonly string[],
  options: { readonly now: boolean },
): void {
  let code = 0;
  const todo = [...units];
  const next = (): void => {
    const unit = todo.shift();
    if (unit === undefined) {
      io.exit(code);
      return;
    }
    const result = io.machine.units.act(verb, unit);
    // Everything that systemctl says about jobs and links goes to stderr.
    if (result.message !== '') io.err(`${result.message}\n`);
    if (!result.ok) code = result.exitCode;
    if (result.ok && options.now && verb === 'enable') io.machine.units.act('start', unit);
    if (result.ok && options.now && verb === 'disable') io.machine.units.act('stop', unit);
    waitForJob(io, unit, next);
  };
  next();
}

function waitForJob(io: CommandIo, unit: string, done: () => void): void {
  const state = io.machine.units.state(unit)?.active;
  if (state !== 'deactivating') {
    done();
    return;
  }
  io.machine.timers.after(JOB_POLL_US, () => waitForJob(io, unit, done));
}

function showStatus(io: CommandIo, units: readonly string[]): void {
  const names = units.length > 0 ? units : io.machine.units.names();
  let code = 0;
  for (const [i, unit] of names.entries()) {
    const status = io.machine.units.statusText(unit);
    if (status.exitCode === 4) io.err(status.text);
    else io.out(i > 0 ? `\n${status.text}` : status.text);
    if (status.exitCode !== 0) code = status.exitCode;
  }
  io.exit(code);
}

function activeWord(io: CommandIo, unit: string): string {
  return io.machine.units.state(unit)?.active ?? 'inactive';
}

function askEach(
  io: CommandIo,
  units: readonly string[],
  wordOf: (unit: string) => string,
  good: string,
  quiet: boolean,
): void {
  const words = units.map(wordOf);
  if (!quiet) io.out(words.map((word) => `${word}\n`).join(''));
  const hasGood = words.some((word) => word === good);
  io.exit(hasGood ? 0 : good === 'failed' ? 1 : 3);
}

function askEnabled(io: CommandIo, units: readonly string[]): void {
  let code = 1;
  for (const unit of units) {
    const state = io.machine.units.state(unit);
    if (state === undefined) {
      io.err(`Failed to get unit file state for ${unitName(unit)}: No such file or directory\n`);
      continue;
    }
    io.out(state.enabled ? 'enabled\n' : 'disabled\n');
    if (state.enabled) code = 0;
  }
  io.exit(code);
}

function showFile(io: CommandIo, units: readonly string[]): void {
  for (const unit of units) {
    const file = loadUnit(io.machine.disk, unit);
    if (file === undefined) {
      fail(io, `No files found for ${unitName(unit)}.`, 1);
      return;
    }
    const bytes = io.machine.disk.read(file.path);
    io.out(`# ${file.path}\n`);
    if (bytes !== undefined) io.out(decodeUtf8(bytes));
  }
  io.exit(0);
}

function listUnits(io: CommandIo): void {
  const rows = io.machine.units.names().map((unit) => {
    const state = io.machine.units.state(unit);
    const active = state?.active ?? 'inactive';
    const sub = active === 'active' ? 'running' : active === 'failed' ? 'failed' : 'dead';
    return `  ${unit.padEnd(24)} loaded ${active.padEnd(8)} ${sub}\n`;
  });
  succeed(io, `  ${'UNIT'.padEnd(24)} LOAD   ACTIVE   SUB\n${rows.join('')}`);
}
