/**
 * Typed facts about the daemon for run logs, verdicts, the browser and metrics. Words are made at the edge
 * by one formatter per report; keepalived's own log lines travel separately as 'log' commands.
 */

import type { VrrpReport } from '../vrrp/vrrp-actions.ts';

/** Something an observer of the daemon may care about: what the VRRP machine reports, and what the daemon adds. */
export type DaemonReport =
  | VrrpReport
  | {
      readonly kind: 'checker';
      readonly server: string;
      readonly checker: string;
      readonly up: boolean;
    }
  | {
      readonly kind: 'daemon-phase';
      readonly phase: 'started' | 'reloaded' | 'stopping' | 'stopped';
    };
