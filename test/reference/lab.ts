/**
 * The laboratory in which the recordings were made, as a LAN of ours: two or three nodes and a client on one
 * Linux bridge, a second bridge in some. Addresses and MACs are the laboratory's scheme (`traces/README.md`), equal in all recordings.
 */

import { durationUs, NO_DURATION, seconds } from '../../daemon/base/time.ts';
import { type IpPrefix, parsePrefix } from '../../daemon/wire/ip-address.ts';
import { formatMac, type MacAddress, parseMac } from '../../daemon/wire/mac-address.ts';
import type { CableSpec, HostSpec, LanSpec, NicSpec } from '../../sim/topology/lan-spec.ts';
import type { Phases } from './phases.ts';
import type { Recording, Seconds } from './recording.ts';

/** Where every node of the laboratory keeps its configuration. */
export const CONFIG_PATH = '/etc/keepalived/keepalived.conf';

const CLIENT_NUMBER = 50;

/** The client's MAC on the first LAN. */
export const CLIENT_MAC = mac(`02:00:00:00:00:${CLIENT_NUMBER}`);

/** How long the laboratory stands before a recording begins: long enough for IPv6 to settle. */
export const LEAD: Seconds = 10;

/** The laboratory of a recording, with all daemons still stopped. */
export function laboratory(recording: Recording, phases: Phases): LanSpec {
  const nodes = recording.nodes.map((name) => host(recording, name, 10 + Number(name.slice(1))));
  const client = host(recording, 'client', CLIENT_NUMBER);
  const hosts = [...nodes, { ...client, ...tickPhase(phases) }];
  const lans = Array.from({ length: recording.lans }, (_, index) => index);
  return {
    hosts,
    switches: lans.map((lan) => ({
      name: `br${lan}`,
      kind: 'switch' as const,
      ageing: seconds(300),
      mirrors: [],
      forwardDelay: NO_DURATION,
      multicastSnooping: false,
      querier: false,
    })),
    cables: hosts.flatMap((one) => one.nics.map((nic) => cable(one.name, nic, phases))),
    epochUs: 0,
    jitter: 'none',
    keepalivedVersion: '2.2.7',
  };
}

/** The switch port at which a node's NIC is plugged in: `br0`, `n1`. */
export function switchPortOf(node: string, nic: string): { switch: string; port: string } {
  return { switch: `br${nic.replace(/^\D+/, '')}`, port: node };
}

function host(recording: Recording, name: string, number: number): HostSpec {
  return {
    name,
    nics: Array.from({ length: recording.lans }, (_, lan) => nic(recording, lan, number)),
    sysctl: recording.ipv6 ? [] : [['net.ipv6.conf.all.disable_ipv6', '1']],
    routes: [],
    files: [],
    enabledUnits: [],
    programs: [],
    scripts: [],
    names: [],
    bootTime: NO_DURATION,
    onCarrierLoss: 'keep',
    startsOff: false,
  };
}

function nic(recording: Recording, lan: number, number: number): NicSpec {
  const addresses = [prefix(`192.168.${lan === 0 ? 100 : 200}.${number}/24`)];
  if (recording.ipv6) addresses.push(prefix(`fd00:${lan === 0 ? 100 : 200}::${number}/64`));
  return { name: `eth${lan}`, mac: mac(`02:00:00:00:0${lan}:${number}`), mtu: 1500, addresses };
}

function tickPhase(phases: Phases): { readonly tickPhaseUs?: number } {
  if (phases.wheelTurn === undefined) return {};
  const slot = Math.round(phases.wheelTurn.slot * 1e6);
  const turn = Math.round((phases.wheelTurn.at + LEAD) * 1e6);
  return { tickPhaseUs: slot - (turn % slot) };
}

/**
 * Whoever answers quicker in the recording sits on the shorter cable. Their cables are pairs of veth: a kernel's answer to the
 * first frame of a burst is on the bridge before the second one.
 */
function cable(node: string, of: NicSpec, phases: Phases): CableSpec {
  const far = switchPortOf(node, of.name);
  const isSlower = phases.quickerFirst.indexOf(formatMac(of.mac)) > 0;
  return {
    a: { node, port: of.name },
    b: { node: far.switch, port: far.port },
    delay: durationUs(isSlower ? 2 : 1),
    queueFrames: 1000,
  };
}

function prefix(text: string): IpPrefix {
  const parsed = parsePrefix(text);
  if (parsed === undefined) throw new Error(`not a prefix: ${text}`);
  return parsed;
}

function mac(text: string): MacAddress {
  const parsed = parseMac(text);
  if (parsed === undefined) throw new Error(`not a MAC: ${text}`);
  return parsed;
}
