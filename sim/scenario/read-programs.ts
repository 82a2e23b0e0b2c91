/** The key `programs` of a host: each item is a mapping with one key, the kind. */

import { assert } from '../../daemon/base/assert.ts';
import { parseHttpUrl } from '../programs/http-url.ts';
import type { ProgramSpec } from '../topology/lan-spec.ts';
import type { Reading } from './reading.ts';
import type { RawHost, RawProgram } from './schema/lan-schema.ts';
import type { PathPart } from './yaml-source.ts';

/**
 * Programs in file order; two of one name are a problem, since units and `pidof` find them by name.
 */
export function readPrograms(
  host: RawHost,
  path: readonly PathPart[],
  reading: Reading,
): readonly ProgramSpec[] {
  const names = new Set<string>();
  return (host.programs ?? []).flatMap((raw, index) => {
    const at = [...path, 'programs', index];
    const program = readProgram(raw, at, reading);
    if (program === undefined) return [];
    if (names.has(program.name)) {
      reading.report({
        code: 'scenario:duplicate-program',
        path: at,
        message: `the host has a program '${program.name}' already`,
        hint: 'give one of them another name: { http: { name: web2, … } }',
      });
    }
    names.add(program.name);
    return [program];
  });
}

function readProgram(
  raw: RawProgram,
  path: readonly PathPart[],
  reading: Reading,
): ProgramSpec | undefined {
  const given = Object.entries(raw).filter(([, options]) => options !== undefined);
  const [first, second] = given;
  if (first === undefined || second !== undefined) {
    const read = given.map(([kind]) => kind).join(', ') || 'none';
    const message = `expected one program per item, read ${read}`;
    reading.report({ code: 'scenario:bad-value', path, message });
    return undefined;
  }
  const [kind, options] = first;
  assert(options !== undefined, 'a program without options');
  if (raw.proxy !== undefined) checkBackEnds(raw.proxy.routes, path, reading);
  const named = 'name' in options && options.name !== undefined ? options.name : kind;
  return { kind, name: named, options: { ...options } };
}

/** Back ends are written as URLs; a name is looked up when a request comes. */
function checkBackEnds(
  routes: NonNullable<RawProgram['proxy']>['routes'],
  path: readonly PathPart[],
  reading: Reading,
): void {
  for (const [index, route] of routes.entries()) {
    for (const to of route.to) {
      const url = parseHttpUrl(to);
      if (typeof url === 'object' && url.scheme === 'http') continue;
      reading.report({
        code: 'scenario:bad-value',
        path: [...path, 'proxy', 'routes', index, 'to'],
        message: `expected a back end such as 'http://10.0.0.1:80', read '${to}'`,
      });
    }
  }
}
