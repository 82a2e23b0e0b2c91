/** sd_notify(3): tells systemd (`Type=notify`) that the daemon is ready, reloads, or stops. */

import { LINUX, type Libc } from './libc.ts';

const AF_UNIX = 1;

/** Sends one state such as `READY=1`; does nothing outside of systemd. */
export function notifyService(libc: Libc, state: string): void {
  const path = process.env['NOTIFY_SOCKET'];
  if (path === undefined || !/^[/@]/.test(path)) return;
  // An abstract socket is written with a leading zero octet.
  const name = new TextEncoder().encode(path.startsWith('@') ? `\0${path.slice(1)}` : path);
  const address = new Uint8Array(2 + name.length);
  address[0] = AF_UNIX;
  address.set(name, 2);
  const descriptor = libc.socket(AF_UNIX, LINUX.SOCK_DGRAM, 0);
  libc.send(descriptor, new TextEncoder().encode(state), address);
  libc.close(descriptor);
}
