/**
 * Reads a packet socket together with what the kernel says beside the frame. A VLAN tag that the card (or a veth) took off
 * is told there alone (PACKET_AUXDATA), so a plain read would hand on tagged frames as untagged ones.
 * Read packet(7), recvmsg(2), cmsg(3); layouts are those of 64-bit Linux.
 */

import { LINUX, type Libc } from '../../daemon/linux/native/libc.ts';
import { newFrame } from '../lan/frame-memory.ts';

/** Option and control message of packet(7). */
export const PACKET_AUXDATA = 8;
/** Flags of `tp_status`: a tag was there; its type is told, too. */
const TP_STATUS_VLAN_VALID = 0x10;
const TP_STATUS_VLAN_TPID_VALID = 0x40;
/** Type of a tag where the kernel does not tell one: IEEE 802.1Q. */
const ETHERTYPE_VLAN = 0x8100;

const MESSAGE_HEADER_LENGTH = 56;
const CONTROL_HEADER_LENGTH = 16;
const CONTROL_LENGTH = 64;
/** Within `struct tpacket_auxdata`. */
const AUX_TCI = 16;
const AUX_TPID = 18;
const AUX_LENGTH = 20;

const TAG_AT = 12;
const TAG_LENGTH = 4;

/** One socket's reader; `buffer` gets what is read. */
export class VlanReader {
  /** Type and tag of the last frame, 32 bits as on the wire; 0 when it had none. */
  tag = 0;
  readonly #libc: Libc;
  readonly #descriptor: number;
  readonly #header = new Uint8Array(MESSAGE_HEADER_LENGTH);
  readonly #headerView = new DataView(this.#header.buffer);
  readonly #control = new Uint8Array(CONTROL_LENGTH);
  readonly #controlView = new DataView(this.#control.buffer);
  /** Kept alive: the kernel reads it through the header. */
  readonly #vector = new Uint8Array(16);

  constructor(libc: Libc, descriptor: number, buffer: Uint8Array) {
    this.#libc = libc;
    this.#descriptor = descriptor;
    const vector = new DataView(this.#vector.buffer);
    vector.setBigUint64(0, libc.addressOf(buffer), true);
    vector.setBigUint64(8, BigInt(buffer.length), true);
    this.#headerView.setBigUint64(16, libc.addressOf(this.#vector), true);
    this.#headerView.setBigUint64(24, 1n, true);
    this.#headerView.setBigUint64(32, libc.addressOf(this.#control), true);
  }

  /** Octets read into the buffer, or minus errno. */
  read(): number {
    // The kernel writes the length back, so each call needs it anew.
    this.#headerView.setUint32(40, CONTROL_LENGTH, true);
    const length = this.#libc.receiveMessage(this.#descriptor, this.#header);
    this.tag = length > 0 ? this.#tagOf() : 0;
    return length;
  }

  #tagOf(): number {
    const view = this.#controlView;
    const isAux =
      this.#headerView.getUint32(40, true) >= CONTROL_HEADER_LENGTH + AUX_LENGTH &&
      view.getInt32(8, true) === LINUX.SOL_PACKET &&
      view.getInt32(12, true) === PACKET_AUXDATA;
    if (!isAux) return 0;
    const status = view.getUint32(CONTROL_HEADER_LENGTH, true);
    if ((status & TP_STATUS_VLAN_VALID) === 0) return 0;
    const hasType = (status & TP_STATUS_VLAN_TPID_VALID) !== 0;
    const type = hasType ? view.getUint16(CONTROL_HEADER_LENGTH + AUX_TPID, true) : ETHERTYPE_VLAN;
    return type * 0x1_0000 + view.getUint16(CONTROL_HEADER_LENGTH + AUX_TCI, true);
  }
}

/** A frame with its tag back in its place, behind the addresses. */
export function withVlanTag(frame: Uint8Array, tag: number): Uint8Array {
  const tagged = newFrame(frame.length + TAG_LENGTH);
  tagged.set(frame.subarray(0, TAG_AT));
  new DataView(tagged.buffer, tagged.byteOffset).setUint32(TAG_AT, tag);
  tagged.set(frame.subarray(TAG_AT), TAG_AT + TAG_LENGTH);
  return tagged;
}
