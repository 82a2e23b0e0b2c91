/** A whole scenario as a value: what `scenario()` takes. Generated: UPDATE_GOLDEN=1 writes it. */

import type { Duration } from './duration.ts';
import type { Final } from './final-document.ts';
import type { Invariant } from './invariant-document.ts';
import type { Lan } from './lan-document.ts';
import type { Step } from './step-document.ts';
import type { Traffic } from './traffic-document.ts';

/** A scenario, as in a `*.twin.yml` file. */
export interface ScenarioDocument {
  /** What the scenario shows, in a few words. */
  readonly name?: string;
  /** More sentences for the reader of a report. */
  readonly about?: string;
  /** Seed of all chance; 1 by default, --seed overrides it. */
  readonly seed?: number;
  /** When the run ends; by default the last step plus its longest time plus 5s. */
  readonly until?: Duration;
  /** 'none': daemons and traffic start exactly when told; 'seeded' by default. */
  readonly jitter?: 'seeded' | 'none';
  /** The wall clock at t=0, in UTC. */
  readonly epoch?: string;
  /** Which keepalived is imitated; '2.2.7' by default. */
  readonly 'keepalived-version'?: string | number;
  /** Names that every host resolves, as in /etc/hosts. */
  readonly hosts?: Readonly<Record<string, string>>;
  /** The LAN before the run begins. */
  readonly lan: Lan;
  /** Traffic by name. */
  readonly traffic?: Readonly<Record<string, Traffic>>;
  /** What happens, and what must follow. */
  readonly steps?: readonly Step[];
  /** What must hold during the whole run. */
  readonly always?: readonly Invariant[];
  /** What must hold at the end. */
  readonly finally?: readonly Final[];
}
