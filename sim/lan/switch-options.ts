/**
 * What a switch or hub is made of, and IEEE 802.1D's default for it. The scenario file's words for these stand in
 * `sim/scenario/schema`; how each acts stands in `switch.ts`.
 */

import type { DurationUs } from '../../daemon/base/time.ts';
import type { MacAddress } from '../../daemon/wire/mac-address.ts';

/** Ageing time of learned addresses, 300 s: IEEE 802.1D table 7-5, and Linux' bridge. */
export const AGEING_DEFAULT_US = 300_000_000 as DurationUs;

/** What a switch is made of; `SwitchSpec` of the topology plus what only the LAN knows. */
export interface SwitchOptions {
  readonly name: string;
  readonly kind: 'switch' | 'hub';
  /** Its own address: the sender of its IGMP queries. */
  readonly mac: MacAddress;
  readonly ageing: DurationUs;
  readonly forwardDelay: DurationUs;
  readonly multicastSnooping: boolean;
  /** The switch asks for members itself; means nothing without snooping. */
  readonly querier: boolean;
  /**
   * 224.0.0.0/24 and ff02::/16 (VRRP's groups are among them): `flood` as RFC 4541 asks for in IPv4, `snoop` as some
   * switches do. Everybody gets ff02::1.
   */
  readonly linkLocalGroups: 'flood' | 'snoop';
  readonly mirrors: readonly { readonly port: string; readonly of: readonly string[] | 'all' }[];
  /** Most source MACs that a port accepts; absent: any. */
  readonly macsPerPort?: number;
  /**
   * A hypervisor's switch knows the cards of its guests: frames to anybody else are dropped, and what was learned
   * never ages. A card is known from its first frame on; a guest that never sent one hears broadcasts only.
   */
  readonly dropsUnknown?: boolean;
}
