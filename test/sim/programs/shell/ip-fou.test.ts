/** `ip fou` on a virtual host: what it says and with which exit code. */

import { expect, test } from 'vitest';
import { Lab } from '../../host/lab.ts';

test('ports are added, listed, refused and deleted', () => {
  const lab = new Lab([{ name: 'h', addresses: ['10.0.0.1/24'] }]);
  const run = (line: string) => {
    const { exitCode, stdout, stderr } = lab.exec('h', line);
    return [exitCode, stdout + stderr];
  };
  expect(run('ip fou add port 6080 gue')).toEqual([0, '']);
  expect(run('ip fou add port 6081 ipproto 4')).toEqual([0, '']);
  expect(run('ip fou add port 6082 ipproto gre')).toEqual([0, '']);
  expect(run('ip -6 fou add port 6080 gue')).toEqual([0, '']);
  expect(run('ip fou show')).toEqual([
    0,
    'port 6080 gue\nport 6081 ipproto 4\nport 6082 ipproto 47\nport 6080 gue -6\n',
  ]);
  expect(run('ip fou add port 6080 gue')).toEqual([2, expect.stringContaining('already in use')]);
  expect(run('ip fou del port 6080')).toEqual([0, '']);
  expect(run('ip fou del port 6080')).toEqual([2, expect.stringContaining('Invalid argument')]);
  expect(run('ip fou list')[1]).not.toContain('port 6080 gue\n');
});

test.each([
  ['ip fou add gue', 1, 'fou: missing port'],
  ['ip fou add port 0 gue', 255, 'invalid port'],
  ['ip fou add port 1', 1, 'fou: must set ipproto or gue'],
  ['ip fou add port 1 gue ipproto 4', 1, 'fou: cannot set gue and ipproto'],
  ['ip fou add port 1 ipproto 256', 255, 'invalid ipproto'],
  ['ip fou add port 1 gue now', 1, 'fou: unknown command "now"?'],
  ['ip fou what', 255, 'Command "what" is unknown, try "ip fou help".'],
])('%s', (line, code, words) => {
  const lab = new Lab([{ name: 'h', addresses: ['10.0.0.1/24'] }]);
  const { exitCode, stderr } = lab.exec('h', line);
  expect([exitCode, stderr]).toEqual([code, expect.stringContaining(words)]);
});
