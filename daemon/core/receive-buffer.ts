/**
 * How large a receive buffer keepalived asks the kernel for, by kernel_rx_buf_size and
 * vrrp_rx_bufs_policy; only the dump tells of it.
 *
 * Source: dumps of 2.2.7 (test/reference/dumps/globals-process, globals-mail, tracking).
 */

import type { DaemonConfig } from '../config/daemon-config.ts';
import { keptWord } from '../config/kept-words.ts';
import type { VrrpInstanceConfig } from '../vrrp/vrrp-config.ts';
import type { Instance } from '../vrrp/vrrp-machine.ts';
import type { System } from './system.ts';

/** Adverts that the buffer holds, without vrrp_rx_bufs_multiplier. */
const MULTIPLIER = 3;

/** For one socket and the instances that share it; 0 leaves the kernel's own. */
export function receiveBufferBytes(
  users: readonly Instance[],
  { config, system }: { readonly config: DaemonConfig; readonly system: System },
): number {
  const wanted = users.map((one) => one.config.kernelReceiveBufferBytes ?? 0);
  const asked = Math.max(0, ...wanted);
  if (asked > 0) return asked;
  const { other } = config.global;
  const policy = keptWord(other, 'vrrp_rx_bufs_policy');
  if (policy === undefined) return 0;
  const times = Number(keptWord(other, 'vrrp_rx_bufs_multiplier') ?? MULTIPLIER);
  if (policy === 'ADVERT') return times * sum(users.map((one) => advertBytes(one.config)));
  if (policy !== 'MTU') return Number(policy);
  const name = users[0]?.config.interface ?? '';
  return times * (system.interfaceNamed(name)?.mtu ?? 0);
}

/** The IP packet of one advert. */
function advertBytes(config: VrrpInstanceConfig): number {
  const { family, version, addresses, authentication } = config;
  const header = family === 'inet' ? 20 : 40;
  const each = family === 'inet' ? 4 : 16;
  const trailer = version === 2 ? 8 : 0;
  const authenticationHeader = authentication?.type === 'AH' ? 24 : 0;
  return header + authenticationHeader + 8 + each * addresses.length + trailer;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
