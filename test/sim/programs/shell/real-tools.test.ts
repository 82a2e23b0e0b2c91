import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Lab } from '../../host/lab.ts';

const GOLDEN = new URL('../../../golden/shell/real-tools.txt', import.meta.url);
/** `-s` of neighbours is not made, and the recorder had no name server. */
const LEFT_OUT = new Set(['ip -s neigh']);
/** The order of two streams in one file is the recorder's. */
const MIXED = new Set(['sysctl -p s.conf']);
const SYSCTL_FILE =
  '# c\n;d\nnet.ipv4.ip_nonlocal_bind=1\n-net.foo.x = 1\n' +
  'net.foo.y = 1\n\ngarbage\nnet.ipv4.ip_forward = 1 # x\n';

interface Recorded {
  readonly command: string;
  readonly text: string;
}

describe('the virtual shell prints what the real tools print', () => {
  const recorded = readGolden();
  const lab = new Lab([
    {
      name: 'a',
      addresses: [
        '192.168.100.11/24',
        { prefix: '192.168.100.100/32', label: 'eth0:100' },
        { prefix: '192.168.100.220/24', label: 'eth0:1' },
      ],
      files: { '/root/s.conf': SYSCTL_FILE },
    },
    { name: 'b', addresses: ['192.168.100.12/24'] },
  ]);
  lab.run(3);
  let shows = 0;
  for (const { command, text } of recorded) {
    if (command === 'ip addr show dev eth0' && ++shows === 1) {
      lab.lan.cableAt('a', 'eth0')?.unplug();
      lab.run(0.2);
    }
    const result = lab.exec('a', command);
    if (LEFT_OUT.has(command)) continue;
    const rc = /^rc=/m.test(text) ? `rc=${result.exitCode}\n` : '';
    const got = normalised(result.stderr + result.stdout + rc, command);
    test(`${command} (line of the recording: ${normalised(text, command).split('\n')[0]})`, () => {
      expect(got).toBe(normalised(text, command));
    });
  }
});

function readGolden(): readonly Recorded[] {
  const blocks = readFileSync(GOLDEN, 'utf8').split(/^\$ /m).slice(1);
  return blocks.map((block) => {
    const end = block.indexOf('\n');
    return { command: block.slice(0, end), text: block.slice(end + 1) };
  });
}

function normalised(text: string, command: string): string {
  const plain = text
    .replaceAll(/time=[\d.]+ ms/g, 'time=T ms')
    .replaceAll(/time \d+ms/g, 'time Tms')
    .replaceAll(/= [\d.]+\/[\d.]+\/[\d.]+\/[\d.]+ ms/g, '= T ms')
    .replaceAll(/\s[\d.]+ms$/gm, ' Tms')
    // Counters depend on what else the two machines said.
    .replaceAll(/^ +\d+ +\d+ +0 +0 +0 +0 $/gm, 'COUNTERS');
  return MIXED.has(command) ? plain.split('\n').toSorted().join('\n') : plain;
}
