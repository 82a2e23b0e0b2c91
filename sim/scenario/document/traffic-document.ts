/** The types of `traffic` of a scenario. Generated: UPDATE_GOLDEN=1 writes it. */

import type { Duration } from './duration.ts';

/** Requests at a steady pace. */
export interface Traffic {
  /** The address that is pinged. */
  readonly ping?: string;
  /** The page that is asked for, http[s]://ADDRESS[:PORT][/PATH]. */
  readonly http?: string;
  /** ADDRESS:PORT of a server that sends back what it gets. */
  readonly tcp?: string;
  /** ADDRESS:PORT of a server that answers each datagram. */
  readonly udp?: string;
  /** http, tcp: one connection for all requests, udp: one port; false by default. */
  readonly 'keep-alive'?: boolean;
  /**
   * http, tcp, udp: so many requests each time, each over a connection of its own; 1 by default.
   */
  readonly concurrency?: number;
  /** https: any certificate will do; false by default. */
  readonly insecure?: boolean;
  /** http: the page that counts as an answer; any by default. */
  readonly 'expect-body'?: string;
  /** http: the status that counts as an answer; 200 by default. */
  readonly 'expect-status'?: number;
  /** The host that sends. */
  readonly from: string;
  /** Time between two requests; 1s by default. */
  readonly every?: Duration;
  /** After that long a request counts as lost; 1s by default. */
  readonly timeout?: Duration;
  /** When the first request goes out; 0s by default. */
  readonly start?: Duration;
  /** When the last one may go out; the end of the run by default. */
  readonly stop?: Duration;
  /** Bytes of payload; 56 by default. */
  readonly size?: number;
}
