/**
 * Typed facts about the daemon for run logs, verdicts, the browser and metrics. Words are made at the edge
 * by one formatter per report; keepalived's own log lines travel separately as 'log' commands.
 */

import type { VrrpState } from '../vrrp/vrrp-state.ts';
import type { IpAddress } from '../wire/ip-address.ts';

/** Something an observer of the daemon may care about. */
export type DaemonReport =
  | {
      readonly kind: 'vrrp-state';
      readonly instance: string;
      readonly vrid: number;
      readonly interface: string;
      readonly from: VrrpState;
      readonly to: VrrpState;
      readonly priority: number;
      /** Why, as a short fixed word: 'startup', 'advert-timeout', 'higher-priority', 'script', … */
      readonly cause: string;
    }
  | { readonly kind: 'group-state'; readonly group: string; readonly to: VrrpState }
  | {
      readonly kind: 'priority';
      readonly instance: string;
      readonly vrid: number;
      readonly from: number;
      readonly to: number;
    }
  | {
      readonly kind: 'advert-refused';
      readonly instance: string;
      readonly vrid: number;
      readonly source: IpAddress;
      readonly reason: string;
    }
  | {
      readonly kind: 'notification';
      readonly scope: 'INSTANCE' | 'GROUP';
      readonly name: string;
      readonly state: string;
      readonly priority: number;
    }
  | {
      readonly kind: 'mail';
      readonly to: readonly string[];
      readonly subject: string;
      readonly body: string;
    }
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
