/**
 * What the load balancer wants done; a subset of `Command` of `core/commands.ts`, which `lvs` may not
 * look up at. The compiler checks the shapes where `core` passes them on.
 */

import type { DurationUs } from '../base/time.ts';

/** Everything the load balancer can ask for. */
export type LvsAction =
  | {
      readonly kind: 'log';
      readonly process: 'checkers' | 'vrrp';
      readonly level: 'info';
      readonly text: string;
    }
  | {
      readonly kind: 'ipvs';
      readonly id: number;
      readonly words: readonly string[];
      readonly mayFail?: true;
    }
  | {
      readonly kind: 'script-run';
      readonly id: number;
      readonly arguments: readonly string[];
      readonly user?: string;
      readonly group?: string;
      readonly purpose: 'notify' | 'lifecycle';
      readonly subject: string;
      readonly limit?: DurationUs;
    }
  | { readonly kind: 'fifo-write'; readonly path: string; readonly line: string }
  | {
      readonly kind: 'report';
      readonly report: {
        readonly kind: 'mail';
        readonly to: readonly string[];
        readonly subject: string;
        readonly body: string;
      };
    };
