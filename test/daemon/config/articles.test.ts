/** The configurations of the five articles, as printed: what the reader says of each, and what it reads. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LoadResult } from '../../../daemon/config/load-config.ts';
import { formatIp } from '../../../daemon/wire/ip-address.ts';
import { loadText } from './memory-files.ts';

function load(name: string): LoadResult {
  const text = readFileSync(join(import.meta.dirname, 'articles', name));
  return loadText(text, { isExecutable: (path) => path === '/usr/bin/pidof' });
}

function codes({ problems }: LoadResult): readonly string[] {
  return problems.map((one) => `${one.line}: ${one.severity} ${one.code.replace('config:', '')}`);
}

describe('articles', () => {
  it.each(['a-srv-1.conf', 'a-srv-2.conf', 'a-srv-3.conf'])('%s is clean', (name) => {
    const result = load(name);
    expect(codes(result)).toEqual([]);
    expect(result.verdict).toBe('accept');
    expect(result.exitCode).toBe(0);
    expect(result.config.vrrp.instances[0]).toMatchObject({ vrid: 88, interface: 'eth1' });
  });

  it('the second article as printed: an error at the mistyped keyword', () => {
    const result = load('b-as-printed.conf');
    expect(result.verdict).toBe('refuse');
    expect(result.exitCode).toBe(5);
    const [first, ...others] = result.problems;
    expect(first).toMatchObject({
      code: 'config:unknown-keyword',
      severity: 'error',
      line: 24,
      column: 1,
      hint: 'did you mean vrrp_instance?',
      keepalivedText: `(/etc/keepalived/keepalived.conf: Line 24) Unknown keyword 'VRRP_instance'`,
    });
    expect(others.every((one) => one.severity === 'warning')).toBe(true);
  });

  it('the second article mended: warnings', () => {
    const result = load('b-mended.conf');
    expect(codes(result)).toEqual([
      '31: warning authentication',
      '57: warning script-missing',
      '66: warning password-truncated',
    ]);
    const [instance] = result.config.vrrp.instances;
    expect(instance).toMatchObject({ wantedState: 'BACKUP', smtpAlert: true, interface: 'br0' });
    expect(instance?.addresses.map((one) => one.label)).toEqual(['br0:100', 'br0:101']);
    expect(result.config.global.mail?.recipients).toHaveLength(2);
  });

  it.each(['c-master.conf', 'c-backup.conf'])('%s: unknown keywords, password cut', (name) => {
    const result = load(name);
    expect(result.verdict).toBe('accept-with-messages');
    expect(result.exitCode).toBe(5);
    expect(result.problems.map((one) => one.code)).toEqual([
      'config:password-truncated',
      'config:unknown-keyword',
      'config:unknown-keyword',
      'config:unknown-keyword',
    ]);
    const [service] = result.config.lvs.virtualServers;
    expect(service).toMatchObject({ scheduler: 'rr', method: { kind: 'DR' } });
    expect(service?.realServers.map((one) => formatIp(one.address))).toEqual([
      '192.168.192.112',
      '192.168.192.114',
    ]);
    expect(result.config.check.checkers).toHaveLength(2);
    expect(result.config.check.checkers[0]).toMatchObject({
      retry: 1,
      delayBeforeRetry: 3_000_000,
      connection: { connectTimeout: 3_000_000 },
    });
  });

  it.each(['d-a.conf', 'd-b.conf'])('%s: script security only', (name) => {
    const result = load(name);
    expect(result.verdict).toBe('accept-with-messages');
    expect(result.exitCode).toBe(6);
    expect(result.config.vrrp.scripts[0]).toMatchObject({ name: 'chk_nginx', interval: 2_000_000 });
    expect(result.config.vrrp.instances[0]?.trackedScripts).toHaveLength(1);
  });

  it('the fifth article: its virtual server', () => {
    const result = load('e-virtual-server.conf');
    expect(codes(result)).toEqual(['15: warning deprecated', '19: warning unknown-keyword']);
    expect(result.config.lvs.virtualServers[0]?.realServers[0]).toMatchObject({
      inhibitOnFailure: true,
      delayLoop: 1_000_000,
    });
    expect(result.config.check.checkers[0]).toMatchObject({
      kind: 'HTTP_GET',
      retry: 1,
      urls: [{ path: '/index.html' }],
    });
  });
});
