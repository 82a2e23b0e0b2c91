/** A LAN that runs: what `buildLan` makes of a `LanSpec`, and what everything above works on. */

import type { Engine } from '../engine/engine.ts';
import type { HostApi } from '../host/host-api.ts';
import type { CableApi, SwitchApi } from '../lan/lan-api.ts';
import type { LanSpec } from './lan-spec.ts';

/** One virtual LAN on one engine. */
export interface LivingLan {
  readonly engine: Engine;
  readonly spec: LanSpec;
  readonly hosts: ReadonlyMap<string, HostApi>;
  readonly switches: ReadonlyMap<string, SwitchApi>;
  /** In the order of the spec. */
  readonly cables: readonly CableApi[];
  /** The cable at a port, `srv-1:eth1` or `sw1:3`. */
  cableAt(node: string, port: string): CableApi | undefined;
}
