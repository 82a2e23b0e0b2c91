import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CheckCommandOptions, checkCommand } from '../../../sim/cli/command-check.ts';
import { expandOnDisk } from '../../../sim/cli/config-files.ts';
import { configsIn } from '../../../sim/cli/config-folders.ts';
import { UsageError } from '../../../sim/cli/exit-codes.ts';
import { nodeName } from '../../../sim/cli/node-name.ts';
import { PLAIN_STYLE } from '../../../sim/report/style.ts';
import { readCases, referenceFolder } from '../../daemon/config/recorded-cases.ts';

const INSTANCE = `vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  priority 150
  authentication { 
    auth_type PASS
    auth_pass secure123
  }
  virtual_ipaddress {
    10.0.0.100
  }
}
`;

let folder = '';
const file = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lantwin-check-'));
  mkdirSync(file('conf.d'));
  writeFileSync(file('good.conf'), INSTANCE.replace('secure123', 'secret'));
  writeFileSync(file('warns.conf'), INSTANCE);
  writeFileSync(file('nothing.conf'), INSTANCE.replace('vrrp_instance', 'VRRP_instance'));
  writeFileSync(file('conf.d/one.conf'), INSTANCE.replace('secure123', 'secret'));
  writeFileSync(file('conf.d/.hidden.conf'), 'nonsense\n');
  writeFileSync(file('including.conf'), 'include conf.d/*.conf\n');
  const garbage = Uint8Array.from({ length: 2000 }, (_, i) => (i * 7919 + (i >> 3)) & 0xff);
  writeFileSync(file('garbage.conf'), garbage);
});
afterAll(() => rmSync(folder, { recursive: true }));

function check(names: readonly string[], options: CheckCommandOptions = {}) {
  let stdout = '';
  let stderr = '';
  const output = {
    style: PLAIN_STYLE,
    out: (text: string) => {
      stdout += text;
    },
    err: (text: string) => {
      stderr += text;
    },
  };
  const code = checkCommand(names.map(file), options, output);
  return { code, stdout, stderr };
}

