/** sd_notify(3): tells systemd (`Type=notify`) that the daemon is ready, reloads, stops, or is still alive. */

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

/** The beginning of a reload, in the form that `Type=notify-reload` asks for too. */
export function notifyReloading(libc: Libc): void {
  // CLOCK_MONOTONIC is what hrtime counts on Linux.
  const nowUs = process.hrtime.bigint() / 1000n;
  notifyService(libc, `RELOADING=1\nMONOTONIC_USEC=${nowUs}`);
}

/**
 * Tells systemd's watchdog (`WatchdogSec=`) twice an interval that the event loop turns; returns how to end it. Without a
 * watchdog, or with one that is for another process, nothing is done.
 */
export function feedWatchdog(libc: Libc): () => void {
  const intervalUs = Number(process.env['WATCHDOG_USEC'] ?? 0);
  const pid = process.env['WATCHDOG_PID'];
  const isOurs = pid === undefined || Number(pid) === process.pid;
  if (!(intervalUs > 0) || !isOurs) return () => {};
  const timer = setInterval(() => notifyService(libc, 'WATCHDOG=1'), intervalUs / 2000);
  timer.unref();
  return () => clearInterval(timer);
}
