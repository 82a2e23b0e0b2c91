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

function dumped(text: string) {
  const host = new FakeLan().host('n1', 11, ['10.10.0.251/24']);
  host.files.set('n1.conf', encodeUtf8(text));
  host.start(vrrp(), { load: loadWithReader });
  host.event({ kind: 'signal', signal: 'USR1' });
  return { host, files: commandsOf(host, 'file-write') };
}

it('keepalived_check.data: settings, services, servers and checkers as 2.2.7 writes them', () => {
  const { host, files } = dumped(readFileSync(join(FOLDER, 'check.conf'), 'utf8'));
  expect(files.map((one) => one.path)).toEqual([
    '/tmp/keepalived_parent.data',
    '/tmp/keepalived_check.data',
  ]);
  const recorded = readFileSync(join(FOLDER, 'keepalived_check.data'), 'utf8');
  expect(masked(decodeUtf8(files[1]?.bytes ?? new Uint8Array()))).toEqual(masked(recorded));
  expect(host.log.join('\n')).toMatch(/Printing checker data for process\(\d+\) on signal/);
});

it('a regex with its offsets, its options (all of them, whichever is set), and how many urls share it', () => {
  const url = (parts: string) => `url {\n path /\n status_code 202 200 201 404\n ${parts}\n }`;
  const get = (parts: string) =>
    `real_server 10.0.0.2 80 {\n HTTP_GET {\n ${url(parts)}\n ${url('regex "a b"\n regex_max_offset 7')}\n }\n }`;
  const regex =
    'virtualhost www\n regex "a b"\n regex_options caseless\n regex_no_match\n regex_min_offset 3';
  const { files } = dumped(
    `virtual_server 10.0.0.1 80 {\n protocol TCP\n lvs_sched rr\n lvs_method NAT\n ${get(regex)}\n ${get('regex "a b"').replace('0.2', '0.3')}\n}\n`,
  );
  const lines = decodeUtf8(files[1]?.bytes ?? new Uint8Array()).split('\n');
  const first = lines.indexOf('   Checked url = /');
  const all =
    'allow_empty_class alt_bsux auto_callout caseless dollar_endonly dotall dupnames extended firstline match_unset_backref ' +
    'multiline never_ucp never_utf no_auto_capture no_auto_possess no_dotstar_anchor no_start_optimize ucp ungreedy utf ' +
    'never_backslash_c alt_circumflex alt_verbnames use_offset_limit';
  expect(lines.slice(first, first + 18)).toEqual([
    '   Checked url = /',
    '     HTTP Status Code(s)',
    '       200-202',
    '       404',
    '     Virtual host = www',
    '     Regex = "a b"',
    '     Regex no match',
    '     Regex min offset = 3',
    `     Regex options: ${all}`,
    '     Regex ref count = 1',
    '   Checked url = /',
    '     HTTP Status Code(s)',
    '       200-202',
    '       404',
    '     Regex = "a b"',
    '     Regex min offset = 0, max_offset = 7',
    '     Regex options:',
    '     Regex ref count = 3',
  ]);
});
