import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { listFileRecordings } from './file-kinds.ts';
import { forwardingDifferences } from './forwarding/forwarding-differences.ts';
import { judgedSteps, readSession, sessionDifferences } from './ipvsadm-session.ts';
import { timeoutsDifferences } from './timeouts-session.ts';

const FOLDER = fileURLToPath(new URL('./ipvs', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'recordings-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const RECORDINGS = listFileRecordings(FOLDER);

describe('the twin does what is recorded in a file', () => {
  for (const { path, kind } of RECORDINGS) {
    it(relative(FOLDER, path), () => expect(kind.differences(path)).toEqual([]));
  }
});

describe('a recorded shell', () => {
  it.each([
    ['cli/ipvsadm-cli.txt', 80],
    ['../cli-own/options.txt', 650],
    ['../cli-own/session.txt', 400],
    ['../cli-own/saved.txt', 30],
  ] as const)('of %s is judged by its commands', (name, least) => {
    const steps = judgedSteps(readSession(join(FOLDER, 'forwarding', name)));
    expect(steps.length).toBeGreaterThan(least);
  });

  it.each([
    ['cli/ipvsadm-cli.txt', sessionDifferences, 'Service already exists', 'Service is there'],
    ['timeouts/timeouts.txt', timeoutsDifferences, '01:59  FIN_WAIT', '01:49  FIN_WAIT'],
    [
      'timeouts/timeouts.txt',
      timeoutsDifferences,
      'tcpfin udp): 60 30 20',
      'tcpfin udp): 60 30 300',
    ],
    ['timeouts/timeouts.txt', timeoutsDifferences, "(5.02, ('CLOSE', 4))", "(5.02, ('CLOSE', 3))"],
  ] as const)('that said something else than %s differs', (name, judge, from, to) => {
    const path = join(scratch, 'session.txt');
    const text = readFileSync(join(FOLDER, 'forwarding', name), 'utf8');
    writeFileSync(path, text.replace(from, to));
    expect(text).toContain(from);
    expect(judge(path)).toHaveLength(1);
  });
});

describe('the LAN of a recording', () => {
  const name = 'nat-lan-client';
  const from = join(FOLDER, 'forwarding', 'nat', name);
  const text = readFileSync(`${from}.txt`, 'utf8');
  const parts = ['txt', 'client.pcap', 'dir0.pcap', 'dir1.pcap', 'rs3.pcap'];

  /** The differences of a copy in which one file is changed. */
  function judge(part: string, change: (bytes: Buffer) => Buffer): string[] {
    for (const each of parts) copyFileSync(`${from}.${each}`, join(scratch, `${name}.${each}`));
    const path = join(scratch, `${name}.${part}`);
    writeFileSync(path, change(readFileSync(path)));
    return forwardingDifferences(join(scratch, `${name}.txt`));
  }

  it('agrees as it was copied', () => expect(judge('txt', (bytes) => bytes)).toEqual([]));

  it('differs where a server heard another TTL', () => {
    const found = judge('rs3.pcap', (bytes) => {
      const copy = Buffer.from(bytes);
      // The first packet: file header 24, record header 16, Ethernet 14, TTL at 8.
      copy.writeUInt8(copy.readUInt8(62) - 1, 62);
      return copy;
    });
    expect(found[0]).toMatch(/^rs3: .*ttl 63 .* recorded .*ttl 62 /);
  });

  it('differs where the client heard one segment less', () => {
    const found = judge('client.pcap', (bytes) => bytes.subarray(0, -82));
    expect(found.join()).toMatch(/client: .* recorded \(nothing\)/);
  });

  it('differs where the table told another state', () => {
    const change = () => Buffer.from(text.replace('CLOSE_WAIT ', 'FIN_WAIT   '));
    expect(judge('txt', change).join()).toMatch(/entries TCP CLOSE_WAIT .* recorded TCP FIN_WAIT/);
  });

  it('differs where a later list is not what was set up', () => {
    const twice = text.replace(/(.*IP Virtual Server.*)\n/, '$1\n$1\n');
    const second = twice.replace(/(IP Virtual .*\n.*)Masq {4}1 /, '$1Masq    7 ');
    expect(judge('txt', () => Buffer.from(second)).join()).toMatch(/list .* recorded .* 7 /);
  });
});
