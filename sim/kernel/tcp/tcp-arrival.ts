/** A segment that came in, with its numbers unwrapped against the connection that it is for. */

import type { IpAddress } from '../../../daemon/wire/ip-address.ts';
import { TCP_FIN, TCP_SYN, type TcpSegment } from '../../../daemon/wire/tcp.ts';
import type { LinkState } from '../kernel-state.ts';
import { unwrap } from './tcp-sequence.ts';
import type { TcpConnection } from './tcp-state.ts';

/** Where a segment came from. */
export interface SegmentOrigin {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly link: LinkState;
}

/** The segment as a connection sees it. */
export interface Arrival {
  readonly flags: number;
  readonly sequence: number;
  /** Behind the last octet, SYN and FIN counted. */
  readonly end: number;
  readonly acknowledgement: number;
  /** As on the wire. */
  readonly window: number;
  readonly payload: Uint8Array;
  readonly timestamp: { readonly value: number; readonly echoReply: number } | undefined;
  /** Blocks that the peer holds, unwrapped. */
  readonly blocks: readonly { readonly left: number; readonly right: number }[];
}

/** Options of a SYN. */
export interface SynOptions {
  readonly mss: number | undefined;
  readonly scale: number | undefined;
  readonly sackPermitted: boolean;
  readonly timestamp: number | undefined;
}

const NO_BLOCKS: Arrival['blocks'] = [];
/** Source: RFC 7323 section 2.3. */
const SCALE_MAX = 14;

/** The segment in the connection's numbers. Of a connection that heard nothing yet, `sequence` is as on the wire. */
export function arrivalOf(connection: TcpConnection, segment: TcpSegment): Arrival {
  const { receiveNext, sendUna } = connection;
  const sequence = unwrap(segment.sequence, receiveNext);
  const syn = (segment.flags & TCP_SYN) === 0 ? 0 : 1;
  const fin = (segment.flags & TCP_FIN) === 0 ? 0 : 1;
  let timestamp: Arrival['timestamp'];
  let blocks = NO_BLOCKS;
  for (const option of segment.options) {
    if (option.kind === 'timestamps' && connection.timestamps) timestamp = option;
    if (option.kind === 'sack' && connection.sackPermitted) {
      blocks = option.blocks.map((block) => ({
        left: unwrap(block.left, sendUna),
        right: unwrap(block.right, sendUna),
      }));
    }
  }
  return {
    flags: segment.flags,
    sequence,
    end: sequence + segment.payload.length + syn + fin,
    acknowledgement: unwrap(segment.acknowledgement, sendUna),
    window: segment.window,
    payload: segment.payload,
    timestamp,
    blocks,
  };
}

/** What a SYN offers. */
export function synOptionsOf(segment: TcpSegment): SynOptions {
  let mss: number | undefined;
  let scale: number | undefined;
  let timestamp: number | undefined;
  let sackPermitted = false;
  for (const option of segment.options) {
    if (option.kind === 'maximum-segment-size') mss = option.sizeBytes;
    else if (option.kind === 'window-scale') scale = Math.min(option.shift, SCALE_MAX);
    else if (option.kind === 'timestamps') timestamp = option.value;
    else if (option.kind === 'sack-permitted') sackPermitted = true;
  }
  return { mss, scale, sackPermitted, timestamp };
}
