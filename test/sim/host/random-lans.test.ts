/**
 * Random LANs of 2 to 8 routers with random valid configurations, disturbed at random, then healed:
 * within a bound computed from the configuration there is exactly one master for each VRID, and it
 * stays. Whole machines: kernel, switch and daemon as in a scenario.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mastersBySegment } from '../../../sim/scenario/expectations/masters.ts';
import { Lab } from './lab.ts';

/** One virtual router as all its machines agree on it. */
interface Router {
  readonly version: 2 | 3;
  readonly interval: number;
  readonly password: boolean;
  readonly vips: number;
  readonly downTimerAdverts: number;
  /** Adverts go to each of the others by itself. */
  readonly unicast: boolean;
}

/** What one machine says about one virtual router. */
interface Member {
  readonly priority: number;
  readonly lines: string;
  readonly preemptDelay: number;
}

/** One disturbance. */
interface Fault {
  readonly at: number;
  readonly host: number;
  readonly what:
    | 'mute'
    | 'mute-out'
    | 'mute-in'
    | 'unplug'
    | 'kill'
    | 'stop'
    | 'freeze-daemon'
    | 'power-off'
    | 'reload'
    | 'lossy';
}

interface Case {
  readonly routers: readonly Router[];
  readonly members: readonly (readonly Member[])[];
  /** All virtual routers of a machine move together; only drawn where there are two. */
  readonly synced: boolean;
  readonly faults: readonly Fault[];
  readonly seed: number;
}

const router: fc.Arbitrary<Router> = fc
  .record({
    version: fc.constantFrom(2 as const, 3 as const),
    step: fc.constantFrom(0, 1, 2),
    password: fc.boolean(),
    vips: fc.integer({ min: 1, max: 3 }),
    downTimerAdverts: fc.constantFrom(3, 3, 5),
    unicast: fc.boolean(),
  })
  .map(({ step, ...rest }) => ({
    ...rest,
    interval: (rest.version === 2 ? [1, 1, 2] : [0.1, 0.5, 1])[step] as number,
  }));

const member: fc.Arbitrary<Member> = fc
  .record({
    priority: fc.integer({ min: 1, max: 254 }),
    lines: fc.subarray([
      'garp_master_refresh 3',
      'garp_master_repeat 2',
      'lower_prio_no_advert',
      'higher_prio_send_advert',
      'skip_check_adv_addr',
    ]),
    preempt: fc.constantFrom('', '', 'nopreempt', 'preempt_delay 2'),
  })
  .map(({ priority, lines, preempt }) => ({
    priority,
    lines: [...lines, preempt].join('\n  '),
    preemptDelay: preempt.startsWith('preempt_delay') ? 2 : 0,
  }));

const fault: fc.Arbitrary<Fault> = fc.record({
  at: fc.integer({ min: 0, max: 20 }),
  host: fc.nat({ max: 7 }),
  what: fc.constantFrom(
    'mute',
    'mute-out',
    'mute-in',
    'unplug',
    'kill',
    'stop',
    'freeze-daemon',
    'power-off',
    'reload',
    'lossy',
  ),
});

const anyCase: fc.Arbitrary<Case> = fc
  .tuple(fc.array(router, { minLength: 1, maxLength: 2 }), fc.integer({ min: 2, max: 8 }))
  .chain(([routers, hosts]) =>
    fc.record({
      routers: fc.constant(routers),
      synced: routers.length > 1 ? fc.boolean() : fc.constant(false),
      members: fc.array(
        fc.array(member, { minLength: routers.length, maxLength: routers.length }),
        { minLength: hosts, maxLength: hosts },
      ),
      faults: fc.array(fault, { maxLength: 8 }),
      seed: fc.nat({ max: 1_000_000 }),
    }),
  );

/** In a sync group every instance of a machine has the first one's priority: else the group could not agree. */
function alike(given: Case): Case {
  if (!given.synced) return given;
  const members = given.members.map((own) => own.map(() => own[0] as Member));
  return { ...given, members };
}

function confOf(given: Case, host: number): string {
  const { routers, synced } = given;
  const members = given.members[host] as readonly Member[];
  const names = routers.map((_, index) => `VI_${index}`).join(' ');
  const group = synced ? `vrrp_sync_group G { group { ${names} } }\n` : '';
  const others = given.members.flatMap((_, n) => (n === host ? [] : [`10.0.0.${n + 11}`]));
  const instances = routers
    .map((one, index) => {
      const own = members[index] as Member;
      const vips = Array.from({ length: one.vips }, (_, n) => `10.0.0.${100 + index * 10 + n}/24`);
      const auth = one.password && one.version === 2;
      return `vrrp_instance VI_${index} {
  interface eth0
  virtual_router_id ${50 + index}
  version ${one.version}
  priority ${own.priority}
  advert_int ${one.interval}
  down_timer_adverts ${one.downTimerAdverts}
  ${auth ? 'authentication {\n auth_type PASS\n auth_pass secret\n }' : ''}
  ${one.unicast ? `unicast_peer {\n ${others.join('\n ')}\n }` : ''}
  ${own.lines}
  virtual_ipaddress {\n ${vips.join('\n ')}\n }
}`;
    })
    .join('\n');
  return group + instances;
}

