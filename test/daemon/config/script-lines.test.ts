/**
 * What keepalived 2.2.7 says about scripts, numbers and delays while it reads its file at a start, line by line and in its order: recorded by
 * test/golden/keepalived/script-lines/record.sh on a machine without the user `keepalived_script`.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FakeLan } from '../core/fake-system.ts';
import { boot } from '../core/keywords/keyword-lab.ts';
import { loadFiles, loadText } from './memory-files.ts';

const FOLDER = join(
  dirname(fileURLToPath(import.meta.url)),
  '../../golden/keepalived/script-lines',
);
const NAMES = readdirSync(FOLDER).flatMap((name) => /^(.*)\.conf$/.exec(name)?.[1] ?? []);

/** What the machine of the recording was: users of its own, programs of a Debian 12, systemd's PATH. */
const MACHINE = {
  hasUser: (name: string) => ['root', 'nobody'].includes(name),
  isExecutable: (path: string) => /^\/(usr\/)?bin\//.test(path),
  environment: () => '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  interfaces: [{ name: 'eth0', addresses: [] }],
};

describe('lines about scripts, numbers and delays at a start', () => {
  it.each(NAMES)('%s', (name) => {
    const text = readFileSync(join(FOLDER, `${name}.conf`), 'utf8');
    const path = `${name}.conf`;
    const { startLines, keepalivedLines } = loadFiles(new Map([[path, text]]), {
      ...MACHINE,
      path,
    });
    const recorded = readFileSync(join(FOLDER, `${name}.log`), 'utf8')
      .trimEnd()
      .split('\n');
    expect(startLines).toEqual(recorded);
    // `-t` has none of them.
    expect(keepalivedLines.join('\n')).not.toMatch(/Script user|Please specify full path/);
  });

  it('a script that is there and cannot be executed is a violation all the same; a missing one is none', () => {
    const text =
      'vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 51\n notify /x/y\n virtual_ipaddress {\n 10.0.0.1\n }\n}\n';
    const said = (kind: 'wrong-type' | 'missing') => {
      const fault = kind === 'missing' ? ({ kind, reason: '' } as const) : ({ kind } as const);
      const machine = { ...MACHINE, isExecutable: () => false, scriptFault: () => fault };
      return loadText(text, machine).keepalivedLines.join('\n');
    };
    expect(said('wrong-type')).toContain('SECURITY VIOLATION - scripts are being executed');
    expect(said('missing')).toBe('');
  });

  it('they are in the log, and no problem that `check` would tell', () => {
    const text = readFileSync(join(FOLDER, 'script.conf'), 'utf8');
    const host = new FakeLan().host('n1', 11);
    host.users = new Set(['root']);
    boot(host, text);
    expect(host.log).toContain("Script user 'keepalived_script' does not exist");
    const { problems } = loadText(text, MACHINE);
    expect(problems.map((one) => one.code)).toEqual(['config:script-security']);
  });
});

describe('who says a line at a start', () => {
  const said = (blocks: string) => {
    const { startLines } = loadText(`nosuch\n${blocks}`, MACHINE);
    return startLines.filter((line) => line.includes('nosuch')).length;
  };
  const INSTANCE =
    'vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 51\n virtual_ipaddress {\n 10.0.0.1\n }\n}\n';

  it('the parent, and each child that some block calls for', () => {
    expect(said('vrrp_script c {\n script /bin/true\n}\n')).toBe(1);
    expect(said(INSTANCE)).toBe(2);
    expect(said('static_routes {\n 10.0.0.0/8 via 10.0.0.2 dev eth0\n}\n')).toBe(2);
    expect(said(`${INSTANCE}virtual_server 10.0.0.9 80 {\n}\n`)).toBe(3);
    expect(said(`${INSTANCE}bfd_instance b {\n neighbor_ip 10.0.0.9\n}\n`)).toBe(3);
  });
});
