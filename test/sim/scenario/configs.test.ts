import { describe, expect, test } from 'vitest';
import { KEEPALIVED_CONF } from '../../../sim/scenario/read-host-files.ts';
import { runScenario } from '../../../sim/scenario/run.ts';
import { loadText } from './load-text.ts';

const SCENARIO = `lan:
  switches: { sw1: {} }
  hosts:
    a: { nics: { eth0: 10.0.0.1/24 }, keepalived: ./a/k.conf }
    b: { nics: { eth0: 10.0.0.2/24 }, keepalived: ./a/k.conf }
  cables: [[a:eth0, sw1:1], [b:eth0, sw1:2]]
steps:
  - at: 1s
    expect: [{ within: 5s, state: { host: a, vrid: 51, is: MASTER } }]
`;
const CONF = `vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  virtual_ipaddress {
    10.0.0.100
  }
}
`;

const codes = (text: string, conf: string | Uint8Array, more: Record<string, string> = {}) =>
  loadText(text, { 'a/k.conf': conf, ...more }).problems.map((one) => [one.severity, one.code]);

describe('configurations of a scenario', () => {
  test('a right one has no problems', () => {
    expect(codes(SCENARIO, CONF)).toEqual([]);
  });
  test('they are read as the scenario’s keepalived-version reads them', () => {
    const newer = CONF.replace('  virtual_ip', '  timer_expired_backup\n  virtual_ip');
    expect(codes(SCENARIO, newer)).toEqual([['warning', 'config:unknown-keyword']]);
    expect(codes(`keepalived-version: '2.2.8'\n${SCENARIO}`, newer)).toEqual([]);
  });
  test('what is wrong with a file of two hosts is said once, at its own place', () => {
    const { problems, sources } = loadText(SCENARIO, {
      'a/k.conf': CONF.replace('  virtual_ip', '  no_such_word 1\n  virtual_ip'),
    });
    expect(problems).toMatchObject([
      { file: 'a/k.conf', line: 4, column: 3, severity: 'warning', code: 'config:unknown-keyword' },
    ]);
    expect(sources.get('a/k.conf')).toContain('no_such_word');
  });
  test('an interface that its host does not have is an error', () => {
    const wrong = codes(SCENARIO, CONF.replace('eth0', 'eth7'));
    expect(wrong.some(([severity]) => severity === 'error')).toBe(true);
  });
  test('binary garbage is an error, not a crash', () => {
    const garbage = Uint8Array.from({ length: 999 }, (_, i) => (i * 7919) & 0xff);
    const { scenario, problems } = loadText(SCENARIO, { 'a/k.conf': garbage });
    expect(scenario).toBeUndefined();
    expect(problems.some((one) => one.severity === 'error' && one.file === 'a/k.conf')).toBe(true);
  });
  test('a VRID that no configuration has is a warning', () => {
    expect(codes(SCENARIO.replace('vrid: 51', 'vrid: 52'), CONF)).toEqual([
      ['warning', 'scenario:unknown-vrid'],
    ]);
  });
  test('a script that nobody answers is a warning, unless the host has the command', () => {
    const script = (line: string) => `vrrp_script chk { 
  script "${line}"
}
${CONF.replace('  virtual_ip', '  track_script {\n    chk\n  }\n  virtual_ip')}`;
    const unanswered = ([, code]: readonly string[]) => code === 'scenario:unanswered-script';
    expect(codes(SCENARIO, script('/opt/check.sh')).filter(unanswered)).toHaveLength(2);
    expect(codes(SCENARIO, script('pidof nginx')).filter(unanswered)).toHaveLength(0);
    const answered = SCENARIO.replaceAll('./a/k.conf', './a/k.conf, scripts: { chk: { exit: 0 } }');
    expect(codes(answered, script('/opt/check.sh')).filter(unanswered)).toHaveLength(0);
  });
  test('a notification script that its host lacks is a warning', () => {
    const notify = (path: string) => CONF.replace('  virtual_ip', `  notify ${path}\n  virtual_ip`);
    const lacking = (text: string, path: string) =>
      codes(text, notify(path)).filter(([, code]) => code === 'scenario:unanswered-script').length;
    const given = (more: string) => SCENARIO.replaceAll('./a/k.conf', `./a/k.conf, ${more}`);
    expect(lacking(SCENARIO, '/usr/local/bin/n.sh')).toBe(2);
    expect(lacking(given('scripts: { n.sh: { exit: 0 } }'), '/usr/local/bin/n.sh')).toBe(0);
    const file = 'files: { /usr/local/bin/n.sh: { content: x } }';
    expect(lacking(given(file), '/usr/local/bin/n.sh')).toBe(0);
    expect(lacking(SCENARIO, '/etc/keepalived/n.sh')).toBe(0);
  });
  test.each([
    ['a script', '  notify /etc/keepalived/n.sh\n', '', 'pass'],
    ['the script of another state', '  notify_fault /etc/keepalived/n.sh\n', '', 'fail'],
    ['a FIFO', '', 'global_defs {\n  notify_fifo /run/n.fifo\n}\n', 'pass'],
    ['nothing', '', '', 'fail'],
    ['a script that is not there', '  notify /usr/local/bin/n.sh\n', '', 'fail'],
  ])('a notification is told to somebody: %s', (_name, line, before, wanted) => {
    const told = SCENARIO.replace(
      'state: { host: a, vrid: 51, is: MASTER }',
      'notification: { name: VI_1, state: MASTER }',
    );
    const conf = before + CONF.replace('  virtual_ip', `${line}  virtual_ip`);
    const { scenario } = loadText(told, { 'a/k.conf': conf });
    expect(scenario && runScenario(scenario).verdict).toBe(wanted);
  });
  test('a file that is included by a relative path comes along to the host', () => {
    const { scenario, problems } = loadText(SCENARIO, {
      'a/k.conf': 'include more.inc\n',
      'a/more.inc': CONF,
    });
    expect(problems).toEqual([]);
    expect(scenario?.lan.hosts[0]?.files.map(([path]) => path)).toEqual([
      KEEPALIVED_CONF,
      '/etc/keepalived/more.inc',
    ]);
  });
  test.each([
    ['a star', 'include conf.d/*.conf', ['conf.d/one.conf', 'conf.d/two.conf']],
    ['a star in a folder', 'include */two.conf', ['conf.d/two.conf']],
    ['an absolute path', 'include /etc/keepalived/conf.d/t*.conf', ['conf.d/two.conf']],
    ['a question mark', 'include conf.d/on?.conf', ['conf.d/one.conf']],
    ['a class', 'include conf.d/[a-o]*', ['conf.d/one.conf']],
    [
      'braces, as they are written',
      'include conf.d/{two,one}.conf',
      ['conf.d/two.conf', 'conf.d/one.conf'],
    ],
    ['a class that is none', 'include conf.d/[z-a]ne.conf', []],
    ['a hidden one that is named', 'include conf.d/.h*', ['conf.d/.hidden.conf']],
    ['none', 'include conf.d/*.inc', []],
  ])('files that an include means by a pattern come along: %s', (_name, line, wanted) => {
    const { scenario } = loadText(SCENARIO, {
      'a/k.conf': `${line}\n${CONF}`,
      'a/conf.d/one.conf': 'vrrp_script one {\n  script "pidof one"\n}\n',
      'a/conf.d/two.conf': 'vrrp_script two {\n  script "pidof two"\n}\n',
      'a/conf.d/.hidden.conf': '# kept by an editor\n',
      'b/conf.d/three.conf': 'of another folder\n',
    });
    const files = scenario?.lan.hosts[0]?.files.map(([path]) => path).slice(1);
    expect(files).toEqual(wanted.map((path) => `/etc/keepalived/${path}`));
  });
  test('a file that reload brings is read too', () => {
    const reload = SCENARIO.replace(
      '  - at: 1s',
      '  - { at: 0s, do: { reload: { host: a, file: new.conf } } }\n  - at: 1s',
    );
    const { problems } = loadText(reload, { 'a/k.conf': CONF, 'new.conf': 'nonsense\n' });
    expect(problems.map((one) => one.file)).toContain('new.conf');
    expect(problems.some((one) => one.severity === 'error')).toBe(true);
  });
});
