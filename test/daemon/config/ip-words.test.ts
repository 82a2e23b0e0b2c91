/** Lines of virtual_routes and virtual_rules: what the real `keepalived -t` said of each. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from '../../../daemon/config/load-config.ts';
import { interfacesOf, referenceFolder } from './recorded-cases.ts';

interface Recorded {
  readonly kind: 'route' | 'rule';
  readonly line: string;
  readonly said: readonly string[];
}

const path = join(referenceFolder, 'config-diagnostics-own/ip-words.txt');

it.each(recorded().map((one) => [`${one.kind} ${one.line}`, one] as const))('%s', (_name, one) => {
  expect(said(one)).toEqual(one.said);
});

it('names of the host are known beside those of iproute2', () => {
  const table = (path: string) =>
    path === '/etc/iproute2/rt_tables' ? '# own\n100 uplink2\n' : undefined;
  const line = '10.0.0.0/8 dev eth0 table uplink2';
  expect(said({ kind: 'route', line }, table)).toEqual([]);
  expect(said({ kind: 'route', line })).toEqual(['Routing table uplink2 not found for route']);
});

function said(
  { kind, line }: Pick<Recorded, 'kind' | 'line'>,
  readFile: (path: string) => string | undefined = () => undefined,
): readonly string[] {
  const block = kind === 'route' ? 'virtual_routes' : 'virtual_rules';
  const text = `vrrp_instance A {
    interface eth0
    virtual_router_id 5
    virtual_ipaddress {
        192.168.200.100
    }
    ${block} {
${line}
    }
}
`;
  const encode = (content: string | undefined) =>
    content === undefined ? undefined : new TextEncoder().encode(content);
  const result = loadConfig({
    path: 'x.conf',
    hostname: 'vm',
    interfaces: interfacesOf('fe80::1/64'),
    readFile: (name) => encode(name === 'x.conf' ? text : readFile(name)),
    expandPattern: () => [],
    random: { uint32: () => 0 },
  });
  return result.keepalivedLines
    .map((one) => one.replace('(x.conf: Line 8) ', ''))
    .filter((one) => one !== 'Non-existent interface specified in configuration')
    .sort();
}

function recorded(): readonly Recorded[] {
  const cases: { kind: 'route' | 'rule'; line: string; said: string[] }[] = [];
  for (const text of readFileSync(path, 'utf8').split('\n')) {
    const head = /^(route|rule) (.*)$/.exec(text);
    if (head !== null) {
      cases.push({ kind: head[1] as 'route' | 'rule', line: head[2] as string, said: [] });
    } else if (text.startsWith('  ')) cases.at(-1)?.said.push(text.slice(2));
  }
  return cases;
}
