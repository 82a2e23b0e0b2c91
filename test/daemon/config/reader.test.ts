/** Files, definitions, conditions and sequences, through the public door. */

import { describe, expect, it } from 'vitest';
import type { LoadOptions } from '../../../daemon/config/load-config.ts';
import { instanceText, loadFiles, loadText } from './memory-files.ts';

const main = '/etc/keepalived/keepalived.conf';
const rest = ['interface eth0', 'virtual_ipaddress {', '192.168.0.9', '}', '}'].join('\n');

function priorityOf(before: string, body: string, options: Partial<LoadOptions> = {}) {
  const text = `${before}\nvrrp_instance VI_1 {\nvirtual_router_id 51\n${body}\n${rest}\n`;
  return loadText(text, options).config.vrrp.instances[0]?.priority;
}

const dollar = '$';

describe('definitions', () => {
  it.each([
    ['a value', '$P=120', `priority ${dollar}{P}`, 120],
    ['without braces', '$P=120', 'priority $P', 120],
    ['inside a word', '$P=2', `priority 1${dollar}{P}0`, 120],
    ['of another', `$A=120\n$P=${dollar}{A}`, `priority ${dollar}{P}`, 120],
    ['redefined', '$P=110\n$P=120', 'priority $P', 120],
    ['over several lines', '$P= \\\npriority 110\\\npriority 120', '$P', 120],
    ['for the id of this host', '@srv-1 $P=120\n@srv-2 $P=110', 'priority $P', 120],
    ['for all other ids', '@^srv-1 $P=110\n@^srv-2 $P=120', 'priority $P', 120],
    ['nobody defined', '', 'priority $P', 100],
  ])('%s', (_name, before, body, wanted) => {
    expect(priorityOf(before, body)).toBe(wanted);
  });

  it.each([
    ['is taken from the environment', `priority ${dollar}{_ENV PRIO}`, '2.4.0', true],
    ['inside of a definition', `$P=${dollar}{_ENV PRIO}\npriority $P`, '2.4.0', true],
    ['stays as it is when nobody set it', `priority ${dollar}{_ENV OTHER}`, '2.4.0', false],
    ['is unknown before 2.4', `priority ${dollar}{_ENV PRIO}`, '2.3.3', false],
    ['is unknown to 2.2.7', `priority ${dollar}{_ENV PRIO}`, undefined, false],
  ])('_ENV %s', (_name, body, version, isKnown) => {
    const environment = (name: string) => (name === 'PRIO' ? '120' : undefined);
    const options = { environment, ...(version === undefined ? {} : { version }) };
    const [before, line] = body.includes('\n') ? body.split('\n') : ['', body];
    // Where it stays, its brace ends the block.
    expect(priorityOf(before ?? '', line ?? '', options)).toBe(isKnown ? 120 : undefined);
  });

  it('the configuration id can be given', () => {
    expect(priorityOf('', '@left priority 120\n@right priority 110', { configId: 'right' })).toBe(
      110,
    );
  });

  it('a sequence makes an address for each round', () => {
    const body = `virtual_ipaddress {\n~SEQ(I, 1, 3) 192.168.1.${dollar}I\n}`;
    const text = `vrrp_instance V {\ninterface eth0\nvirtual_router_id 5\n${body}\n}\n`;
    expect(loadText(text).config.vrrp.instances[0]?.addresses).toHaveLength(3);
  });
});

describe('include', () => {
  const named = instanceText().replace('VI_1', 'VI_2').replace('51', '52');

  it('relative to the including file, problems with its name', () => {
    const files = new Map([
      [main, `${instanceText()}include more/*.conf\n`],
      ['/etc/keepalived/more/a.conf', `${named}bogus 1\n`],
    ]);
    const result = loadFiles(files);
    expect(result.config.vrrp.instances.map((one) => one.name)).toEqual(['VI_1', 'VI_2']);
    const problem = result.problems.find((one) => one.code === 'config:unknown-keyword');
    expect(problem).toMatchObject({ file: '/etc/keepalived/more/a.conf', column: 1 });
    expect(problem?.line).toBe(named.split('\n').length);
  });

  it.each([
    ['include', 'nothing.conf', 'accept'],
    ['include', '*.none', 'accept'],
    ['includem', 'nothing.conf', 'refuse'],
    ['includew', '*.none', 'refuse'],
    ['includea', '*.none', 'refuse'],
  ])('%s %s that is not there: %s', (keyword, pattern, verdict) => {
    const result = loadFiles(new Map([[main, `${keyword} ${pattern}\n${instanceText()}`]]));
    const found = result.verdict === 'refuse' ? 'refuse' : 'accept';
    expect(found).toBe(verdict);
  });
});

describe('verdict', () => {
  it.each([
    ['accept', 0, instanceText()],
    ['accept-with-messages', 5, instanceText(['priority 300'])],
    ['refuse', 5, 'vrrp_instance V {\ninterface eth0\n}\n'],
    ['refuse', 0, '! nothing\n'],
  ])('%s, exit code %d', (verdict, exitCode, text) => {
    expect(loadText(text)).toMatchObject({ verdict, exitCode });
  });

  it('HTTP_GET without url crashes keepalived: an error', () => {
    const server = 'real_server 10.0.0.1 80 {\nHTTP_GET {\nconnect_timeout 3\n}\n}';
    const result = loadText(
      `virtual_server 10.0.0.9 80 {\nlvs_sched rr\nprotocol TCP\n${server}\n}\n`,
    );
    expect(result).toMatchObject({ verdict: 'refuse', exitCode: 139 });
    expect(result.problems.some((one) => one.severity === 'error')).toBe(true);
  });
});

describe('our own warnings', () => {
  it.each([
    ['a password cut by a comment', ['auth_pass a#b'], 'config:password-cut'],
    ['capital booleans', ['smtp_alert ON'], 'config:bad-boolean'],
    ['a keyword in capitals', ['Priority 5'], 'config:unknown-keyword'],
  ])('%s', (_name, lines, code) => {
    const wrapped = lines[0]?.startsWith('auth')
      ? ['authentication {', 'auth_type PASS', ...lines, '}']
      : lines;
    expect(loadText(instanceText(wrapped)).problems.map((one) => one.code)).toContain(code);
  });

  it('keywords that do nothing here are listed', () => {
    const result = loadText(`global_defs {\n  process_names\n  enable_dbus\n}\n${instanceText()}`);
    expect(result.notSimulated.length).toBeGreaterThan(0);
  });
});
