/**
 * Listening TCP sockets of a machine. Until the kernel model has TCP this table alone decides
 * whether a service can bind: Linux refuses an address that is not the host's own unless
 * ip_nonlocal_bind is set.
 */

import { familyOf } from '../../daemon/wire/ip-address.ts';
import type { KernelApi } from '../kernel/kernel-api.ts';
import type { ListenerTable, TcpListener } from './machine.ts';

/** The table of one machine. */
export class TcpListeners implements ListenerTable {
  rows: readonly TcpListener[] = [];
  readonly #kernel: KernelApi;

  constructor(kernel: KernelApi) {
    this.#kernel = kernel;
  }

  /** Source: inet_bind; `net.ipv4.ip_nonlocal_bind`, `net.ipv6.ip_nonlocal_bind`. */
  bind(listener: TcpListener): 'EADDRINUSE' | 'EADDRNOTAVAIL' | undefined {
    if (!this.#isBindable(listener)) return 'EADDRNOTAVAIL';
    if (this.rows.some((row) => collides(row, listener))) return 'EADDRINUSE';
    this.rows = [...this.rows, listener];
    return undefined;
  }

  release(pid: number): void {
    this.rows = this.rows.filter((row) => row.pid !== pid);
  }

  #isBindable(listener: TcpListener): boolean {
    const address = listener.address;
    if (address === undefined || this.#kernel.isLocalAddress(address)) return true;
    const tree = familyOf(address) === 'inet' ? 'ipv4' : 'ipv6';
    return this.#kernel.sysctl(`net.${tree}.ip_nonlocal_bind`) === '1';
  }
}

function collides(row: TcpListener, other: TcpListener): boolean {
  if (row.port !== other.port) return false;
  return row.address === undefined || other.address === undefined || row.address === other.address;
}
