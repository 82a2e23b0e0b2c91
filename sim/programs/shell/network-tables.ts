/** Older tools that show the kernel's tables: arp of net-tools, ss of iproute2. */

import { formatIp, isIpv4 } from '../../../daemon/wire/ip-address.ts';
import { formatMac } from '../../../daemon/wire/mac-address.ts';
import type { NeighbourFacts } from '../../kernel/kernel-api.ts';
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

/** ss: listening TCP sockets; other sockets come with the kernel's own tables. */
export const ss: ShellCommand = (io) => {
  const letters = io.words.join('').replaceAll('-', '');
  const both = letters.includes('u') || !letters.includes('t');
  const rows = io.machine.listeners.rows.map((row) => {
    const address = row.address === undefined ? '0.0.0.0' : formatIp(row.address);
    const users = letters.includes('p') ? `users:(("${row.name}",pid=${row.pid},fd=6))` : '';
    return { local: `${address}:${row.port}`, peer: '0.0.0.0:*', users };
  });
  const localWidth = Math.max('Local Address:Port'.length, ...rows.map((row) => row.local.length));
  const peerWidth = Math.max('Peer Address:Port'.length, ...rows.map((row) => row.peer.length));
  const netid = (text: string) => (both ? `${text.padEnd(5)} ` : '');
  const state = rows.length > 0 ? 6 : 5;
  const head =
    `${netid('Netid')}${'State'.padEnd(state)} Recv-Q Send-Q ` +
    `${'Local Address:Port'.padStart(localWidth)} ${'Peer Address:Port'.padStart(peerWidth)}Process\n`;
  const lines = rows.map(
    (row) =>
      `${netid('tcp')}LISTEN ${'0'.padEnd(6)} ${'511'.padEnd(6)} ` +
      `${row.local.padStart(localWidth)} ${row.peer.padStart(peerWidth)}${row.users}\n`,
  );
  succeed(io, head + lines.join(''));
};
