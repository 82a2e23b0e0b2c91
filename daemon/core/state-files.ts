/**
 * SIGUSR1, SIGUSR2 and the JSON signal: the state of the daemon, written into files for people.
 *
 * Each of keepalived's processes writes a file of its own. The texts come from `data-dump.ts`,
 * `dump-bfd.ts`, `dump-checkers.ts` and `daemon/vrrp/dump.ts`; here is which file each goes to.
 */

import type { TimeUs } from '../base/time.ts';
import type { DaemonConfig } from '../config/daemon-config.ts';
import { type DumpingProcess, dumpGlobal } from '../config/dump-global.ts';
import { DEFAULT_SCRIPT_USER, noScriptUser } from '../config/script-user.ts';
import { type IdsOf, idsFrom, scriptUserOf } from '../config/user-ids.ts';
import { stampsOf, statisticsText } from '../vrrp/dump.ts';
import { newStatistics, type VrrpMachine } from '../vrrp/vrrp-machine.ts';
import { decodeUtf8, encodeUtf8 } from '../wire/text.ts';
import type { BfdProcess } from './bfd-process.ts';
import type { CheckerProcess } from './checker-process.ts';
import type { Command } from './commands.ts';
import { dataDump } from './data-dump.ts';
import { bfdDump } from './dump-bfd.ts';
import type { SignalEvent } from './events.ts';
import { jsonText } from './json-dump.ts';
import { coreText } from './log-text.ts';
import type { System } from './system.ts';

/** What is dumped. */
export interface DumpedParts {
  readonly machine: VrrpMachine;
  readonly config: DaemonConfig;
  readonly bfd: BfdProcess | undefined;
  readonly checkers: CheckerProcess | undefined;
}

/** Where and when. */
export interface DumpOccasion {
  readonly system: System;
  readonly pids: Readonly<Record<DumpingProcess, number>>;
  readonly now: TimeUs;
}

/** Numbers of keepalived's processes around that of VRRP; on a real host one process is all of them. */
export function processIds(vrrp: number, isSingle: boolean): DumpOccasion['pids'] {
  const [parent, checkers, bfd] = isSingle ? [vrrp, vrrp, vrrp] : [vrrp - 1, vrrp + 1, vrrp + 2];
  return { parent, checkers, vrrp, bfd };
}

/** Answers the signal: a log line and a file, or counters back at zero and nothing said. */
export function answerSignal(
  parts: DumpedParts,
  signal: SignalEvent['signal'],
  occasion: DumpOccasion,
): readonly Command[] {
  const { machine } = parts;
  const { system, pids, now } = occasion;
  const moment = { now, wallClockUs: system.wallClockUs(now) };
  switch (signal) {
    case 'STATS_CLEAR':
      for (const instance of machine.instances) {
        Object.assign(instance.statistics, newStatistics());
      }
      return [];
    case 'USR1':
      return dataFiles(parts, occasion);
    case 'USR2':
      return [
        say('vrrp', coreText.printingStatistics(pids.vrrp)),
        file('/tmp/keepalived.stats', statisticsText(machine)),
      ];
    case 'JSON':
      return [
        say('vrrp', coreText.printingJson(pids.vrrp)),
        file('/tmp/keepalived.json', jsonText(machine, moment)),
      ];
  }
}

/** One file a process, and what each says while it writes. */
function dataFiles(
  { machine, config, bfd, checkers }: DumpedParts,
  { system, pids, now }: DumpOccasion,
): readonly Command[] {
  const ids = userIds(system);
  const byDefault = scriptUserOf(config.global);
  const idsOf: IdsOf = (one) => ids(one.user === undefined ? byDefault : one);
  const stamp = stampsOf({ now, wallClockUs: system.wallClockUs(now) });
  const unnamed =
    config.global.scriptUser === undefined && !system.hasUser(DEFAULT_SCRIPT_USER)
      ? [noScriptUser(DEFAULT_SCRIPT_USER)]
      : [];
  const complain = (process: DumpingProcess) => unnamed.map((one) => say(process, one));
  const text = (lines: readonly string[]) => `${lines.join('\n')}\n`;
  const commands = [
    say('parent', coreText.printingParent(pids.parent)),
    file('/tmp/keepalived_parent.data', text(dumpGlobal(config, 'parent', idsOf))),
    ...complain('parent'),
    ...(checkers === undefined
      ? []
      : [
          say('checkers', coreText.printingCheckers(pids.checkers)),
          file('/tmp/keepalived_check.data', text(checkers.dump(config, idsOf))),
          ...complain('checkers'),
        ]),
    // Without instances there is no VRRP process that could write.
    ...(machine.instances.length === 0 && checkers !== undefined
      ? []
      : [
          say('vrrp', coreText.printingData(pids.vrrp)),
          file('/tmp/keepalived.data', dataDump(machine, { config, system, stamp, idsOf })),
          ...complain('vrrp'),
        ]),
  ];
  if (bfd === undefined) return commands;
  return [
    ...commands,
    say('bfd', coreText.printingBfd(pids.bfd)),
    file('/tmp/keepalived_bfd.data', text(bfdDump(bfd, { config, stamp, idsOf }))),
    ...complain('bfd'),
  ];
}

function userIds(system: System): IdsOf {
  const read = (path: string) => {
    const bytes = system.readFile(path);
    return bytes === undefined ? '' : decodeUtf8(bytes);
  };
  return idsFrom(read('/etc/passwd'), read('/etc/group'));
}

function say(process: DumpingProcess, text: string): Command {
  return { kind: 'log', process, level: 'info', text };
}

function file(path: string, text: string): Command {
  return { kind: 'file-write', path, bytes: encodeUtf8(text) };
}
