/**
 * keepalived.data (USR1) against the real thing's: the sections about VRRP, as these older recordings
 * hold no others; `test/reference/dumps.test.ts` compares whole files. Moments, and the address of a master that was
 * never heard (keepalived prints whatever it formatted last), are compared by form only.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeUtf8 } from '../../../daemon/wire/text.ts';
import { type FakeHost, FakeLan, s } from './fake-system.ts';
import { boot } from './keywords/keyword-lab.ts';

const FOLDER = join(import.meta.dirname, '../../golden/keepalived/dump');

function dumpOf(host: FakeHost): string {
  host.event({ kind: 'signal', signal: 'USR1' });
  const written = host.commands.flatMap((command) =>
    command.kind === 'file-write' && command.path === '/tmp/keepalived.data' ? [command.bytes] : [],
  );
  const lines = decodeUtf8(written.at(-1) ?? new Uint8Array()).split('\n');
  const [first, last] = ['VRRP Topology', 'Interfaces'].map((title) =>
    lines.indexOf(`------< ${title} >------`),
  );
  return lines.slice(first, last).join('\n');
}

function masked(text: string): string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) =>
      line
        .replace(/\d+\.\d{6} \(\w{3} \w{3} [ \d]\d [\d:.]{15} \d{4}\)/, 'MOMENT')
        .replace(/Master router = .*/, 'Master router = ADDRESS'),
    );
}

function golden(name: string): string[] {
  return masked(readFileSync(join(FOLDER, `${name}.data`), 'utf8'));
}

describe('keepalived.data', () => {
  const hostAt = (lan: FakeLan) => lan.host('n1', 11, ['192.168.100.11/24', '192.168.200.11/24']);

  it('a group in BACKUP, MASTER and FAULT; unicast, version 3', () => {
    const lan = new FakeLan();
    const n1 = hostAt(lan);
    boot(n1, readFileSync(join(FOLDER, 'group.conf'), 'utf8'));
    lan.run(s(1.5));
    expect(masked(dumpOf(n1))).toEqual(golden('group-backup'));
    lan.run(s(6));
    expect(masked(dumpOf(n1))).toEqual(golden('group-master'));
    n1.carrier('eth1', false);
    lan.run(s(6.5));
    expect(masked(dumpOf(n1))).toEqual(golden('group-fault'));
  });

  it('a MASTER with a password, a label and a weighted script', () => {
    const lan = new FakeLan();
    const n1 = hostAt(lan);
    n1.scripts.set('chk', { exit: 0, after: 1000 });
    boot(n1, readFileSync(join(FOLDER, 'script.conf'), 'utf8'));
    lan.run(s(6.5));
    expect(masked(dumpOf(n1))).toEqual(golden('script-master'));
  });
});
