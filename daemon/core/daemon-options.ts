/**
 * What a daemon is made of: the machine it runs on, its configuration file, its command line.
 *
 * Only types; `daemon.ts` reads them.
 */

import type { RandomSource } from '../base/random.ts';
import type { DurationUs } from '../base/time.ts';
import type { ConfigLoader } from './loaded-config.ts';
import type { System } from './system.ts';

/** keepalived's command line, as far as it changes what the daemon does. */
export interface DaemonFlags {
  /** `-D`: detailed log. */
  readonly logDetail: boolean;
  /** The words of the command line, for the log; by default the usual service's. */
  readonly commandLine?: readonly string[];
  /** Number of the VRRP process, for the log; by default one is drawn. */
  readonly vrrpPid?: number;
  /** `-P` VRRP only, `-C` checkers only; by default both. */
  readonly vrrp?: boolean;
  readonly checkers?: boolean;
  /** False with `-B`: no BFD. */
  readonly bfd?: boolean;
  /** `--all`: they run even where the configuration has nothing for them. */
  readonly all?: boolean;
  /** `-e`: a missing file of any `include` keeps the daemon from starting. */
  readonly allConfigFiles?: boolean;
  /** `-X`, `-V`: what is left behind; accepted, without effect on start. */
  readonly dontReleaseVrrp?: boolean;
}

/** Everything a daemon is made of. */
export interface DaemonOptions {
  readonly system: System;
  readonly configPath: string;
  /** `-i`: picks the `@id` lines of the configuration. */
  readonly configId?: string;
  readonly random: RandomSource;
  readonly flags: DaemonFlags;
  /** Behave as this keepalived; by default 2.2.7. */
  readonly version?: string;
  /**
   * How long the machine needs to become MASTER, before it restarts its timer; by default no time.
   */
  readonly transitionTime?: DurationUs;
  /** Reads the configuration; by default keepalived's language from `configPath`. */
  readonly load?: ConfigLoader;
}
