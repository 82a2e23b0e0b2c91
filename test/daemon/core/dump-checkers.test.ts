/**
 * keepalived_check.data beside what 2.2.7 wrote in a guest with IPVS, line by line. What the checks had found by then is masked:
 * in the guest nobody answered.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadWithReader } from '../../../daemon/core/config-loader.ts';
import { decodeUtf8, encodeUtf8 } from '../../../daemon/wire/text.ts';
import { vrrp } from '../vrrp/config-fixture.ts';
import { FakeLan } from './fake-system.ts';
import { commandsOf } from './keywords/keyword-lab.ts';

const FOLDER = join(import.meta.dirname, '../../golden/keepalived/check-data');

const FOUND_BY_CHECKS =
  /^( *)(alive|quorum_state_up|num failed checkers|RS set|Up|Has run|Retries iterations|Alive:|Last ran) ?=? .*$/;

function masked(text: string): string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) =>
      line.replace(FOUND_BY_CHECKS, '$1$2 = MASKED').replace(/libnftnl version .*/, 'libnftnl'),
    );
}

it('keepalived_check.data: settings, services, servers and checkers as 2.2.7 writes them', () => {
  const host = new FakeLan().host('n1', 11, ['10.10.0.251/24']);
  host.files.set('n1.conf', encodeUtf8(readFileSync(join(FOLDER, 'check.conf'), 'utf8')));
  host.start(vrrp(), { load: loadWithReader });
  host.event({ kind: 'signal', signal: 'USR1' });
  const files = commandsOf(host, 'file-write');
  expect(files.map((one) => one.path)).toEqual([
    '/tmp/keepalived_parent.data',
    '/tmp/keepalived_check.data',
  ]);
  const recorded = readFileSync(join(FOLDER, 'keepalived_check.data'), 'utf8');
  expect(masked(decodeUtf8(files[1]?.bytes ?? new Uint8Array()))).toEqual(masked(recorded));
  expect(host.log.join('\n')).toMatch(/Printing checker data for process\(\d+\) on signal/);
});
