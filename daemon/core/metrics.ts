/**
 * The daemon's numbers in Prometheus' text form (version 0.0.4), under the names, labels and values of keepalived-exporter,
 * so that dashboards and alerts made for it go on working. What it cannot see (virtual services, sync groups) follows
 * under names of our own.
 *
 * Source: names and labels of mehdy/keepalived-exporter 1.5; it is GPL, so its code was read for names alone.
 */

import type { VirtualAddress } from '../vrrp/vrrp-config.ts';
import type { Instance, Script, Statistics, VrrpMachine } from '../vrrp/vrrp-machine.ts';
import type { VrrpState } from '../vrrp/vrrp-state.ts';
import { formatIp, isIpv4 } from '../wire/ip-address.ts';
import type { BfdStatus, ServiceStatus } from './status.ts';

type Labels = readonly (readonly [name: string, value: string])[];

interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** The exporter's numbers of states: their places in its list. */
const STATES: readonly VrrpState[] = ['INIT', 'BACKUP', 'MASTER', 'FAULT'];

/** The exporter's numbers of what a tracked script is doing. */
const SCRIPT_STATES = ['idle', 'running', 'terminating', 'killing'] as const;

const COUNTERS: readonly (readonly [name: string, help: string, key: keyof Statistics])[] = [
  ['advertisements_received_total', 'Advertisements received', 'advertsReceived'],
  ['advertisements_sent_total', 'Advertisements sent', 'advertsSent'],
  ['become_master_total', 'Became master', 'becameMaster'],
  ['release_master_total', 'Released master', 'releasedMaster'],
  ['packet_length_errors_total', 'Packet length errors', 'packetLengthErrors'],
  ['advertisements_interval_errors_total', 'Advertisement interval errors', 'advertIntervalErrors'],
  ['ip_ttl_errors_total', 'TTL errors', 'ttlErrors'],
  ['invalid_type_received_total', 'Invalid type errors', 'invalidTypeReceived'],
  ['address_list_errors_total', 'Address list errors', 'addressListErrors'],
  ['authentication_invalid_total', 'Authentication invalid', 'invalidAuthType'],
  ['authentication_mismatch_total', 'Authentication mismatch', 'authTypeMismatch'],
  ['authentication_failure_total', 'Authentication failure', 'authFailures'],
  ['priority_zero_received_total', 'Priority zero received', 'priorityZeroReceived'],
  ['priority_zero_sent_total', 'Priority zero sent', 'priorityZeroSent'],
];

/** Everything there is to tell; without a machine (not started, refused) only that it is not up. */
export function metricsText(
  machine: VrrpMachine | undefined,
  services: readonly ServiceStatus[],
  sessions: readonly BfdStatus[] = [],
): string {
  const up: Sample = { labels: [], value: machine === undefined ? 0 : 1 };
  const metrics: Metric[] = [gauge('keepalived_up', 'Status', [up])];
  if (machine !== undefined) {
    metrics.push(...instanceMetrics(machine.instances), ...scriptMetrics(machine.scripts));
    metrics.push(...groupMetrics(machine));
  }
  metrics.push(...serviceMetrics(services), ...bfdMetrics(sessions));
  return metrics.map(formatMetric).join('');
}

function instanceMetrics(instances: readonly Instance[]): Metric[] {
  const counters = COUNTERS.map(
    ([name, help, key]): Metric => ({
      name: `keepalived_${name}`,
      type: 'counter',
      help,
      samples: instances.map((one) => ({
        labels: instanceLabels(one),
        value: one.statistics[key],
      })),
    }),
  );
  return [
    ...counters,
    {
      name: 'keepalived_gratuitous_arp_delay_total',
      type: 'counter',
      help: 'Gratuitous ARP delay',
      samples: instances.map((one) => ({
        labels: instanceLabels(one),
        value: one.config.garp.delay / 1_000_000,
      })),
    },
    gauge('keepalived_vrrp_state', 'State of vrrp', instances.flatMap(stateSamples)),
    gauge(
      'keepalived_vrrp_excluded_state',
      'State of vrrp with excluded VIP',
      instances.flatMap((one) => one.config.excludedAddresses.map((vip) => stateSample(one, vip))),
    ),
    gauge(
      'lantwin_vrrp_effective_priority',
      'Priority with the weights of what is tracked',
      instances.map((one) => ({ labels: instanceLabels(one), value: one.effectivePriority })),
    ),
  ];
}

