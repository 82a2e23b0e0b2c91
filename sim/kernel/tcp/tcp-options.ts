/**
 * Options of the segments that a connection sends. SACK blocks ride on segments without data only, so that data
 * segments keep their size. Source: net/ipv4/tcp_output.c; RFC 7323, RFC 2018.
 */

import type { SackBlock, TcpOption } from '../../../daemon/wire/tcp-option.ts';
import { wrap } from './tcp-sequence.ts';
import type { TcpConnection } from './tcp-state.ts';

/** Octets of the timestamps option with its padding. */
export const TIMESTAMPS_LENGTH = 12;
/** Octets of a TCP header without options. */
export const TCP_HEADER = 20;
/** Most octets that an unscaled window tells. */
export const WINDOW_MAX = 0xffff;
/** Most blocks beside timestamps. Source: RFC 2018 section 3. */
const SACK_BLOCKS_MAX = 3;
const NO_OPERATION: TcpOption = { kind: 'no-operation' };
const PADDING: readonly TcpOption[] = [NO_OPERATION, NO_OPERATION];
const NO_OPTIONS: readonly TcpOption[] = [];

/** Octets of the IP header of a connection. */
export function ipHeaderLength(connection: TcpConnection): number {
  return connection.family === 'inet' ? 20 : 40;
}

/** Milliseconds as they stand in the timestamps option. */
export function timestampNow(connection: TcpConnection): number {
  const ms = Math.floor(connection.tcp.kernel.clock.now / 1000);
  return (ms + connection.timestampOffset) >>> 0;
}

/** MSS, SACK permitted, timestamps, window scale, in Linux' order. Source: tcp_options_write. */
export function synOptions(connection: TcpConnection, isAnswer: boolean): readonly TcpOption[] {
  const mtu = Math.min(connection.pathMtu, WINDOW_MAX);
  const sizeBytes = mtu - ipHeaderLength(connection) - TCP_HEADER;
  const options: TcpOption[] = [{ kind: 'maximum-segment-size', sizeBytes }];
  const echoReply = isAnswer ? connection.recentTimestamp : 0;
  if (connection.sackPermitted) {
    if (!connection.timestamps) options.push({ kind: 'no-operation' }, { kind: 'no-operation' });
    options.push({ kind: 'sack-permitted' });
  }
  if (connection.timestamps) {
    if (!connection.sackPermitted) options.push({ kind: 'no-operation' }, { kind: 'no-operation' });
    options.push({ kind: 'timestamps', value: timestampNow(connection), echoReply });
  }
  if (connection.receiveScale > 0) {
    options.push(
      { kind: 'no-operation' },
      { kind: 'window-scale', shift: connection.receiveScale },
    );
  }
  return options;
}

/** What every segment of most connections carries: as long as it need be, and no longer. */
function timestampOptions(connection: TcpConnection): readonly TcpOption[] {
  const echoReply = connection.recentTimestamp;
  const value = timestampNow(connection);
  return [NO_OPERATION, NO_OPERATION, { kind: 'timestamps', value, echoReply }];
}

/** Options of a segment without SYN; what they say of octets that came twice is said once. */
export function plainOptions(connection: TcpConnection, payload: Uint8Array): readonly TcpOption[] {
  const options = connection.timestamps ? timestampOptions(connection) : NO_OPTIONS;
  const wantsSack = connection.early.length > 0 || connection.duplicateRange !== undefined;
  if (payload.length > 0 || !connection.sackPermitted || !wantsSack) return options;
  const sack: TcpOption = { kind: 'sack', blocks: sackBlocks(connection) };
  connection.duplicateRange = undefined;
  return [...options, ...PADDING, sack];
}

/** Octets that came twice first (D-SACK), then the block of the newest segment, then the others. */
function sackBlocks(connection: TcpConnection): readonly SackBlock[] {
  const ranges: { left: number; right: number }[] = [];
  for (const { sequence, end } of connection.early) {
    const last = ranges.at(-1);
    if (last !== undefined && last.right === sequence) last.right = end;
    else ranges.push({ left: sequence, right: end });
  }
  const isNewest = (range: { left: number; right: number }) =>
    range.left <= connection.newestEarly && connection.newestEarly < range.right;
  const ordered = [...ranges.filter(isNewest), ...ranges.filter((range) => !isNewest(range))];
  const twice = connection.duplicateRange;
  return (twice === undefined ? ordered : [twice, ...ordered])
    .slice(0, SACK_BLOCKS_MAX)
    .map((range) => ({ left: wrap(range.left), right: wrap(range.right) }));
}
