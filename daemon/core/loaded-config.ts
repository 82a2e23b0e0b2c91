/**
 * What the daemon wants of a configuration reader. A type of its own, so that tests can hand the
 * daemon ready values and the daemon does not depend on how files are read.
 */

import type { DaemonConfig } from '../config/daemon-config.ts';
import type { System } from './system.ts';

/** The result of reading a configuration. */
export interface LoadedConfig {
  /** Absent when the file could not be read at all. */
  readonly config: DaemonConfig | undefined;
  /** keepalived's own lines, in its order. */
  readonly messages: readonly string[];
  /** keepalived would not start; `exitCode` says how it ends. */
  readonly refused: boolean;
  readonly exitCode: number;
}

/** Reads the file at `path` through the getters of `system`. */
export type ConfigLoader = (options: {
  readonly system: System;
  readonly path: string;
  readonly configId: string | undefined;
  /** `-e`: a missing file of any `include` is a refusal. */
  readonly allFiles?: boolean;
  /** Which keepalived reads; by default 2.2.7. */
  readonly version?: string;
  readonly random: { uint32(): number };
}) => LoadedConfig;