function stateSamples(instance: Instance): Sample[] {
  const { addresses, interface: device, name, vrid } = instance.config;
  if (addresses.length > 0) return addresses.map((vip) => stateSample(instance, vip));
  const labels: Labels = [
    ['iname', name],
    ['intf', device ?? ''],
    ['vrid', String(vrid)],
    ['ip_address', ''],
  ];
  return [{ labels, value: stateNumber(instance.state) }];
}

function stateSample(instance: Instance, vip: VirtualAddress): Sample {
  const labels: Labels = [
    ['iname', instance.config.name],
    ['intf', vip.interface],
    ['vrid', String(instance.config.vrid)],
    ['ip_address', addressLabel(vip)],
  ];
  return { labels, value: stateNumber(instance.state) };
}

/** As keepalived's dump writes it, which the exporter reads: the length of a host address is left out. */
function addressLabel({ address, length }: VirtualAddress): string {
  const full = isIpv4(address) ? 32 : 128;
  return length === full ? formatIp(address) : `${formatIp(address)}/${length}`;
}

/** A daemon that is about to end is in none of the exporter's states. */
function stateNumber(state: VrrpState): number {
  return Math.max(0, STATES.indexOf(state));
}

function instanceLabels({ config }: Instance): Labels {
  return [
    ['iname', config.name],
    ['intf', config.interface ?? ''],
    ['vrid', String(config.vrid)],
  ];
}

function scriptMetrics(scripts: readonly Script[]): Metric[] {
  const sampled = (numberOf: (script: Script) => number): Sample[] =>
    scripts.map((one) => ({ labels: [['name', one.config.name]], value: numberOf(one) }));
  return [
    gauge(
      'keepalived_script_status',
      'Tracker Script Status',
      sampled((one) => (one.result >= one.config.rise ? 1 : 0)),
    ),
    gauge(
      'keepalived_script_state',
      'Tracker Script State',
      sampled((one) => SCRIPT_STATES.indexOf(one.running)),
    ),
  ];
}

function groupMetrics(machine: VrrpMachine): Metric[] {
  const samples = machine.groups.map((group) => ({
    labels: [['name', group.config.name] as const],
    value: stateNumber(group.state),
  }));
  return [gauge('lantwin_sync_group_state', 'State of a sync group', samples)];
}

function bfdMetrics(sessions: readonly BfdStatus[]): Metric[] {
  if (sessions.length === 0) return [];
  const labelsOf = (one: BfdStatus): Labels => [
    ['name', one.name],
    ['neighbor', formatIp(one.neighbor)],
  ];
  return [
    gauge(
      'lantwin_bfd_session_up',
      'BFD session is up',
      sessions.map((one) => ({ labels: labelsOf(one), value: one.state === 'Up' ? 1 : 0 })),
    ),
    gauge(
      'lantwin_bfd_detection_seconds',
      'Silence after which the BFD neighbor counts as dead',
      sessions.map((one) => ({ labels: labelsOf(one), value: one.detectTime / 1_000_000 })),
    ),
  ];
}

function serviceMetrics(services: readonly ServiceStatus[]): Metric[] {
  const servers = services.flatMap((service) =>
    service.servers.map((server) => ({
      server,
      labels: [
        ['service', service.name],
        ['server', server.name],
      ] as const,
    })),
  );
  return [
    gauge(
      'lantwin_virtual_service_quorum_up',
      'Whether enough real servers are alive',
      services.map(({ name, quorumUp }) => ({
        labels: [['service', name]],
        value: Number(quorumUp),
      })),
    ),
    gauge(
      'lantwin_virtual_service_sorry_active',
      'Whether the sorry server serves',
      services.map(({ name, sorryActive }) => ({
        labels: [['service', name]],
        value: Number(sorryActive),
      })),
    ),
    gauge(
      'lantwin_real_server_alive',
      'Whether all checkers of a real server are content',
      servers.map(({ server, labels }) => ({ labels, value: Number(server.alive) })),
    ),
    gauge(
      'lantwin_real_server_weight',
      'Weight of a real server',
      servers.map(({ server, labels }) => ({ labels, value: server.weight })),
    ),
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, type: 'gauge', help, samples };
}

function formatMetric({ name, type, help, samples }: Metric): string {
  if (samples.length === 0) return '';
  const lines = samples.map(({ labels, value }) => `${name}${formatLabels(labels)} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function formatLabels(labels: Labels): string {
  if (labels.length === 0) return '';
  return `{${labels.map(([name, value]) => `${name}="${escapeValue(value)}"`).join(',')}}`;
}

function escapeValue(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
