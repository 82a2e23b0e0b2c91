/**
 * Makes the one daemon of `daemon/core` on a virtual machine: the same object that runs on a real
 * host.
 */

import { durationUs } from '../../daemon/base/time.ts';
import { Daemon } from '../../daemon/core/daemon.ts';
import type { ConfigLoader } from '../../daemon/core/loaded-config.ts';
import type { DaemonFactory } from './daemon-program.ts';

/**
 * What becoming MASTER costs a real process before it restarts its advert timer, in µs: addresses, the burst, log lines.
 * Source: median of the first gap between adverts over the recordings (1.0003..1.0014 s).
 */
const TRANSITION_TIME = durationUs(500);

/** The first label of the host name, as keepalived takes it without `-i`. */
const CONFIG_PATH = '/etc/keepalived/keepalived.conf';

/** The factory that `sim/programs` registers under `keepalived`. */
export const makeDaemon: DaemonFactory = daemonFactory();

/** The same with a reader of its own for configurations. */
export function daemonFactory(load?: ConfigLoader): DaemonFactory {
  return ({ system, context, vrrpPid }) => {
    const { machine } = context;
    const { spec, keepalivedVersion } = machine;
    return new Daemon({
      ...(load === undefined ? {} : { load }),
      system,
      configPath: CONFIG_PATH,
      configId: spec.configId ?? (spec.name.split('.')[0] as string),
      random: machine.engine.streams.named(`${machine.name}/keepalived`),
      flags: { logDetail: true, commandLine: ['/usr/sbin/keepalived', '--dont-fork'], vrrpPid },
      version: keepalivedVersion,
      transitionTime: TRANSITION_TIME,
    });
  };
}
