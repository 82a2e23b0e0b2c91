/** The standard faults: one row each, what is done to the MASTER (or the switch) and what heals it. */

import { type DurationUs, seconds } from '../../../daemon/base/time.ts';

/** Whom a fault strikes: names of the scenario. */
export interface Victims {
  /** The MASTER of the first virtual router. */
  readonly master: string;
  /** `NODE:PORT` of the card its adverts leave through. */
  readonly port: string;
  readonly switch: string;
  /** All routers. */
  readonly routers: readonly string[];
}

/** An action as a scenario file says it. */
export type FileAction = Readonly<Record<string, unknown>>;

/** One row. */
export interface StandardFault {
  readonly name: string;
  readonly words: string;
  /** Done at the moment of the fault. */
  strike(victims: Victims): readonly FileAction[];
  /** Done when everything is repaired; nothing when the fault ends by itself. */
  heal(victims: Victims): readonly FileAction[];
  /** The fault ends that long after it began; absent: when the survivors have had their time. */
  readonly lasts?: DurationUs;
}

/** All rows, in the order of the report. */
export const STANDARD_FAULTS: readonly StandardFault[] = [
  {
    name: 'cable-unplugged',
    words: "the master's cable is pulled",
    strike: ({ port }) => [{ unplug: port }],
    heal: ({ port }) => [{ replug: port }],
  },
  {
    name: 'silently-dead',
    words: "the master's cable is dead, carrier on",
    strike: ({ port }) => [{ mute: port }],
    heal: ({ port }) => [{ unmute: port }],
  },
  {
    name: 'dead-out',
    words: 'the master is heard by nobody',
    strike: ({ port }) => [{ 'one-way': { cable: port, dead: 'out' } }],
    heal: ({ port }) => [{ unmute: port }],
  },
  {
    name: 'dead-in',
    words: 'the master hears nobody',
    strike: ({ port }) => [{ 'one-way': { cable: port, dead: 'in' } }],
    heal: ({ port }) => [{ unmute: port }],
  },
  {
    name: 'power',
    words: 'the master loses power',
    strike: ({ master }) => [{ 'power-off': master }],
    heal: ({ master }) => [{ 'power-on': master }],
  },
  {
    name: 'sigkill',
    words: 'keepalived of the master is killed',
    strike: ({ master }) => [{ kill: master }],
    heal: ({ master }) => [{ restart: master }],
  },
  {
    name: 'frozen-5s',
    words: 'the master stands still for 5 s',
    strike: ({ master }) => [{ freeze: master }],
    heal: ({ master }) => [{ resume: master }],
    lasts: seconds(5),
  },
  {
    name: 'reload',
    words: 'keepalived of the master is reloaded',
    strike: ({ master }) => [{ reload: master }],
    heal: () => [],
  },
  {
    name: 'switch-reboot',
    words: 'the switch is without power for 2 s',
    strike: (victims) => [{ 'switch-off': victims.switch }],
    heal: (victims) => [{ 'switch-on': victims.switch }],
    lasts: seconds(2),
  },
  {
    name: 'all-powered-on',
    words: 'all routers lose power and are powered on together',
    strike: ({ routers }) => [{ 'power-off': routers }],
    heal: ({ routers }) => [{ 'power-on': routers }],
    lasts: seconds(1),
  },
];
