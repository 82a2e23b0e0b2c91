/**
 * What the real keepalived is known to do that breaks an invariant. A finding of a search that is one
 * of these is classified and counted, never hidden; it decides no exit code. Each row is tied to a
 * recording under `test/reference/traces`, a scenario of the repository, or a section of the project's
 * fact sheet on keepalived. `docs/known-behaviours.md` is generated from this list.
 */

import type { FindingFacts } from './finding-facts.ts';

/** One row. */
export interface KnownBehaviour {
  readonly code: string;
  readonly title: string;
  /** What happens, and what cures it. */
  readonly words: string;
  /** Section of the fact sheet (keepalived.md), recordings, scenarios that show it. */
  readonly section: string;
  readonly recordings: readonly string[];
  readonly scenarios: readonly string[];
  matches(facts: FindingFacts): boolean;
}

/** Faults by which adverts get lost, come late or are not read. */
const HINDER_ADVERTS = [
  'cut',
  'mute',
  'one-way',
  'loss',
  'delay',
  'flap',
  'freeze',
  'switch-reboot',
  'mcast-filter',
  'partition',
];
/** Faults by which broadcasts get lost: a multicast filter lets them pass. */
const HINDER_BROADCASTS = HINDER_ADVERTS.filter((kind) => kind !== 'mcast-filter');

/** How long a MASTER that takes over and the one that yields overlap: an advert's way, µs. */
const HANDOVER = 20_000;

/** All rows, in the order in which they are tried. */
export const KNOWN_BEHAVIOUR: readonly KnownBehaviour[] = [
  {
    code: 'known:handover-overlaps',
    title: 'two masters for the time that one advert takes',
    words:
      'A router that preempts becomes MASTER and sends its first advert; the old MASTER yields when it hears it. ' +
      'In between both are MASTER, on an ordinary LAN for some microseconds.',
    section: 'b.6',
    recordings: ['S06a'],
    scenarios: ['scenarios/seeds/three-servers/power-off-and-on.twin.yml'],
    matches: ({ kind, span }) => {
      const isDoubled = kind === 'masters' || kind === 'owners';
      return isDoubled && span !== undefined && span.to - span.from <= HANDOVER;
    },
  },
  {
    code: 'known:two-masters-while-adverts-are-lost',
    title: 'two masters as long as adverts do not arrive, and until the next one',
    words:
      'A BACKUP that hears nothing takes over, whatever the reason: a dead direction, loss, a multicast filter, a ' +
      'MASTER that stands still. Both stay MASTER until adverts arrive again; every advert that a MASTER hears ' +
      "restarts its own advert timer, so this takes up to two intervals. Cure: a second path, or BFD's hints.",
    section: 'b.4',
    recordings: ['S29', 'S04a'],
    scenarios: [
      'scenarios/partition/two-masters-behind-a-multicast-filter.twin.yml',
      'scenarios/partition/two-masters-behind-a-switch-without-querier.twin.yml',
    ],
    matches: (facts) =>
      (facts.kind === 'masters' || facts.kind === 'owners') &&
      facts.isDuring(HINDER_ADVERTS, facts.advertTime),
  },
  {
    code: 'known:ah-refuses-after-partition',
    title: 'with AH two masters refuse each other after a partition',
    words:
      'Both masters counted their adverts on; the one that is behind is taken for a replay until its number has ' +
      'caught up. Each refused advert still restarts the advert timer of the MASTER that refuses it, so this one is ' +
      'silent and the other is never told. Cure: auth_type PASS, or none.',
    section: 'b.4',
    recordings: ['S12a'],
    scenarios: ['scenarios/seeds/two-directors/annotated.twin.yml'],
    matches: (facts) =>
      (facts.kind === 'masters' || facts.kind === 'owners' || facts.kind === 'answers') &&
      facts.said(/IPSEC-AH : sequence number \d+ already processed/),
  },
  {
    code: 'known:killed-daemon-keeps-address',
    title: 'a killed keepalived leaves its addresses behind',
    words:
      'SIGKILL takes the daemon and leaves the virtual addresses; the host goes on answering ARP for them while ' +
      'another one takes over, until keepalived is started again and removes them.',
    section: 'b.12',
    recordings: ['S03a'],
    scenarios: ['scenarios/failover/sigkill-leaves-two-owners.twin.yml'],
    matches: (facts) =>
      (facts.kind === 'owners' || facts.kind === 'answers') && facts.isDuring(['crash'], 0),
  },
  {
    code: 'known:black-hole-after-partition',
    title: 'after a healed partition nobody tells the clients',
    words:
      'When two masters meet and the usurper hears the higher advert first, it yields silently; the MASTER that ' +
      'stayed never learns of it and sends no gratuitous ARP. Clients go on asking the usurper until their neighbour ' +
      'entry runs out: 8 s with a STALE entry, up to 53 s with a confirmed one. Cures: higher_prio_send_advert, ' +
      'garp_master_refresh.',
    section: 'b.5',
    recordings: ['S04a'],
    scenarios: [
      'scenarios/partition/black-hole-after-a-healed-partition.twin.yml',
      'scenarios/partition/garp-master-refresh-cures-the-black-hole.twin.yml',
      'scenarios/partition/higher-prio-send-advert-cures-the-black-hole.twin.yml',
    ],
    matches: (facts) => isUnanswered(facts) && facts.wasUsurped(),
  },
  {
    code: 'known:gratuitous-arp-lost',
    title: 'both bursts of gratuitous ARP were lost',
    words:
      'A new MASTER tells the LAN twice: at once and garp_master_delay (5 s) later. When both bursts meet a fault, ' +
      'clients keep their old neighbour entry until it runs out. Cure: garp_master_refresh.',
    section: 'b.5',
    recordings: ['S01', 'S04a'],
    scenarios: ['scenarios/partition/garp-master-refresh-cures-the-black-hole.twin.yml'],
    matches: (facts) => isUnanswered(facts) && facts.burstsWereHit(HINDER_BROADCASTS),
  },
  {
    code: 'known:vmac-client-learns-real-mac',
    title: "clients of a virtual MAC learn the host's own MAC",
    words:
      "With use_vmac a host's own ARP requests for clients leave with the MAC of its base interface and the virtual " +
      'address as sender, so clients flip to that MAC. After the next takeover they ask the wrong host until their ' +
      'entry runs out.',
    section: 'b.9',
    recordings: ['S14'],
    scenarios: ['scenarios/seeds/five-directors/virtual-mac.twin.yml'],
    matches: (facts) => isUnanswered(facts) && facts.usesVirtualMac && facts.clientIsWrong(),
  },
  {
    code: 'known:connection-not-announced',
    title: 'connections that the sync daemon has not announced are lost',
    words:
      'The sync daemon announces a connection with its third packet (sync_threshold) and sends the announcement two ' +
      'to three seconds later. One that has only shaken hands, is younger, or whose announcement was lost is ' +
      'unknown to the next director, which answers its next segment with a reset. Cure: none in IPVS; clients ' +
      'connect again.',
    section: 'a.5',
    recordings: [],
    scenarios: ['scenarios/load-balancing/failover-with-sync-daemon.twin.yml'],
    matches: (facts) => facts.kind === 'connections' && facts.isUntold,
  },
];

/** The code of the known behaviour that a finding is, if it is any. */
export function knownCode(facts: FindingFacts): string | undefined {
  return KNOWN_BEHAVIOUR.find((one) => one.matches(facts))?.code;
}

function isUnanswered(facts: FindingFacts): boolean {
  return facts.kind === 'black-hole' || facts.kind === 'traffic';
}
