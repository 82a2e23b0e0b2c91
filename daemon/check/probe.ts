/**
 * One attempt of a health check, as every probe kind sees it: what comes in, what it asks for, how it ends.
 *
 * A probe knows the network and its protocol; it knows nothing of retries, of logs, or of whether its
 * server is up. Those are `judge.ts`. A probe's step is a function over a plain state.
 */

import type { DurationUs } from '../base/time.ts';

/** Why a connection or datagram failed; the words of `core/events.ts`. */
export type ProbeFailure =
  | 'refused'
  | 'reset'
  | 'timed-out'
  | 'unreachable'
  | 'bad-certificate'
  | 'no-such-address'
  | 'address-in-use'
  | 'no-resource';

/** How a script ended. */
export type ScriptOutcome =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'not-run'; readonly reason: string };

/** What happens to an attempt; the first input is always 'start'. */
export type ProbeInput =
  | { readonly kind: 'start' }
  | { readonly kind: 'stream-connected' }
  | { readonly kind: 'stream-data'; readonly bytes: Uint8Array }
  | { readonly kind: 'stream-closed' }
  | { readonly kind: 'stream-failed'; readonly failure: ProbeFailure }
  | { readonly kind: 'datagram-received'; readonly bytes: Uint8Array }
  | { readonly kind: 'datagram-failed'; readonly failure: ProbeFailure }
  | { readonly kind: 'script-exited'; readonly outcome: ScriptOutcome }
  | { readonly kind: 'timeout' };

/** What an attempt asks for. 'timer' replaces the attempt's timer; its end is the input 'timeout'. */
export type ProbeAction =
  | { readonly kind: 'open-stream'; readonly tls?: { readonly serverName?: string } }
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  | { readonly kind: 'open-datagram'; readonly protocol: 'udp' | 'icmp-echo' }
  | { readonly kind: 'send-datagram'; readonly bytes: Uint8Array }
  | { readonly kind: 'run-script' }
  | { readonly kind: 'signal-script'; readonly signal: 'TERM' | 'KILL' }
  | { readonly kind: 'timer'; readonly after: DurationUs };

/**
 * How an attempt ended. `text` is keepalived's word for it, as its log line wants it; `exitCode` and
 * `outcome` only for scripts.
 */
export interface ProbeResult {
  readonly ok: boolean;
  readonly text: string;
  readonly script?: ScriptOutcome;
  /** The length that an accepted page should have had, and had. */
  readonly length?: { readonly declared: number; readonly received: number };
}

/** An attempt that ended badly. */
export function failed(text: string): ProbeResult {
  return { ok: false, text };
}

/** An attempt that ended well. */
export function succeeded(text = ''): ProbeResult {
  return { ok: true, text };
}
