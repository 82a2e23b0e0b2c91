/**
 * The VRIDs that a daemon has said it does not know, for one socket. On a LAN of a hundred routers nearly every advert
 * that a router hears is somebody else's, and asking the daemon each time walks through a dozen objects that are in no
 * cache. The daemon promises (`UNKNOWN_VRID`) that its answer stays the same until it reads its configuration again.
 */

/** IP version 4, a header of five words: only of such packets the VRID stands where it is read here. */
const PLAIN_IPV4 = 0x45;
const PROTOCOL_OFFSET = 9;
const PROTOCOL_VRRP = 112;
const VRID_OFFSET = 21;

/** One socket's set; see the head of the file. */
export class UnknownVrids {
  #known = new Uint8Array(32);

  /** Whether the daemon has said that it does not know the packet's VRID. */
  has(packet: Uint8Array, at: number): boolean {
    if (packet[at] !== PLAIN_IPV4 || packet[at + PROTOCOL_OFFSET] !== PROTOCOL_VRRP) return false;
    const vrid = packet[at + VRID_OFFSET];
    return vrid !== undefined && (((this.#known[vrid >>> 3] as number) >>> (vrid & 7)) & 1) === 1;
  }

  /** Remembers the packet's VRID. */
  add(packet: Uint8Array, at: number): void {
    if (packet[at] !== PLAIN_IPV4 || packet[at + PROTOCOL_OFFSET] !== PROTOCOL_VRRP) return;
    const vrid = packet[at + VRID_OFFSET];
    if (vrid !== undefined)
      this.#known[vrid >>> 3] = (this.#known[vrid >>> 3] as number) | (1 << (vrid & 7));
  }

  /** Forgets all: the configuration is read anew. */
  clear(): void {
    this.#known.fill(0);
  }
}
