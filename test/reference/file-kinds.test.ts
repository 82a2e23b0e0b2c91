import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { listFileRecordings } from './file-kinds.ts';
import { forwardingDifferences } from './forwarding/forwarding-differences.ts';

const FOLDER = fileURLToPath(new URL('./ipvs', import.meta.url));
const RECORDINGS = listFileRecordings(FOLDER);

describe('the twin does what is recorded in a file', () => {
  for (const { path, kind } of RECORDINGS) {
    it(relative(FOLDER, path), () => expect(kind.differences(path)).toEqual([]));
  }
});

describe('the LAN of a recording', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'forwarding-'));
  afterAll(() => rmSync(scratch, { recursive: true }));
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
