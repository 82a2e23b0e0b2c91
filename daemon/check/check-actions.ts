/**
 * What the health checkers want done.
 *
 * The machine decides, it never acts: decisions are appended to a list that `daemon/core` passes on as
 * commands. The shapes are those of `core/commands.ts`, so the compiler checks that every action is a
 * command; the types stand here because `check` may not look upwards at `core`.
 */

import type { IpAddress, IpFamily } from '../wire/ip-address.ts';

/** Everything a checker can ask for; a subset of `Command`. */
export type CheckAction =
  | {
      readonly kind: 'log';
      readonly process: 'checkers';
      readonly level: 'info';
      readonly text: string;
    }
  | StreamAction
  | {
      readonly kind: 'datagram-open';
      readonly id: number;
      readonly protocol: 'udp' | 'icmp-echo';
      readonly family: IpFamily;
      readonly remote?: { readonly address: IpAddress; readonly port: number };
      readonly local?: { readonly address?: IpAddress; readonly port?: number };
      readonly interface?: string;
      /** Firewall mark of what is sent. */
      readonly mark?: number;
    }
  | { readonly kind: 'datagram-send'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: 'datagram-close'; readonly id: number }
  | {
      readonly kind: 'script-run';
      readonly id: number;
      readonly arguments: readonly string[];
      readonly user?: string;
      readonly group?: string;
      readonly purpose: 'check';
      readonly subject: string;
    }
  | { readonly kind: 'script-signal'; readonly id: number; readonly signal: 'TERM' | 'KILL' }
  | {
      readonly kind: 'report';
      readonly report: {
        readonly kind: 'checker';
        readonly server: string;
        readonly checker: string;
        readonly up: boolean;
      };
    };

/** TCP and TLS for checkers and mail. */
export type StreamAction =
  | {
      readonly kind: 'stream-open';
      readonly id: number;
      readonly address: IpAddress;
      readonly port: number;
      readonly from?: { readonly address?: IpAddress; readonly port?: number };
      readonly interface?: string;
      readonly mark?: number;
      readonly tls?: { readonly serverName?: string };
    }
  | { readonly kind: 'stream-send'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: 'stream-close'; readonly id: number; readonly abort: boolean };