/**
 * Longest time from healing to one lasting master, in seconds.
 *
 * down = N * interval + skew, skew at most 1 s (v2: 255/256 s; v3: 255/256 of an interval <= 1 s).
 *   down   the machine that starts last hears nobody and times out
 * + delay  its preempt_delay begins with the first lower advert
 * + down   it discards lower adverts until its timer runs out
 * + 3 * interval  masters that meet hear each other with their next adverts, and the loser's last
 *          forced election is answered
 * + 1 s    a stopped daemon's second of waiting, before it may start again
 * + 1 s    everything else (ARP, boot)
 */
function boundOf(one: Router, index: number, members: readonly (readonly Member[])[]): number {
  const down = one.downTimerAdverts * one.interval + 1;
  const delay = Math.max(...members.map((m) => m[index]?.preemptDelay ?? 0));
  return down + delay + down + 3 * one.interval + 1 + 1;
}

function disturb(lab: Lab, one: Fault, name: string): void {
  const host = lab.host(name);
  const cable = lab.lan.cableAt(name, 'eth0');
  const toSwitch = 'a-to-b' as const;
  const fromSwitch = 'b-to-a' as const;
  if (one.what === 'mute') cable?.impair('both', { muted: true });
  else if (one.what === 'mute-out') cable?.impair(toSwitch, { muted: true });
  else if (one.what === 'mute-in') cable?.impair(fromSwitch, { muted: true });
  else if (one.what === 'lossy') {
    cable?.impair('both', { loss: { numerator: 3, denominator: 10 } });
  } else if (one.what === 'unplug') cable?.unplug();
  else if (one.what === 'kill') host.signal('keepalived', 'KILL');
  else if (one.what === 'stop') host.unit('stop', 'keepalived');
  else if (one.what === 'freeze-daemon') host.signal('keepalived', 'STOP');
  else if (one.what === 'power-off') host.powerOff();
  else host.unit('reload', 'keepalived');
}

function heal(lab: Lab): void {
  for (const [name, host] of lab.lan.hosts) {
    const cable = lab.lan.cableAt(name, 'eth0');
    cable?.impair('both', { muted: undefined, loss: undefined });
    if (cable?.plugged === false) cable.replug();
    if (host.power === 'off') host.powerOn();
    host.signal('keepalived', 'CONT');
  }
  // A daemon that was told to stop is on its way out for a second.
  lab.run(1.01);
  for (const host of lab.lan.hosts.values()) {
    if (host.unitState('keepalived')?.active !== 'active') host.unit('start', 'keepalived');
  }
}

function play(drawn: Case): { masters: string[]; later: string[] } {
  const given = alike(drawn);
  const names = given.members.map((_, index) => `r${index + 1}`);
  const lab = new Lab(
    given.members.map((_, index) => ({
      name: names[index] as string,
      addresses: [`10.0.0.${index + 11}/24`],
      files: { '/etc/keepalived/keepalived.conf': confOf(given, index) },
    })),
    { seed: given.seed, jitter: 'seeded' },
  );
  lab.run(5);
  let now = 0;
  for (const one of given.faults.toSorted((a, b) => a.at - b.at)) {
    lab.run(one.at - now);
    now = one.at;
    disturb(lab, one, names[one.host % names.length] as string);
  }
  lab.run(21 - now);
  heal(lab);
  // A group moves when the last of its instances may; each may have to wait for the others once.
  const bounds = given.routers.map((one, i) => boundOf(one, i, given.members));
  const bound = given.synced ? bounds.reduce((a, b) => a + b) : Math.max(...bounds);
  lab.run(bound);
  const masters = mastersOf(lab);
  lab.run(8);
  return { masters, later: mastersOf(lab) };
}

function mastersOf(lab: Lab): string[] {
  return mastersBySegment(lab.lan)
    .map(({ vrid, hosts }) => `${vrid}: ${hosts.join(' ')}`)
    .toSorted();
}

describe('random LANs', () => {
  it('heal: exactly one master for each VRID within the bound, and it stays', () => {
    fc.assert(
      fc.property(anyCase, (given) => {
        const { masters, later } = play(given);
        expect(masters.map((line) => line.split(' ').length - 1)).toEqual(
          given.routers.map(() => 1),
        );
        expect(later).toEqual(masters);
        // What a sync group promises.
        const hosts = new Set(masters.map((line) => line.split(' ')[1]));
        if (given.synced) expect(hosts.size).toBe(1);
      }),
      { numRuns: Number(process.env.LANTWIN_RUNS ?? 40), seed: 4 },
    );
  }, 120_000);
});
