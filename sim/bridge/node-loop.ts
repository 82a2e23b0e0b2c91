/**
 * Node's own event loop, seen from a thread that waits in a poll of its own: whether signals, sockets or file I/O want
 * their turn. libuv tells, its epoll descriptor becomes readable when one of its descriptors does. A bridge polls it beside
 * its ports, so it need not run Node's loop every now and then just to see whether there is something: that costs a frame
 * that comes in meanwhile up to 50 µs, and a request of the browser view would wait for the end of the longest poll.
 *
 * Left out: Node's timers (`uv_backend_timeout` always says 0 to who runs in an immediate), and descriptors that libuv has
 * not polled yet. Both wait for the longest poll, as they did. Read "Event loop" in libuv's documentation.
 */

import { createRequire } from 'node:module';

/** The descriptor that is readable when Node's loop has something to do; `undefined` where this Node does not show it. */
export function findNodeLoop(): number | undefined {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    const library = koffi.load(null);
    const loop: unknown = library.func('void *uv_default_loop()')();
    const descriptor = Number(library.func('int uv_backend_fd(void *)')(loop));
    return descriptor < 0 ? undefined : descriptor;
  } catch {
    return undefined;
  }
}
