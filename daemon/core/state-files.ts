/**
 * SIGUSR1, SIGUSR2 and the JSON signal: the state of the daemon, written into a file for people.
 *
 * The texts come from `data-dump.ts` and `daemon/vrrp/dump.ts`; here is which file each goes to.
 */

import type { TimeUs } from '../base/time.ts';
import { type DumpMoment, jsonText, stampsOf, statisticsText } from '../vrrp/dump.ts';
import { newStatistics, type VrrpMachine } from '../vrrp/vrrp-machine.ts';
import { encodeUtf8 } from '../wire/text.ts';
import type { Command } from './commands.ts';
import { dataDump } from './data-dump.ts';
import type { SignalEvent } from './events.ts';
import { coreText } from './log-text.ts';
import type { System } from './system.ts';

/** Answers the signal: a log line and a file, or counters back at zero and nothing said. */
export function answerSignal(
  machine: VrrpMachine,
  signal: SignalEvent['signal'],
  { system, pid, now }: { readonly system: System; readonly pid: number; readonly now: TimeUs },
): readonly Command[] {
  if (signal === 'STATS_CLEAR') {
    for (const instance of machine.instances) {
      Object.assign(instance.statistics, newStatistics());
    }
    return [];
  }
  const data = (of: VrrpMachine, at: DumpMoment) =>
    dataDump(of, { interfaces: system.interfaces(), stamp: stampsOf(at) });
  const dumps = {
    USR1: ['/tmp/keepalived.data', data, coreText.printingData],
    USR2: ['/tmp/keepalived.stats', statisticsText, coreText.printingStatistics],
    JSON: ['/tmp/keepalived.json', jsonText, coreText.printingJson],
  } as const;
  const [path, text, line] = dumps[signal];
  const moment = { now, wallClockUs: system.wallClockUs(now) };
  return [
    { kind: 'log', process: 'vrrp', level: 'info', text: line(pid) },
    { kind: 'file-write', path, bytes: encodeUtf8(text(machine, moment)) },
  ];
}
