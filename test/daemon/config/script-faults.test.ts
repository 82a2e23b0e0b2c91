/**
 * Scripts that cannot be run, in the words of keepalived 2.2.7: what it says at a start and under `-t`, seen side by side on
 * one machine.
 */

import { expect, test } from 'vitest';
import type { ScriptFault } from '../../../daemon/config/parse-context.ts';
import { instanceText, loadText } from './memory-files.ts';

const FAULTS: ReadonlyMap<string, ScriptFault> = new Map<string, ScriptFault>([
  ['/none/x', { kind: 'missing', reason: 'No such file or directory' }],
  ['/etc', { kind: 'wrong-type' }],
  ['/tmp/plain.sh', { kind: 'not-executable', user: '0:0' }],
]);

const SCRIPTS = { none: '/none/x arg', dir: '/etc', plain: '/tmp/plain.sh', nopath: 'nosuch x' };

function load(lines: readonly string[], before = '') {
  return loadText(`${before}${instanceText(lines)}`, {
    isExecutable: (path) => path === '/bin/good',
    scriptFault: (path) => FAULTS.get(path),
  });
}

test('track scripts: each with its line at a start, and with what -t says', () => {
  const blocks = Object.entries(SCRIPTS).map(
    ([name, words]) => `vrrp_script ${name} {\n  script "${words}"\n  interval 1\n}\n`,
  );
  const tracked = ['track_script {', ...Object.keys(SCRIPTS), '}'];
  const { problems, config } = load(tracked, blocks.join(''));
  const said = problems
    .filter((one) => one.code === 'config:script-missing')
    .map(({ startText, keepalivedText }) => [startText, keepalivedText]);
  expect(said).toEqual([
    [
      'Script /none/x cannot be accessed - No such file or directory',
      'Disabling track script none since not found/accessible',
    ],
    ["Wrong file type found in script path '/etc'.", 'Disabling track script dir due to insecure'],
    // Of one that nobody may execute -t says nothing at all.
    ["WARNING - script '/tmp/plain.sh' is not executable for uid:gid 0:0 - disabling.", undefined],
    [
      'Cannot find script nosuch in path - disabling',
      'Disabling track script nopath since not found/accessible',
    ],
  ]);
  expect(config.vrrp.instances[0]?.trackedScripts ?? []).toEqual([]);
});

test('notify scripts: a line at a start alone', () => {
  const { problems, keepalivedLines } = load([
    'notify_master "/none/x"',
    'notify_fault "/etc"',
    'notify_backup "nosuch x"',
    'notify "/bin/good"',
  ]);
  const said = problems.flatMap((one) => one.startText ?? []);
  expect(said).toEqual([
    'Script /none/x cannot be accessed - No such file or directory',
    "Wrong file type found in script path '/etc'.",
    'Cannot find script nosuch in path - disabling',
  ]);
  expect(keepalivedLines.join('\n')).not.toMatch(/cannot be accessed|Wrong file|Cannot find/);
});
