/** Starts the scripts that read the notification FIFOs; they run as long as the daemon. */

import type { FifoConfig } from '../vrrp/vrrp-config.ts';
import { takeId, type VrrpMachine } from '../vrrp/vrrp-machine.ts';

/** One run for each FIFO that names a script, its path as the last argument. */
export function createFifos(machine: VrrpMachine): void {
  const { notifyFifo, vrrpNotifyFifo } = machine.config.globals;
  startReader(machine, notifyFifo);
  startReader(machine, vrrpNotifyFifo);
}

function startReader(machine: VrrpMachine, fifo: FifoConfig | undefined): void {
  if (fifo?.script === undefined) return;
  machine.actions.push({
    kind: 'script-run',
    id: takeId(machine),
    arguments: [...fifo.script, fifo.path],
    purpose: 'lifecycle',
    subject: fifo.path,
  });
}
