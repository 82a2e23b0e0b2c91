import { describe, expect, it } from 'vitest';
import { type ImportOf, readSources, type SourceFile } from './sources.ts';

/**
 * DESIGN section 3 as a table: which folders a folder may import, besides itself. An arrow that is not
 * here fails the test with the file and line of the import.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'daemon/base': [],
  'daemon/wire': ['daemon/base'],
  'daemon/vrrp': ['daemon/base', 'daemon/wire'],
  'daemon/bfd': ['daemon/base', 'daemon/wire'],
  'daemon/check': ['daemon/base', 'daemon/wire'],
  'daemon/lvs': ['daemon/base', 'daemon/wire'],
  'daemon/config': [
    'daemon/base',
    'daemon/wire',
    'daemon/vrrp',
    'daemon/bfd',
    'daemon/check',
    'daemon/lvs',
  ],
  'daemon/core': [
    'daemon/base',
    'daemon/wire',
    'daemon/config',
    'daemon/vrrp',
    'daemon/bfd',
    'daemon/check',
    'daemon/lvs',
  ],
  'daemon/linux': ['daemon/base', 'daemon/wire', 'daemon/config', 'daemon/vrrp', 'daemon/core'],
  'daemon/main.ts': ['daemon/base', 'daemon/wire', 'daemon/config', 'daemon/core', 'daemon/linux'],
  'sim/engine': ['daemon'],
  'sim/lan': ['daemon', 'sim/engine'],
  'sim/kernel': ['daemon/base', 'daemon/wire', 'sim/engine', 'sim/lan'],
  'sim/host': ['daemon', 'sim/engine', 'sim/lan', 'sim/kernel'],
  'sim/programs': ['daemon', 'sim/engine', 'sim/lan', 'sim/kernel', 'sim/host'],
  'sim/topology': ['daemon', 'sim/engine', 'sim/lan', 'sim/kernel', 'sim/host', 'sim/programs'],
  'sim/scenario': [
    'daemon',
    'sim/engine',
    'sim/lan',
    'sim/kernel',
    'sim/host',
    'sim/programs',
    'sim/topology',
  ],
  'sim/session': [
    'daemon',
    'sim/engine',
    'sim/lan',
    'sim/kernel',
    'sim/host',
    'sim/programs',
    'sim/topology',
    'sim/scenario',
    'sim/report',
  ],
  'sim/report': [
    'daemon',
    'sim/engine',
    'sim/lan',
    'sim/kernel',
    'sim/host',
    'sim/programs',
    'sim/topology',
    'sim/scenario',
  ],
  'sim/bridge': ['daemon', 'sim'],
  'sim/server': ['daemon', 'sim'],
  'sim/cli': ['daemon', 'sim'],
};

/** Type-only arrows that the design allows in addition: a file's own shape, no code. */
const MAY_IMPORT_TYPES: Readonly<Record<string, readonly string[]>> = {
  'sim/topology': ['sim/host'],
};

/** Packages that a folder of the pure zone may use; everything else there stands alone. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  'sim/engine': ['seedrandom/lib/xor128.js'],
  'sim/scenario': ['yaml', 'zod'],
  'sim/session': ['yaml', 'zod'],
};

const NODE_ZONES = ['daemon/linux', 'daemon/main.ts', 'sim/bridge', 'sim/server', 'sim/cli'];

const sources = readSources('daemon', 'sim');

describe('imports', () => {
  it('point the way DESIGN section 3 says', () => {
    const wrong = sources.flatMap((file) =>
      file.imports
        .filter((found) => found.specifier.startsWith('.') && !mayImport(file, found))
        .map((found) => `${file.path}:${found.line} imports ${found.target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('of the pure zone name no package and nothing of Node but what the table grants', () => {
    const wrong = sources
      .filter((file) => !NODE_ZONES.some((zone) => isIn(file.path, zone)))
      .flatMap((file) =>
        file.imports
          .filter((found) => !found.specifier.startsWith('.'))
          .filter((found) => !(PACKAGES[partOf(file.path)] ?? []).includes(found.specifier))
          .map((found) => `${file.path}:${found.line} imports ${found.specifier}`),
      );
    expect(wrong).toEqual([]);
  });

  it('carry the .ts ending', () => {
    const wrong = sources.flatMap((file) =>
      file.imports
        .filter((found) => found.specifier.startsWith('.') && !/\.(ts|json)$/.test(found.specifier))
        .map((found) => `${file.path}:${found.line} imports ${found.specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  it('form no cycle of code', () => {
    expect(findCycle(sources)).toEqual([]);
  });

  it('reach every file: no orphans', () => {
    const users = [...sources, ...readSources('test', 'ui')];
    const reached = new Set(users.flatMap((file) => file.imports.map((found) => found.target)));
    const doors = ['sim/cli/main.ts', 'daemon/main.ts'];
    const orphans = sources
      .map((file) => file.path)
      .filter((path) => !path.endsWith('.d.ts') && !reached.has(path) && !doors.includes(path));
    expect(orphans).toEqual([]);
  });
});

function mayImport(file: SourceFile, found: ImportOf): boolean {
  const from = partOf(file.path);
  const to = partOf(found.target);
  if (from === to) return true;
  const allowed = [...(MAY_IMPORT[from] ?? []), ...(MAY_IMPORT_TYPES[from] ?? [])];
  return allowed.some((part) => isIn(to, part));
}

/** `daemon/wire/arp.ts` is of part `daemon/wire`; files right below `daemon/` are parts of their own. */
function partOf(path: string): string {
  return path.split('/').slice(0, 2).join('/');
}

function isIn(path: string, part: string): boolean {
  return path === part || path.startsWith(`${part}/`);
}

function findCycle(files: readonly SourceFile[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const walk = (path: string, trail: readonly string[]): string[] => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return [];
    for (const target of valueImports(byPath.get(path))) {
      const cycle = walk(target, [...trail, path]);
      if (cycle.length > 0) return cycle;
    }
    done.add(path);
    return [];
  };
  for (const file of files) {
    const cycle = walk(file.path, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}

/** Imports that exist at run time; `import type` leaves no trace. */
function valueImports(file: SourceFile | undefined): string[] {
  if (file === undefined) return [];
  const pattern = /^\s*(?:import|export)\s+(?!type\b)[^;]*?from\s+['"](\.[^'"]+)['"]/gm;
  const values = [...file.text.matchAll(pattern)].map((found) => found[1] as string);
  return file.imports.filter((one) => values.includes(one.specifier)).map((one) => one.target);
}
