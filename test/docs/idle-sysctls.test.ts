/** Sysctls that can be set and change nothing stand in docs/differences.md, and no others do. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { GLOBAL_SETTINGS } from '../../sim/kernel/global-settings.ts';
import {
  IPV4_SETTINGS,
  IPV6_SETTINGS,
  NEIGHBOUR_SETTINGS,
} from '../../sim/kernel/interface-settings.ts';

const ROOT = join(import.meta.dirname, '../..');
const TABLES = ['global-settings.ts', 'interface-settings.ts', 'make-ipvs.ts', 'ipvs-state.ts'];

/** Everything that could read a setting. */
const sources = readdirSync(join(ROOT, 'sim'), { recursive: true, encoding: 'utf8' })
  .filter((name) => /^(kernel|host|programs|bridge)\b.*\.ts$/.test(name))
  .filter((name) => !TABLES.some((table) => name.endsWith(table)))
  .map((name) =>
    readFileSync(join(ROOT, 'sim', name), 'utf8').replace(/^ *(\/\*\*|\*|\/\/).*$/gm, ''),
  )
  .join('\n');

/** A setting of the host is read by its whole name; one of an interface, and IPVS' own copy, by the last part. */
function isRead(name: string): boolean {
  if (sources.includes(`'${name}'`)) return true;
  const last = name.replace(/^ipv4\.vs\./, '');
  if (last.startsWith('ipv')) return false;
  return new RegExp(`\\b${last}\\b(?!')`).test(sources);
}

test('the page lists the sysctls without effect', () => {
  const names = [
    ...GLOBAL_SETTINGS.map(([name]) => name),
    ...IPV4_SETTINGS.map(([name]) => name),
    ...IPV6_SETTINGS.map(([name]) => name),
    ...NEIGHBOUR_SETTINGS.map(([name]) => name),
  ];
  const page = readFileSync(join(ROOT, 'docs/differences.md'), 'utf8');
  const section = /## Sysctls without effect\n([\s\S]*?)\n## /.exec(page)?.[1] ?? '';
  const listed = [...section.matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell]) =>
    [...(cell ?? '').matchAll(/`([\w.]+)`/g)].map(([, name]) => name ?? ''),
  );
  const idle = names
    .filter((name) => !isRead(name))
    .map((name) => name.replace(/^ipv4\.(?!vs)/, ''));
  const wanted = [...new Set(idle)].sort((a, b) => (a < b ? -1 : 1));
  expect([...listed].sort((a, b) => (a < b ? -1 : 1))).toEqual(wanted);
});
