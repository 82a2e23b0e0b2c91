/** TCP_CHECK: a connection that opens is a good one; it is closed at once, without a byte. */

import type { ConnectionConfig } from './checker-config.ts';
import { failed, type ProbeAction, type ProbeInput, type ProbeResult, succeeded } from './probe.ts';

/** One step of an attempt. */
export function stepTcp(
  connection: ConnectionConfig,
  input: ProbeInput,
  actions: ProbeAction[],
): ProbeResult | undefined {
  switch (input.kind) {
    case 'start':
      actions.push({ kind: 'open-stream' }, { kind: 'timer', after: connection.connectTimeout });
      return undefined;
    case 'stream-connected':
      return succeeded();
    case 'timeout':
      return failed('timedout');
    case 'stream-failed':
      return failed(input.failure === 'timed-out' ? 'timedout' : 'failed');
    default:
      return undefined;
  }
}
