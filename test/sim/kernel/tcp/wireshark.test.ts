/** What Wireshark's own dissectors say of the twin's TCP. Skipped, with its reason in the name, without tshark. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writePcapng } from '../../../../sim/report/pcapng-write.ts';
import { bytes, connect, pair, type SmallLan, serve } from './tcp-lan.ts';

const hasTshark = spawnSync('tshark', ['--version']).status === 0;

/** Everything that both hosts sent, as tshark shows the given fields. */
function dissect(lan: SmallLan, fields: readonly string[]): string[][] {
  const folder = mkdtempSync(join(tmpdir(), 'lantwin-tcp-'));
  try {
    const path = join(folder, 'run.pcapng');
    const frames = lan.frames.map(({ at, frame }) => ({
      at: at as never,
      interfaceIndex: 0,
      frame,
    }));
    const content = { epochUs: 0, application: 'test', interfaces: [{ name: 'lan' }], frames };
    writeFileSync(path, writePcapng(content));
    const checks = ['-o', 'tcp.check_checksum:TRUE', '-o', 'ip.check_checksum:TRUE'];
    // Joining the page anew makes tshark stumble over any retransmission, of real hosts too.
    checks.push('-o', 'tcp.desegment_tcp_streams:FALSE');
    const words = ['-r', path, ...checks, '-Y', 'tcp', '-T', 'fields'];
    const output = execFileSync('tshark', [...words, ...fields.flatMap((one) => ['-e', one])], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const lines = output.toString().trimEnd().split('\n');
    return lines.map((line) => line.split('\t'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const CHECKS = ['_ws.malformed', 'tcp.checksum.status', 'ip.checksum.status'];
const GOOD = '1';

/** A page of 100 kB; `disturb` may spoil the cables once the client is connected. */
function download(disturb: (lan: SmallLan) => void): SmallLan {
  const { lan, a, b } = pair();
  serve(b, 80, (own) => ({
    onData() {
      own.socket.send(bytes('x'.repeat(100_000)));
      own.socket.close();
    },
  }));
  const client = connect(a, '10.0.0.2', 80, {
    react: {
      onConnected() {
        disturb(lan);
        client.socket.send(bytes('GET / HTTP/1.0\r\n\r\n'));
      },
      onClosed: () => client.socket.close(),
    },
  });
  lan.runTo(30);
  expect(client.text).toHaveLength(100_000);
  return lan;
}

describe.skipIf(!hasTshark)('tshark (skipped where it is not installed)', () => {
  test('finds nothing malformed, no bad checksum and nothing to remark in a sound conversation', () => {
    const lan = download(() => {});
    const rows = dissect(lan, [...CHECKS, 'tcp.analysis.flags', '_ws.expert.severity']);
    expect(rows.length).toBeGreaterThan(70);
    for (const [malformed, tcp, ip, analysis] of rows) {
      expect([malformed, tcp, ip, analysis ?? '']).toEqual(['', GOOD, GOOD, '']);
    }
  });

  test('sees a retransmission where one happened, and only there', () => {
    const lan = download((disturbed) => {
      let full = 0;
      disturbed.cable('b').tap(({ frame }) => {
        if (frame.length > 1400) full++;
        const loss = { numerator: full === 4 ? 1 : 0, denominator: 1 };
        disturbed.cable('b').impair('a-to-b', { loss });
      });
    });
    const fields = [
      ...CHECKS,
      'tcp.analysis.retransmission',
      'tcp.analysis.duplicate_ack_num',
      'tcp.seq',
    ];
    const rows = dissect(lan, fields);
    for (const [malformed, tcp, ip] of rows) expect([malformed, tcp, ip]).toEqual(['', GOOD, GOOD]);
    const retransmitted = rows.filter(([, , , flag]) => flag === '1');
    expect(retransmitted).toHaveLength(1);
    const twice = rows.filter((row) => row[5] === retransmitted[0]?.[5]);
    expect(twice).toHaveLength(2);
    expect(rows.filter(([, , , , number]) => (number ?? '') !== '').length).toBeGreaterThanOrEqual(
      3,
    );
  });
});
