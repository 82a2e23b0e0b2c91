/** `ipvsadm -R` and its script, as ipvsadm 1.31 did in a guest: what it was given, what it said, what was in the table then. */

import { expect, test } from 'vitest';
import { Lab } from '../../host/lab.ts';

const EXISTS = 'Service already exists\n';
const TRY_HELP = "Try `ipvsadm -h' or 'ipvsadm --help' for more information.\n";

test.each<[string, string, string[], string, number, string]>([
  [
    'a refused line does not end it, and the last line decides',
    'ipvsadm -R',
    ['-A -t 10.10.0.1:80', '-A -t 10.10.0.1:80', '-A -t 10.10.0.2:80'],
    EXISTS,
    0,
    '-A -t 10.10.0.1:80 -s wlc\n-A -t 10.10.0.2:80 -s wlc\n',
  ],
  [
    'the last line is refused',
    'ipvsadm --restore',
    ['-A -t 10.10.0.3:80', '-A -t 10.10.0.3:80'],
    EXISTS,
    255,
    '-A -t 10.10.0.3:80 -s wlc\n',
  ],
  [
    'words that do not go together end it',
    'ipvsadm -R',
    ['-A -t 10.10.0.4:80', '-A -t 10.10.0.4:80 -n', '-A -t 10.10.0.5:80'],
    "Illegal 'numeric' option with the 'add-service' command\n",
    2,
    '-A -t 10.10.0.4:80 -s wlc\n',
  ],
  ['no command at all', 'ipvsadm -R', ['foo', '-A -t 10.10.0.9:80'], TRY_HELP, 255, ''],
  ['a restore in a restore', 'ipvsadm -R', ['-R'], TRY_HELP, 255, ''],
  ['a comment', 'ipvsadm -R', ['# x', '-A -t 10.10.0.9:80'], TRY_HELP, 255, ''],
  [
    'the script empties the table and passes over comments',
    'ipvsadm -A -t 10.10.0.1:80; ipvsadm-restore',
    ['# x', '-A -t 10.10.0.9:80 -s nix', '-A -t 10.10.0.9:81'],
    'Scheduler or persistence engine not found\n',
    0,
    '-A -t 10.10.0.9:81 -s wlc\n',
  ],
])('%s', (_name, command, lines, said, code, table) => {
  const lab = new Lab([{ name: 'd', addresses: ['10.10.0.254/24'] }]);
  lab.run(0.5);
  lab.host('d').writeFile('/saved', new TextEncoder().encode(`${lines.join('\n')}\n`));
  const result = lab.exec('d', `${command} < /saved`);
  expect(result).toMatchObject({ exitCode: code, stdout: '', stderr: said });
  expect(lab.out('d', 'ipvsadm -Sn')).toBe(table);
});
