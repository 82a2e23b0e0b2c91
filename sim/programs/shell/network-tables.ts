/** Older tools that show the kernel's tables: arp of net-tools, ss of iproute2. */

import { formatIp, type IpAddress, isIpv4 } from '../../../daemon/wire/ip-address.ts';
import { formatMac } from '../../../daemon/wire/mac-address.ts';
import type { NeighbourFacts } from '../../kernel/kernel-api.ts';
import type { TcpSocketFacts, TcpStateName } from '../../kernel/socket-api.ts';
import { type CommandIo, fail, readOptions, type ShellCommand, succeed } from './shell-command.ts';

/** arp: `-n`, `-a`, `-d`, with an address or without. */
export const arp: ShellCommand = (io) => {
  const parsed = readOptions(io.words, { flags: 'naevd', valued: 'i' });
  const wanted = parsed.rest[0];
  const { kernel } = io.machine;
  const rows = kernel
    .neighbours()
    .filter((entry) => isIpv4(entry.address))
    .filter((entry) => wanted === undefined || formatIp(entry.address) === wanted);
  if (parsed.flags.has('d')) return deleteRows(io, rows, wanted ?? '');
  if (rows.length === 0) {
    if (wanted === undefined) return io.exit(0);
    return succeed(io, `${wanted} (${wanted}) -- no entry\n`);
  }
  const lines = parsed.flags.has('a')
    ? rows.map(bsdLine)
    : [
        'Address                  HWtype  HWaddress           Flags Mask            Iface',
        ...rows.map(tableLine),
      ];
  succeed(io, `${lines.join('\n')}\n`);
};

function tableLine(entry: NeighbourFacts): string {
  const address = formatIp(entry.address).padEnd(24);
  if (entry.mac === undefined || entry.state === 'INCOMPLETE' || entry.state === 'FAILED') {
    return `${address}         (incomplete)                              ${entry.link}`;
  }
  const flags = entry.state === 'PERMANENT' ? 'CM' : 'C';
  return `${address} ether   ${formatMac(entry.mac)}   ${flags.padEnd(21)} ${entry.link}`;
}

function bsdLine(entry: NeighbourFacts): string {
  const address = formatIp(entry.address);
  if (entry.mac === undefined) return `? (${address}) at <incomplete> on ${entry.link}`;
  const mark = entry.state === 'PERMANENT' ? ' PERM' : '';
  return `? (${address}) at ${formatMac(entry.mac)} [ether]${mark} on ${entry.link}`;
}

function deleteRows(io: CommandIo, rows: readonly NeighbourFacts[], wanted: string): void {
  if (rows.length === 0) {
    fail(io, `No ARP entry for ${wanted}`, 255);
    return;
  }
  for (const row of rows) io.machine.kernel.deleteNeighbour(row.link, row.address);
  io.exit(0);
}

/** Names of states in ss. */
const SS_STATES = new Map<TcpStateName, string>([
  ['ESTABLISHED', 'ESTAB'],
  ['SYN_SENT', 'SYN-SENT'],
  ['SYN_RECV', 'SYN-RECV'],
  ['FIN_WAIT1', 'FIN-WAIT-1'],
  ['FIN_WAIT2', 'FIN-WAIT-2'],
  ['CLOSE_WAIT', 'CLOSE-WAIT'],
  ['LAST_ACK', 'LAST-ACK'],
  ['TIME_WAIT', 'TIME-WAIT'],
  ['CLOSING', 'CLOSING'],
]);

/** ss: TCP sockets; `-l` listeners, `-a` all, without both the connections. */
export const ss: ShellCommand = (io) => {
  const letters = io.words.join('').replaceAll('-', '');
  const both = letters.includes('u') || !letters.includes('t');
  const rows = io.machine.kernel
    .tcpSockets()
    .filter((socket) => letters.includes('a') || isListener(socket) === letters.includes('l'))
    .map((socket) => ssRow(io, socket, letters.includes('p')));
  const widest = (title: string, texts: readonly string[]) =>
    Math.max(title.length, ...texts.map((text) => text.length));
  const localTitle = 'Local Address:Port';
  const peerTitle = 'Peer Address:Port';
  const local = widest(
    localTitle,
    rows.map((row) => row.local),
  );
  const peer = widest(
    peerTitle,
    rows.map((row) => row.peer),
  );
  const state = widest(
    'State',
    rows.map((row) => row.state),
  );
  const netid = (text: string) => (both ? `${text.padEnd(5)} ` : '');
  const head = `${netid('Netid')}${'State'.padEnd(state)} Recv-Q Send-Q ${localTitle.padStart(local)} ${peerTitle.padStart(peer)}Process\n`;
  const lines = rows.map(
    (row) =>
      `${netid('tcp')}${row.state.padEnd(state)} ${row.receive.padEnd(6)} ${row.send.padEnd(6)} ${row.local.padStart(local)} ${row.peer.padStart(peer)}${row.users}\n`,
  );
  succeed(io, head + lines.join(''));
};

function isListener(socket: TcpSocketFacts): boolean {
  return socket.state === 'LISTEN';
}

function ssRow(io: CommandIo, socket: TcpSocketFacts, withUsers: boolean) {
  const owner = isListener(socket)
    ? io.machine.listeners.rows.find(
        (row) => row.port === socket.localPort && row.address === socket.localAddress,
      )
    : undefined;
  const users =
    withUsers && owner !== undefined ? `users:(("${owner.name}",pid=${owner.pid},fd=6))` : '';
  const any = socket.family === 'inet' ? '0.0.0.0' : '[::]';
  const place = (address: IpAddress | undefined, port: number | string) =>
    `${address === undefined ? any : isIpv4(address) ? formatIp(address) : `[${formatIp(address)}]`}:${port}`;
  return {
    state: SS_STATES.get(socket.state) ?? socket.state,
    receive: String(socket.receiveQueue),
    send: String(socket.sendQueue),
    local: place(socket.localAddress, socket.localPort),
    peer: place(socket.remoteAddress, socket.remotePort ?? '*'),
    users,
  };
}
