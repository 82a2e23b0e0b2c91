/**
 * UDP_CHECK: one datagram. Without require_reply the absence of an ICMP error within connect_timeout is
 * good; with it an answer must come, and fit when its bytes are given.
 *
 * Source: recording k19 (32 octets of filling when no payload is given); keepalived.conf(5).
 */

import type { UdpChecker } from './checker-config.ts';
import { filling } from './echo-probe.ts';
import { failed, type ProbeAction, type ProbeInput, type ProbeResult, succeeded } from './probe.ts';

/** Octets sent when the configuration gives none. */
const DEFAULT_PAYLOAD_LENGTH = 32;

/** One step of an attempt. */
export function stepUdp(
  config: UdpChecker,
  input: ProbeInput,
  actions: ProbeAction[],
): ProbeResult | undefined {
  switch (input.kind) {
    case 'start': {
      const { payload } = config;
      const bytes = payload.length > 0 ? payload : filling(DEFAULT_PAYLOAD_LENGTH);
      actions.push(
        { kind: 'open-datagram', protocol: 'udp' },
        { kind: 'send-datagram', bytes },
        { kind: 'timer', after: config.connection.connectTimeout },
      );
      return undefined;
    }
    case 'datagram-received':
      if (!config.requireReply || replyFits(config, input.bytes)) return succeeded();
      return failed('mismatch');
    case 'datagram-failed':
      return failed('failed');
    case 'timeout':
      return config.requireReply ? failed('failed') : succeeded();
    default:
      return undefined;
  }
}

/** Length within the bounds, and every octet equal under the mask as far as both reach. */
function replyFits(config: UdpChecker, bytes: Uint8Array): boolean {
  const { reply, minReplyLength, maxReplyLength } = config;
  if (reply === undefined) return true;
  if (bytes.length < minReplyLength || bytes.length > maxReplyLength) return false;
  const length = Math.min(bytes.length, reply.bytes.length);
  for (let at = 0; at < length; at++) {
    const difference = (bytes[at] ?? 0) ^ (reply.bytes[at] ?? 0);
    if ((difference & (reply.mask[at] ?? 0xff)) !== 0) return false;
  }
  return true;
}