describe('check of keepalived.conf files', () => {
  test('exits 0 without problems and with warnings, 1 with errors', () => {
    expect(check(['good.conf']).code).toBe(0);
    expect(check(['warns.conf']).code).toBe(0);
    expect(check(['nothing.conf']).code).toBe(1);
    expect(check(['garbage.conf']).code).toBe(1);
    expect(check(['gone.conf']).code).toBe(1);
    expect(check(['good.conf', 'nothing.conf']).code).toBe(1);
  });
  test('--strict makes warnings errors', () => {
    expect(check(['warns.conf'], { strict: true }).code).toBe(1);
    expect(check(['good.conf'], { strict: true }).code).toBe(0);
  });
  test('problems have place, source line and caret', () => {
    const { stdout } = check(['warns.conf']);
    expect(stdout).toContain(`${file('warns.conf')}:7:15: warning: `);
    expect(stdout).toContain('    7 |     auth_pass secure123\n      |               ^\n');
  });
  test('--keepalived-version says who reads', () => {
    const newer = INSTANCE.replace(/ {2}authentication \{[^}]*\}/, '  timer_expired_backup');
    writeFileSync(file('newer.conf'), newer);
    expect(check(['newer.conf']).stdout).toContain('config:unknown-keyword');
    const { stdout } = check(['newer.conf'], { keepalivedVersion: '2.2.8' });
    expect(stdout).not.toContain('config:unknown-keyword');
    expect(() => check(['newer.conf'], { keepalivedVersion: 'new' })).toThrow(UsageError);
  });
  test("--diagnostics=keepalived uses keepalived's words", () => {
    const { stdout } = check(['warns.conf'], { diagnostics: 'keepalived' });
    expect(stdout).toContain(
      `(${file('warns.conf')}: Line 7) Truncating auth_pass to 8 characters`,
    );
    expect(() => check(['good.conf'], { diagnostics: 'gcc' })).toThrow(UsageError);
  });
  test('--diagnostics=keepalived prints what the real keepalived printed, line by line', () => {
    const recorded = join(referenceFolder, 'config-diagnostics');
    // What hangs on the machine (which interfaces and scripts there are) is not known to check.
    const ofMachine = /^(009|041)-/;
    const cases = readCases(recorded).filter((one) => !ofMachine.test(one.name));
    expect(cases.length).toBeGreaterThan(40);
    for (const one of cases) {
      const { code, stdout } = check([join(relative(folder, recorded), one.name)], {
        diagnostics: 'keepalived',
      });
      const path = join(recorded, one.name);
      const lines = one.lines.map((line) => `${line.replace(`(${one.name}: `, `(${path}: `)}\n`);
      expect(stdout, one.name).toBe(lines.join(''));
      expect([0, 1], one.name).toContain(code);
    }
    const { stdout, stderr } = check([join(relative(folder, recorded), '023-auth-bang.conf')], {
      diagnostics: 'keepalived',
    });
    expect(stdout).toBe('');
    expect(stderr).toContain('1 problem that keepalived does not see');
  });
  test('--json shows verdict, values and dump', () => {
    const { files } = JSON.parse(check(['good.conf'], { json: true }).stdout);
    expect(files[0]).toMatchObject({ kind: 'keepalived', verdict: 'accept', exitCode: 0 });
    expect(files[0].config.vrrp.instances[0]).toMatchObject({
      vrid: 51,
      priority: 150,
      addresses: [{ address: '10.0.0.100', length: 32 }],
      authentication: { type: 'PASS', keyHex: '7365637265740000' },
      advertIntervalSeconds: 1,
    });
    expect(files[0].dump.join('\n')).toContain('VRRP Instance = VI_1');
  });
  test('included files are read from the folder of the file', () => {
    expect(check(['including.conf']).code).toBe(0);
    expect(expandOnDisk('conf.d/*.conf', folder)).toEqual([file('conf.d/one.conf')]);
    expect(expandOnDisk(file('{good,warns,gone}.conf'), folder)).toEqual([
      file('good.conf'),
      file('warns.conf'),
    ]);
    expect(expandOnDisk('{warns,[z-a],good}.conf', folder)).toEqual([
      file('warns.conf'),
      file('good.conf'),
    ]);
  });
});

describe('check of several files', () => {
  const node = (priority: number, vrid: number) =>
    INSTANCE.replace('secure123', 'secret')
      .replace('priority 150', `priority ${priority}`)
      .replace('51', String(vrid));
  beforeAll(() => {
    mkdirSync(file('nodes'));
    writeFileSync(file('nodes/srv-1.conf'), node(150, 51));
    writeFileSync(file('nodes/srv-2.conf'), node(100, 52));
  });

  test('compares the files of a folder, and those named one by one', () => {
    const folderWide = check(['nodes']);
    expect(folderWide.code).toBe(1);
    expect(folderWide.stdout).toContain('srv-2.conf:3:3: error: 10.0.0.100 is VRID 52');
    const named = check(['nodes/srv-1.conf', 'nodes/srv-2.conf']);
    expect(named.stdout).toBe(folderWide.stdout);
    expect(check(['nodes/srv-2.conf']).code).toBe(0);
  });
  test('a folder stands for its nodes: nested files too, included parts not', () => {
    mkdirSync(file('fleet/srv-1/etc/keepalived'), { recursive: true });
    mkdirSync(file('fleet/srv-2'));
    writeFileSync(file('fleet/srv-1/etc/keepalived/keepalived.conf'), 'include vips.conf\n');
    writeFileSync(file('fleet/srv-1/etc/keepalived/vips.conf'), node(150, 51));
    writeFileSync(file('fleet/srv-2/keepalived.conf'), node(100, 52));
    expect(configsIn(file('fleet')).map(nodeName)).toEqual(['srv-1', 'srv-2']);
    expect(check(['fleet']).stdout).toContain('VRID 52 in VI_1 on srv-2, VRID 51 in VI_1 on srv-1');
    writeFileSync(file('nodes/part.conf'), 'vrrp_garp_master_delay 3\n');
    writeFileSync(
      file('nodes/srv-3.conf'),
      `global_defs {\n  include part.conf\n}\n${node(50, 51)}`,
    );
    expect(configsIn(file('nodes')).map(nodeName)).toEqual(['srv-1', 'srv-2', 'srv-3']);
    rmSync(file('nodes/srv-3.conf'));
    rmSync(file('nodes/part.conf'));
    mkdirSync(file('empty'));
    expect(() => check(['empty'])).toThrow(UsageError);
  });
  test('conditions are decided for the node that the file is named after, or for --config-id', () => {
    mkdirSync(file('ids'));
    const dollar = '$';
    const shared = `@srv-1 $PRIO=150\n@srv-2 $PRIO=100\n${node(1, 51)}`.replace(
      'priority 1',
      `priority ${dollar}{PRIO}`,
    );
    for (const name of ['srv-1', 'srv-2', 'other']) writeFileSync(file(`ids/${name}.conf`), shared);
    const priorityOf = (name: string, options: CheckCommandOptions = {}) =>
      JSON.parse(check([`ids/${name}.conf`], { ...options, json: true }).stdout).files[0].config
        .vrrp.instances[0].priority;
    expect(priorityOf('srv-1')).toBe(150);
    expect(priorityOf('srv-2')).toBe(100);
    expect(priorityOf('other', { configId: 'srv-1' })).toBe(150);
    expect(check(['ids/srv-1.conf', 'ids/srv-2.conf'])).toMatchObject({ code: 0, stderr: '' });
    const lost = check(['ids/other.conf']);
    expect(lost.stdout).toContain(
      `${dollar}{PRIO} is defined for @srv-1, @srv-2, and the configuration id here is 'other'`,
    );
    rmSync(file('ids'), { recursive: true });
  });
  test('a use of what nobody defined is told, a variable of a shell is not', () => {
    const dollar = '$';
    const text = (line: string) => `$PRIO=150\n${node(1, 51).replace('priority 1', line)}`;
    writeFileSync(file('typo.conf'), text(`priority ${dollar}{PROI}`));
    expect(check(['typo.conf']).stdout).toContain(
      `${dollar}{PROI} is not defined above: it stays as it is [config:undefined-use]`,
    );
    expect(check(['typo.conf']).stdout).toContain('did you mean PRIO?');
    for (const line of [`notify "/bin/x ${dollar}{HOME}"`, 'auth_pass pa$word']) {
      writeFileSync(file('typo.conf'), text(line));
      expect(check(['typo.conf']).stdout).not.toContain('undefined-use');
    }
  });
  test('--explain prints the page of a code, or all codes', () => {
    expect(check([], { explain: 'check:vrid-twice' }).stdout).toMatch(/^# One VRID for two/);
    expect(check([], { explain: true }).stdout).toContain('config:password-cut');
    expect(() => check([], { explain: 'check:nothing' })).toThrow(UsageError);
  });
  test('--sarif writes rules and results with places', () => {
    const log = JSON.parse(check(['nodes'], { sarif: true }).stdout);
    expect(log.version).toBe('2.1.0');
    const [run] = log.runs;
    expect(run.tool.driver.rules[0].id).toBe('check:vrid-mismatch');
    expect(run.results[0]).toMatchObject({ ruleId: 'check:vrid-mismatch', level: 'error' });
    expect(run.results[0].locations[0].physicalLocation.region).toEqual({
      startLine: 3,
      startColumn: 3,
    });
  });
});
