/** What hosts record in the run log: power, addresses, neighbours, units, the daemon's reports and journal lines. */

import type { DaemonReport } from '../../daemon/core/reports.ts';
import type { RunEvent } from '../engine/run-log.ts';
import type { NeighbourFacts } from '../kernel/kernel-api.ts';
import type { JournalLine, PowerState } from './host-api.ts';

/** Everything that a host records; `node` is its name. */
export type HostRunEvent = RunEvent &
  (
    | { readonly kind: 'power'; readonly state: PowerState }
    | {
        readonly kind: 'address';
        readonly change: 'added' | 'removed';
        readonly link: string;
        readonly prefix: string;
        readonly label: string;
      }
    | {
        readonly kind: 'link';
        readonly link: string;
        readonly up: boolean;
        readonly carrier: boolean;
      }
    | {
        readonly kind: 'neighbour';
        readonly change: 'changed' | 'removed';
        readonly neighbour: NeighbourFacts;
      }
    | { readonly kind: 'daemon'; readonly report: DaemonReport }
    | { readonly kind: 'journal'; readonly line: JournalLine }
    | {
        readonly kind: 'program';
        readonly name: string;
        readonly change: 'started' | 'stopped' | 'crashed' | 'failed';
        readonly pid: number;
        readonly detail?: string;
      }
    | {
        /** A mail that the virtual mail server took; its text is the file at `path` of that host. */
        readonly kind: 'mail';
        readonly from: string;
        readonly to: readonly string[];
        readonly subject: string;
        readonly path: string;
      }
    | { readonly kind: 'fifo'; readonly path: string; readonly line: string }
    | {
        readonly kind: 'script';
        readonly purpose: string;
        readonly subject: string;
        readonly arguments: readonly string[];
        readonly outcome?: string;
      }
  );
