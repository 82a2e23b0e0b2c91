/**
 * keepalived_bfd.data: the settings and every BFD session. A thread that waits is shown with an
 * address that means nothing.
 *
 * Source: dumps of keepalived 2.2.7 (test/reference/dumps).
 */

import type { TimeUs } from '../base/time.ts';
import type { BfdSession } from '../bfd/bfd-machine.ts';
import { diagnosticText } from '../bfd/bfd-text.ts';
import type { DaemonConfig } from '../config/daemon-config.ts';
import { dumpGlobal } from '../config/dump-global.ts';
import type { IdsOf } from '../config/user-ids.ts';
import { lateFraction, type Stamps } from '../vrrp/dump.ts';
import type { VrrpMachine } from '../vrrp/vrrp-machine.ts';
import { formatIp, isIpv4 } from '../wire/ip-address.ts';
import type { BfdProcess } from './bfd-process.ts';

const NO_THREAD = '0x(nil)';
const WAITING_THREAD = '0x0x1';

/** The lines of the file. */
export function bfdDump(
  bfd: BfdProcess,
  facts: { readonly config: DaemonConfig; readonly stamp: Stamps; readonly idsOf: IdsOf },
): readonly string[] {
  return [
    ...dumpGlobal(facts.config, 'bfd', facts.idsOf),
    '------< BFD Data >------',
    ' fd_in = 8',
    ` thread_in = ${WAITING_THREAD}`,
    '------< BFD Topology >------',
    ...bfd.machine.sessions.flatMap((session, at) => {
      const fails = bfd.failsToSend(session);
      return dumpSession(session, { at, fails, stamp: facts.stamp });
    }),
  ];
}

function dumpSession(
  session: BfdSession,
  { at, fails, stamp }: { readonly at: number; readonly fails: boolean; readonly stamp: Stamps },
): readonly string[] {
  const { config } = session;
  const hex = (value: number) => `0x${value.toString(16)}`;
  return [
    ` BFD Instance = ${config.name}`,
    `   Neighbor IP = ${formatIp(config.neighborAddress)}`,
    ...(config.sourceAddress === undefined
      ? []
      : [`   Source IP = ${formatIp(config.sourceAddress)}`]),
    `   Required min RX interval = ${config.minRx} us`,
    `   Desired min TX interval = ${config.minTx} us`,
    `   Desired idle TX interval = ${config.idleTx} us`,
    `   Detection multiplier = ${config.multiplier}`,
    `   ${isIpv4(config.neighborAddress) ? 'TTL' : 'hoplimit'} = ${config.ttl}`,
    `   max_hops = ${config.maxHops}`,
    `   passive = ${config.passive}`,
    `   send event to VRRP process = ${config.vrrp ? 'Yes' : 'No'}`,
    `   send event to checker process = ${config.checker ? 'Yes' : 'No'}`,
    `   fd_out ${FIRST_OUTPUT + at}`,
    `   thread_open_fd_out ${NO_THREAD}`,
    ...timerLines('out', session.sendDueAt),
    ...timerLines('exp', session.expireDueAt),
    ...timerLines('rst', session.resetDueAt),
    `   send error = ${fails}`,
    `   local state = ${session.state}`,
    `   remote state = ${session.remoteState}`,
    `   local discriminator = ${hex(session.discriminator)}`,
    `   remote discriminator = ${hex(session.remoteDiscriminator)}`,
    `   local diag = ${diagnosticText(session.diagnostic)}`,
    `   remote diag = ${diagnosticText(session.remoteDiagnostic)}`,
    `   remote min tx intv = ${session.remoteMinTx} us`,
    `   remote min rx intv = ${session.remoteMinRx} us`,
    '   local demand = 0',
    `   remote demand = ${Number(session.remoteDemand)}`,
    `   remote detect multiplier = ${session.remoteMultiplier}`,
    `   ${session.poll ? '' : '!'}poll, ${session.final ? '' : '!'}final`,
    `   local tx intv = ${session.txInterval} us`,
    `   remote tx intv = ${session.remoteTxInterval} us`,
    `   local detection time = ${session.detectTime} us`,
    `   remote detection time = ${session.remoteDetectTime} us`,
    lastSeen(session.lastSeenAt, stamp),
  ];
}

/** Descriptor of the first session's socket in a recorded daemon. */
const FIRST_OUTPUT = 12;

/** Moments stand there only while the process is being reloaded. */
function timerLines(name: string, due: TimeUs | undefined): readonly string[] {
  return [
    `   thread_${name} ${due === undefined ? NO_THREAD : WAITING_THREAD}`,
    `   sands_${name} = [disabled]`,
  ];
}

function lastSeen(at: TimeUs, stamp: Stamps): string {
  return at === 0 ? '   last_seen = [never]' : `   last seen = ${lateFraction(stamp(at))}`;
}

/** `VRRP Track BFDs` of keepalived.data: the sessions that instances follow. */
export function dumpTrackedBfds(machine: VrrpMachine, config: DaemonConfig): readonly string[] {
  const tracked = machine.bfds.filter((one) => one.followers.length > 0);
  if (tracked.length === 0) return [];
  // In the order of the configuration, not in that of the instances.
  const order = config.bfd.sessions.map((one) => one.name);
  const sorted = [...tracked].sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  return [
    '------< VRRP Track BFDs >------',
    ...sorted.flatMap((bfd) => {
      const session = config.bfd.sessions.find((one) => one.name === bfd.name);
      return [
        ` VRRP Track BFD = ${bfd.name}`,
        `   Weight = ${weightText(session ?? { weight: 0, reverse: false })}`,
        `   Bfd is ${bfd.up ? 'up' : 'down'}`,
        '   Tracking VRRP instances :',
        '   Tracking instances :',
        ...bfd.followers.map(
          (one) => `     ${one.instance.config.name}, weight ${weightText(one)}`,
        ),
      ];
    }),
  ];
}

function weightText(one: { readonly weight: number; readonly reverse: boolean }): string {
  return `${one.weight}${one.reverse ? ' reverse' : ''}`;
}
