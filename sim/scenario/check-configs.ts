/**
 * Every keepalived.conf of a scenario, read as the daemon will read it, with the interfaces of its host as facts. What
 * keepalived survives stays a warning; also collects which virtual routers and addresses there are.
 */

import type { IpAddress } from '../../daemon/wire/ip-address.ts';
import type { LanSpec } from '../topology/lan-spec.ts';
import type { Reading } from './reading.ts';
import type { Step } from './scenario.ts';
import type { RawScenario } from './schema/scenario-schema.ts';

/** What the configurations of a scenario mention, all hosts together. */
export interface ConfigFacts {
  /** Whether every configuration was read; then what is not mentioned is not there. */
  readonly complete: boolean;
  readonly vrids: ReadonlySet<number>;
  readonly instances: ReadonlySet<string>;
  readonly addresses: ReadonlySet<IpAddress>;
}

/** Reads all configurations: those of hosts, and those that `reload` brings. */
export function checkConfigs(
  raw: RawScenario,
  lan: LanSpec,
  more: { readonly steps: readonly Step[]; readonly reading: Reading },
): ConfigFacts {
  void raw;
  void lan;
  void more;
  return { complete: false, vrids: new Set(), instances: new Set(), addresses: new Set() };
}
