/** The snapshot of a daemon, taken from the VRRP machine. */

import type { TimeUs } from '../base/time.ts';
import type { Instance, VrrpMachine } from '../vrrp/vrrp-machine.ts';
import type { DaemonStatus, InstanceStatus } from './status.ts';

/** A snapshot; without a machine (not started, refused) it has no instances. */
export function statusOf(
  machine: VrrpMachine | undefined,
  phase: DaemonStatus['phase'],
  others: {
    readonly services: DaemonStatus['services'] | undefined;
    readonly bfd: DaemonStatus['bfd'] | undefined;
  },
): DaemonStatus {
  const { services, bfd } = others;
  return {
    phase,
    instances: machine?.instances.map(instanceStatus) ?? [],
    groups: machine?.groups.map((g) => ({ name: g.config.name, state: g.state })) ?? [],
    ...(services && { services }),
    ...(bfd && { bfd }),
  };
}

function instanceStatus(instance: Instance): InstanceStatus {
  const { config } = instance;
  return {
    name: config.name,
    vrid: config.vrid,
    interface: config.interface ?? '',
    state: instance.state,
    basePriority: instance.basePriority,
    effectivePriority: instance.effectivePriority,
    addresses: config.addresses.map(({ address, length }) => ({ address, length })),
    ...(instance.timerDueAt === undefined ? {} : timerOf(instance, instance.timerDueAt)),
    lastTransitionAt: instance.lastTransitionAt,
    statistics: { ...instance.statistics },
  };
}

function timerOf(
  instance: Instance,
  timerDueAt: TimeUs,
): Pick<InstanceStatus, 'timerDueAt' | 'timerLengthUs'> {
  const isMaster = instance.state === 'MASTER';
  const timerLengthUs = isMaster ? instance.config.advertInterval : instance.masterDownInterval;
  return { timerDueAt, timerLengthUs };
}
