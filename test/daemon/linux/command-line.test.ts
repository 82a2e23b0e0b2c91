import { describe, expect, test } from 'vitest';
import {
  type CommandLine,
  DEFAULT_CONFIG_FILE,
  parseCommandLine,
  signalNumber,
} from '../../../daemon/linux/command-line.ts';
import { FLAGS, helpText } from '../../../daemon/linux/flags.ts';

function options(...words: readonly string[]): CommandLine {
  const parsed = parseCommandLine(words);
  if (parsed.kind !== 'run' && parsed.kind !== 'test') throw new Error(JSON.stringify(parsed));
  return parsed.options;
}

describe("keepalived's command line", () => {
  test('without flags it is keepalived without flags', () => {
    expect(options()).toMatchObject({
      file: DEFAULT_CONFIG_FILE,
      vrrp: true,
      checkers: true,
      bfd: true,
      fork: true,
      syslog: true,
      console: false,
      facility: 3,
    });
  });

  // proves: seed:B7
  test("the article's options mean the same long and short", () => {
    const long = ['--use-file', '/a.conf', '--dont-fork', '--log-console', '--log-detail'];
    const meant = { file: '/a.conf', fork: false, console: true, logDetail: true };
    expect(options('-f', '/a.conf', '-n', '-l', '-D')).toMatchObject(meant);
    expect(options(...long)).toEqual(options('-f', '/a.conf', '-n', '-l', '-D'));
  });

  test.each([
    { words: ['-f', '/a.conf'], expected: { file: '/a.conf' } },
    { words: ['-f/a.conf'], expected: { file: '/a.conf' } },
    { words: ['--use-file=/a.conf'], expected: { file: '/a.conf' } },
    { words: ['--use-file', '/a.conf'], expected: { file: '/a.conf' } },
    { words: ['--use=/a.conf'], expected: { file: '/a.conf' } },
    { words: ['-f', '/a', '-f', '/b'], expected: { file: '/b' } },
    { words: ['-nlDd'], expected: { fork: false, console: true, logDetail: true, dump: true } },
    { words: ['-nlf', '/a.conf'], expected: { fork: false, file: '/a.conf' } },
    { words: ['-P'], expected: { vrrp: true, checkers: false, bfd: true } },
    { words: ['-C'], expected: { vrrp: false, checkers: true, bfd: true } },
    { words: ['-PC'], expected: { vrrp: false, checkers: false, bfd: true } },
    { words: ['-P', '--all'], expected: { vrrp: true, checkers: true, all: true } },
    { words: ['--all', '-P'], expected: { vrrp: true, checkers: false, all: true } },
    { words: ['-B'], expected: { vrrp: true, checkers: true, bfd: false } },
    { words: ['-p', '/p', '-r', '/r', '-c', '/c'], expected: { pidFile: '/p', vrrpPidFile: '/r' } },
    { words: ['--dont-release-vrrp'], expected: { keepAddresses: true, keepIpvs: false } },
    { words: ['-V', '-I'], expected: { keepAddresses: true, keepIpvs: true } },
    { words: ['-S', 'local3', '-G'], expected: { facility: 19, syslog: false } },
    { words: ['-S', '7'], expected: { facility: 23 } },
    { words: ['-u', '022'], expected: { umask: 0o22 } },
    { words: ['--log-file=/l'], expected: { logFile: '/l' } },
    { words: ['-g'], expected: { logFile: '/tmp/keepalived.log' } },
    { words: ['-i', 'east', '-s', 'ns1'], expected: { configId: 'east', namespace: 'ns1' } },
    { words: ['--metrics'], expected: { metrics: { address: '127.0.0.1', port: 9165 } } },
    { words: ['--metrics=9100'], expected: { metrics: { address: '127.0.0.1', port: 9100 } } },
    { words: ['--metrics=0.0.0.0:9'], expected: { metrics: { address: '0.0.0.0', port: 9 } } },
    { words: ['--metrics=[::1]:9165'], expected: { metrics: { address: '::1', port: 9165 } } },
    { words: ['-a'], expected: { logAddresses: true } },
    { words: ['-c', '/c', '-b', '/b'], expected: { checkersPidFile: '/c', bfdPidFile: '/b' } },
    { words: ['-m'], expected: { coreDump: true, corePattern: undefined } },
    { words: ['-M'], expected: { coreDump: true, corePattern: 'core' } },
    { words: ['-M%e'], expected: { coreDump: true, corePattern: '%e' } },
    { words: ['-e', '-d'], expected: { allConfigFiles: true, dump: true } },
  ])('$words', ({ words, expected }) => {
    expect(options(...words)).toMatchObject(expected);
  });

  test.each([
    { words: ['-t'], expected: { kind: 'test', logFile: undefined } },
    { words: ['-t/tmp/out'], expected: { kind: 'test', logFile: '/tmp/out' } },
    {
      words: ['--config-test=/tmp/out', '-f', '/a'],
      expected: { kind: 'test', logFile: '/tmp/out' },
    },
    { words: ['-v'], expected: { kind: 'version' } },
    { words: ['--version'], expected: { kind: 'version' } },
    { words: ['--help', '-n'], expected: { kind: 'help' } },
    { words: ['--signum=JSON'], expected: { kind: 'signum', name: 'JSON' } },
    { words: ['--signum', 'STOP'], expected: { kind: 'signum', name: 'STOP' } },
  ])('$words asks for $expected.kind', ({ words, expected }) => {
    expect(parseCommandLine(words)).toMatchObject(expected);
  });

  test.each([
    { words: ['-Q'], remark: 'Unknown option -Q' },
    { words: ['--bogus'], remark: 'Unknown option --bogus' },
    { words: ['--log'], remark: /^Unknown option --log \(--log-console, / },
    { words: ['-f'], remark: 'Missing parameter for option -f' },
    { words: ['--pid'], remark: 'Missing parameter for option --pid' },
    { words: ['--pid='], remark: 'Missing parameter for option --pid' },
    { words: ['--dont-fork=1'], remark: 'Unknown option --dont-fork=1' },
    { words: ['-T'], remark: /genhash is not offered/ },
    { words: ['--metrics=x'], remark: /--metrics/ },
  ])('$words is a usage error', ({ words, remark }) => {
    const { kind, remarks } = parseCommandLine(words);
    expect(kind).toBe('usage-error');
    expect(remarks).toEqual([expect.stringMatching(remark)]);
  });

  test.each([
    { words: ['file.conf'], remark: 'Unexpected argument(s): file.conf' },
    { words: ['a', '-n', '--', '-l'], remark: 'Unexpected argument(s): a -l' },
    { words: ['-S', 'mail'], remark: "Invalid log facility 'mail'" },
    { words: ['-u', 'abc'], remark: 'Invalid --umask option abc' },
    { words: ['-u', '07777'], remark: 'Invalid --umask option 07777' },
  ])('$words is remarked upon, and the rest counts', ({ words, remark }) => {
    const parsed = parseCommandLine([...words, '-f', '/a']);
    expect(parsed.remarks.join()).toContain(remark);
    expect(parsed.kind).toBe('run');
  });

  test('flags without effect say why, once each', () => {
    const { withoutEffect } = options('-x', '-X', '-x', '-R', '-A', '/socket');
    expect(withoutEffect).toHaveLength(4);
    for (const text of withoutEffect) expect(text).toMatch(/^--\S+ has no effect: \S.{10}/);
  });

  test('what is answered on the spot is answered before what stands behind', () => {
    expect(parseCommandLine(['-v', '--bogus'])).toEqual({ kind: 'version', remarks: [] });
    expect(parseCommandLine(['--bogus', '-v'])).toMatchObject({ kind: 'version' });
  });

  test('every flag is either of effect or says why not', () => {
    for (const { short, long, argument, withoutEffect } of FLAGS) {
      const value = argument === 'required' ? ['7'] : [];
      const words = [short === '' ? `--${long}` : `-${short}`, ...value];
      const parsed = parseCommandLine(words);
      const plainRun = parseCommandLine([]);
      const has = JSON.stringify(parsed) !== JSON.stringify(plainRun);
      expect(has, `${words} changes something`).toBe(true);
      if (withoutEffect === undefined) continue;
      expect(parsed).toMatchObject({
        kind: 'run',
        options: { withoutEffect: [expect.any(String)] },
      });
    }
  });

  test('help names every flag of keepalived 2.2.7', () => {
    for (const letter of 'fPClDSGuXVIRndprTcbaxAsmMeitvh') {
      expect(helpText()).toMatch(new RegExp(`^  -${letter},`, 'm'));
    }
  });

  test('--signum answers with signals that a node process survives', () => {
    expect([signalNumber('STOP'), signalNumber('RELOAD')]).toEqual([15, 1]);
    expect([signalNumber('DATA'), signalNumber('STATS')]).toEqual([10, 12]);
    for (const name of ['JSON', 'STATS_CLEAR']) expect(signalNumber(name)).toBeLessThan(32);
    expect(signalNumber('FOO')).toBeUndefined();
  });
});
