/**
 * The short way of a ping and of its answer. An answer is for raw sockets, which have had their copy. A request is answered by
 * the way that the last answer to its sender took (`output-path.ts`), the header written from what differs. The bytes are those
 * that `icmp-input.ts` and `ipv4-output.ts` write; a test compares them.
 */

import { foldSum } from '../../daemon/wire/checksum.ts';
import { ETHERNET_HEADER_LENGTH } from '../../daemon/wire/ethernet.ts';
import {
  checkIcmp,
  ICMP_ECHO_REPLY,
  readEchoType,
  turnEchoIntoReply,
} from '../../daemon/wire/icmp.ts';
import { writeUint16, writeUint32 } from '../../daemon/wire/integers.ts';
import { IPV4_HEADER_LENGTH, PROTOCOL_ICMP, readIpv4Tos } from '../../daemon/wire/ipv4.ts';
import { newFrame } from '../lan/frame-memory.ts';
import type { FrameFacts } from './frame-facts.ts';
import { takeIdentification } from './ipv4-output.ts';
import type { KernelState } from './kernel-state.ts';
import { mayUse, type OutputPath, outputPathTo, sendBy } from './output-path.ts';

const IP_AT = ETHERNET_HEADER_LENGTH;
const ICMP_AT = IP_AT + IPV4_HEADER_LENGTH;
/** Version and header length. */
const VERSION_AND_LENGTH = 0x4500;

/** Takes an ICMP packet for this very host; `false`, and nothing done, when it is another or needs a decision. */
export function receiveEchoByPath(kernel: KernelState, facts: FrameFacts): boolean {
  const bytes = facts.frame as Uint8Array;
  const { payloadAt, end } = facts;
  if (checkIcmp(bytes, payloadAt, end) !== undefined) return false;
  const type = readEchoType(bytes, payloadAt);
  if (type === undefined) return false;
  return type === ICMP_ECHO_REPLY || answer(kernel, facts);
}

function answer(kernel: KernelState, facts: FrameFacts): boolean {
  const path = outputPathTo(kernel.echoPaths, facts.source);
  if (path === undefined || path.source !== facts.destination || !mayAnswer(kernel)) return false;
  const { payloadAt: at, end } = facts;
  if (end - at + IPV4_HEADER_LENGTH > path.packetMax || !mayUse(path)) return false;
  const request = facts.frame as Uint8Array;
  const frame = newFrame(ICMP_AT + end - at);
  frame.set(request.subarray(at, end), ICMP_AT);
  turnEchoIntoReply(frame, ICMP_AT);
  writeIpv4Header(kernel, path, frame, readIpv4Tos(request, IP_AT));
  sendBy(path, frame);
  return true;
}

/** Neither told to be silent, nor to count answers (icmp_ratemask). */
function mayAnswer({ settings }: KernelState): boolean {
  const isLimited = ((settings['ipv4.icmp_ratemask'] >>> ICMP_ECHO_REPLY) & 1) === 1;
  return !isLimited && settings['ipv4.icmp_echo_ignore_all'] === 0;
}

/** An answer may be cut, so it has a number and no flags. */
function writeIpv4Header(
  kernel: KernelState,
  path: OutputPath,
  frame: Uint8Array,
  tos: number,
): void {
  const first = VERSION_AND_LENGTH | tos;
  const totalLength = frame.length - IP_AT;
  const identification = takeIdentification(kernel);
  const ttlAndProtocol = (path.ttl << 8) | PROTOCOL_ICMP;
  const sum = first + totalLength + identification + ttlAndProtocol + path.addresses;
  writeUint16(first, frame, IP_AT);
  writeUint16(totalLength, frame, IP_AT + 2);
  writeUint16(identification, frame, IP_AT + 4);
  writeUint16(ttlAndProtocol, frame, IP_AT + 8);
  writeUint16(foldSum(sum) ^ 0xffff, frame, IP_AT + 10);
  writeUint32(path.source, frame, IP_AT + 12);
  writeUint32(path.destination, frame, IP_AT + 16);
}
