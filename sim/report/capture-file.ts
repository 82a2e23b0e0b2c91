/** What a capture file holds, whatever its format; `pcap-read.ts` makes it of bytes. */

/**
 * Link type of Ethernet, the only one that the twin makes. Source: tcpdump.org link-layer types.
 */
export const LINK_TYPE_ETHERNET = 1;

/** Which way a packet crossed its interface, as pcapng's epb_flags say. */
export type CaptureDirection = 'inbound' | 'outbound';

/** One packet of a capture. */
export interface CapturedPacket {
  /** Since 1970-01-01 UTC, in µs; nanoseconds are cut off, not rounded, to keep the order. */
  readonly timeUs: number;
  /** The octets that were kept; a view into the file. */
  readonly bytes: Uint8Array;
  /** Octets that the packet had on the wire. */
  readonly originalLength: number;
  /** Index into `CaptureFile.interfaces`. */
  readonly interfaceIndex: number;
  readonly direction?: CaptureDirection;
  readonly comment?: string;
}

/** One interface of a capture; classic pcap has exactly one, without a name. */
export interface CaptureInterface {
  readonly linkType: number;
  readonly snapLength: number;
  readonly name?: string;
}

/** A whole capture. */
export interface CaptureFile {
  readonly format: 'pcap' | 'pcapng';
  readonly interfaces: readonly CaptureInterface[];
  readonly packets: readonly CapturedPacket[];
  /** Why reading ended before the end of the file. */
  readonly problem?: CaptureProblem;
}

/** What can be wrong with a capture. */
export type CaptureProblem =
  | 'pcap:not-a-capture'
  | 'pcap:truncated-header'
  | 'pcap:truncated-packet'
  | 'pcap:packet-too-long'
  | 'pcapng:truncated-block'
  | 'pcapng:bad-block-length'
  | 'pcapng:bad-byte-order'
  | 'pcapng:unknown-interface';

/**
 * No link has longer frames; a longer one means that the file is broken. Source: libpcap's own
 * limit.
 */
export const CAPTURED_LENGTH_MAX = 262_144;
