/**
 * The TCP states of a connection entry as IPVS follows them: from flags alone, without sequence numbers.
 * With NAT both directions are seen; with DR and TUN only the client's, which has a table of its own.
 * Source: net/netfilter/ipvs/ip_vs_proto_tcp.c; forwarding/tcp-states.json of the recordings has each row.
 *
 * | table  | segment | NONE ESTAB SYN_SENT SYN_RECV FIN_WAIT TIME_WAIT CLOSE CLOSE_WAIT LAST_ACK LISTEN SYNACK
 */

/** The states by their place, named as `ipvsadm -Lnc` names them. */
export const TCP_STATES = [
  'NONE',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'SYNACK',
] as const;

/** Places of the states that other files ask for. */
export const STATE_ESTABLISHED = 1;
export const STATE_SYN_RECV = 3;
export const STATE_FIN_WAIT = 4;
export const STATE_TIME_WAIT = 5;
export const STATE_CLOSE = 6;
export const STATE_SYNACK = 10;

/** Which way a segment goes, and whether the answers pass here at all. */
export type TcpDirection = 'in' | 'out' | 'in-only';

const FLAG_FIN = 0x01;
const FLAG_SYN = 0x02;
const FLAG_RST = 0x04;
const FLAG_ACK = 0x10;

const NO = 0;
const ES = 1;
const SS = 2;
const SR = 3;
const FW = 4;
const TW = 5;
const CL = 6;
const CW = 7;
const LA = 8;
const LI = 9;
const SA = 10;

/** Seconds by state; ESTABLISHED and FIN_WAIT are what `ipvsadm --set` changes. */
const SECONDS = [2, 900, 120, 60, 120, 120, 10, 60, 30, 120, 120];

type Tables = { readonly [direction in TcpDirection]: readonly (readonly number[])[] };

/** Rows: syn, fin, ack, rst. Columns: the present state. */
const NEXT: Tables = {
  in: [
    [SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR],
    [CL, CW, SS, TW, TW, TW, CL, CW, LA, LI, TW],
    [ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES],
    [CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, SR],
  ],
  out: [
    [SS, ES, SS, SR, SS, SS, SS, SS, SS, LI, SR],
    [TW, FW, SS, TW, FW, TW, CL, TW, LA, LI, TW],
    [ES, ES, SS, ES, FW, TW, CL, CW, LA, ES, ES],
    [CL, CL, SS, CL, CL, TW, CL, CL, CL, CL, CL],
  ],
  'in-only': [
    [SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR],
    [CL, FW, SS, TW, FW, TW, CL, CW, LA, LI, TW],
    [ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES],
    [CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL],
  ],
};

/**
 * The same with `secure_tcp`: a client's acknowledgement alone establishes nothing, the server's answer must have been seen.
 * Source: tcp_states_dos.
 */
const NEXT_SECURE: Tables = {
  in: [
    [SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SA],
    [CL, CW, SS, TW, TW, TW, CL, CW, LA, LI, SA],
    [ES, ES, SS, SR, FW, TW, CL, CW, CL, LI, SA],
    [CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL],
  ],
  out: [
    [SS, ES, SS, SA, SS, SS, SS, SS, SS, LI, SA],
    [TW, FW, SS, TW, FW, TW, CL, TW, LA, LI, TW],
    [ES, ES, SS, ES, FW, TW, CL, CW, LA, ES, ES],
    [CL, CL, SS, CL, CL, TW, CL, CL, CL, CL, CL],
  ],
  'in-only': [
    [SA, ES, ES, SR, SA, SA, SA, SA, SA, SA, SA],
    [CL, FW, SS, TW, FW, TW, CL, CW, LA, LI, TW],
    [ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES],
    [CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL],
  ],
};

/** The state after a segment with those flags. A segment without any known flag leads to CLOSE. */
export function nextTcpState(
  state: number,
  flags: number,
  direction: TcpDirection,
  isSecure: boolean,
): number {
  const row = rowOf(flags);
  if (row < 0) return STATE_CLOSE;
  return (isSecure ? NEXT_SECURE : NEXT)[direction][row]?.[state] ?? NO;
}

function rowOf(flags: number): number {
  if ((flags & FLAG_RST) !== 0) return 3;
  if ((flags & FLAG_SYN) !== 0) return 0;
  if ((flags & FLAG_FIN) !== 0) return 1;
  return (flags & FLAG_ACK) !== 0 ? 2 : -1;
}

/** Whether a connection in that state counts as active. */
export function isActiveTcpState(state: number): boolean {
  return state === ES || state === SS || state === SR || state === SA;
}

/** How long an entry lives in that state after a packet, in seconds. */
export function tcpStateSeconds(
  state: number,
  timeouts: { readonly tcp: number; readonly tcpFin: number },
): number {
  if (state === ES) return timeouts.tcp;
  if (state === FW) return timeouts.tcpFin;
  return SECONDS[state] ?? 0;
}
