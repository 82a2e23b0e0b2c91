/** What a test on a real network needs; a missing piece is a named reason to skip, never a silent one. */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** The root of the repository. */
export const REPOSITORY = process.env['LANTWIN_ROOT'] ?? join(import.meta.dirname, '..', '..');

/** A piece that a machine may lack. */
export type Piece =
  | 'root'
  | 'namespaces'
  | 'koffi'
  | 'raw-socket'
  | 'build'
  | 'daemon'
  | 'keepalived'
  | 'nft'
  | 'tcpdump'
  | 'tshark'
  | 'ping'
  | 'nginx'
  | 'curl'
  | 'ipvsadm'
  | 'openssl'
  | 'frr'
  | 'setpriv'
  | 'socat'
  | 'chromium'
  | 'systemd-analyze';

const found = new Map<Piece, string | undefined>();

/** Why these pieces are not all there, `undefined` when they are. */
export function whyNot(...pieces: readonly Piece[]): string | undefined {
  for (const piece of pieces) {
    if (!found.has(piece)) found.set(piece, look(piece));
    const reason = found.get(piece);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function look(piece: Piece): string | undefined {
  switch (piece) {
    case 'root':
      return process.getuid?.() === 0 ? undefined : 'not root: namespaces and raw sockets need it';
    case 'namespaces':
      return lookForNamespaces();
    case 'koffi':
    case 'raw-socket':
      return lookForPackage(piece);
    case 'build':
      return lookForFile('dist/daemon/linux/run-loop.js');
    case 'daemon':
      return lookForFile('dist/daemon/main.js');
    case 'keepalived':
      return lookForProgram('keepalived', ['--version'], 'Keepalived v2.2');
    case 'nft':
      return lookForProgram('nft', ['--version'], 'nftables');
    case 'tcpdump':
      return lookForProgram('tcpdump', ['--version'], 'tcpdump');
    case 'tshark':
      return lookForProgram('tshark', ['--version'], 'TShark');
    case 'ping':
      return lookForProgram('ping', ['-V'], 'ping');
    case 'nginx':
      return lookForProgram('nginx', ['-v'], 'nginx version');
    case 'curl':
      return lookForProgram('curl', ['--version'], 'curl');
    case 'ipvsadm':
      // It answers nothing, not even its version, on a kernel without IPVS.
      return spawnSync('ipvsadm', ['--version']).error === undefined
        ? undefined
        : 'ipvsadm is not installed';
    case 'frr':
      return existsSync('/usr/lib/frr/vrrpd') ? undefined : 'FRR is not installed (package frr)';
    case 'setpriv':
      return lookForProgram('setpriv', ['--version'], 'util-linux');
    case 'chromium':
      return lookForProgram(process.env['CHROMIUM'] ?? 'chromium', ['--version'], 'Chromium');
    case 'socat':
      return lookForProgram('socat', ['-V'], 'socat');
    case 'systemd-analyze':
      return lookForProgram('systemd-analyze', ['--version'], 'systemd');
    case 'openssl':
      return lookForProgram('openssl', ['version'], 'OpenSSL');
  }
}

function lookForNamespaces(): string | undefined {
  const name = `lt${process.pid}-try`;
  const made = spawnSync('ip', ['netns', 'add', name], { encoding: 'utf8' });
  if (made.error !== undefined) return `iproute2 is missing: ${made.error.message}`;
  if (made.status !== 0) return `cannot make network namespaces: ${made.stderr.trim()}`;
  spawnSync('ip', ['netns', 'del', name]);
  return undefined;
}

function lookForPackage(name: string): string | undefined {
  try {
    createRequire(import.meta.url)(name);
    return undefined;
  } catch (error) {
    const first = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return `the package ${name} does not load: ${first}`;
  }
}

function lookForFile(path: string): string | undefined {
  return existsSync(join(REPOSITORY, path)) ? undefined : `${path} is missing: npm run build`;
}

function lookForProgram(
  name: string,
  words: readonly string[],
  expected: string,
): string | undefined {
  const run = spawnSync(name, [...words], { encoding: 'utf8' });
  if (run.error !== undefined) return `${name} is not installed`;
  const text = `${run.stdout}${run.stderr}`;
  return text.includes(expected) ? undefined : `${name} is not ${expected}: ${text.split('\n')[0]}`;
}
