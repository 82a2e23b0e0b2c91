/**
 * What a scenario itself records in the run log: its steps, the output of commands, how its traffic
 * fares.
 */

import type { DurationUs } from '../../daemon/base/time.ts';
import type { RunEvent } from '../engine/run-log.ts';

/** Events of a scenario; `node` is '' or the host concerned. */
export type ScenarioRunEvent = RunEvent &
  (
    | { readonly kind: 'step'; readonly index: number; readonly words: string }
    | { readonly kind: 'step-refused'; readonly index: number; readonly reason: string }
    | {
        readonly kind: 'exec';
        readonly command: string;
        readonly exitCode: number;
        readonly stdout: string;
        readonly stderr: string;
      }
    | {
        readonly kind: 'traffic';
        readonly traffic: string;
        readonly change: 'first-answer' | 'answered-again';
        /** Who answered, as far as it shows. */
        readonly by?: string;
        /** From the last answer before to this one; with 'answered-again'. */
        readonly outage?: DurationUs;
        readonly lost?: number;
      }
    | {
        readonly kind: 'traffic';
        readonly traffic: string;
        readonly change: 'answered-by';
        readonly by: string;
        /** Of answers that may take turns: whether this one was there before. */
        readonly turn?: 'first' | 'again';
      }
    | {
        readonly kind: 'traffic';
        readonly traffic: string;
        readonly change: 'lost';
        /** Why the request failed, where it did before its time was over. */
        readonly why?: string;
      }
  );
