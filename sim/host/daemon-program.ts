/** What a virtual machine asks of the daemon that it runs as a program, and how it comes by one. */

import type { DurationUs, TimeUs } from '../../daemon/base/time.ts';
import type { Command } from '../../daemon/core/commands.ts';
import type { SystemEvent } from '../../daemon/core/events.ts';
import type { DaemonStatus } from '../../daemon/core/status.ts';
import type { System } from '../../daemon/core/system.ts';
import type { FrameMoment } from './frame-pacer.ts';
import type { ProgramContext } from './machine.ts';

/** What is asked of a daemon; the class `Daemon` of `daemon/core` is one. */
export interface DaemonApi {
  start(now: TimeUs): readonly Command[];
  receive(now: TimeUs, event: SystemEvent): readonly Command[];
  advance(now: TimeUs): readonly Command[];
  reload(now: TimeUs): readonly Command[];
  stop(now: TimeUs): readonly Command[];
  nextDeadline(): TimeUs | undefined;
  status(): DaemonStatus;
}

/** Makes a daemon on a machine. */
export type DaemonFactory = (options: {
  readonly system: System;
  readonly context: ProgramContext;
  readonly parentPid: number;
  readonly vrrpPid: number;
}) => DaemonApi;

/** What a `DaemonMachine` is made with. */
export interface DaemonMachineOptions {
  readonly makeDaemon: DaemonFactory;
  readonly knowsCommand: (name: string) => boolean;
  /** Where a recorded run is played again: when its frames left. */
  readonly frameMoment?: FrameMoment;
  /** How long a master that yields takes from now to delete its addresses, where that is known. */
  readonly deletionTime?: (now: TimeUs) => DurationUs | undefined;
}
