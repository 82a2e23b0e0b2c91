/** Every recorded case: keepalived's exit code, its messages, and the values it dumps. */

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dumpVrrp } from '../../../daemon/config/dump-vrrp.ts';
import { interfacesOf, loadCase, readCases, referenceFolder } from './recorded-cases.ts';

/** Messages of the parent name no file where the children do; both mean the same place. */
function normalized(lines: readonly string[], name: string): readonly string[] {
  const placed = lines.map((line) => line.replace(/^\(Line (\d+)\)/, `(${name}: Line $1)`));
  return [...new Set(placed)].sort((one, other) => (one < other ? -1 : one > other ? 1 : 0));
}

/** Dumps with sections that we do not render: GARP delay groups, BFD sessions. */
const notRendered = new Set(['082b-garp-global.conf', '092-bfd.conf']);

const folders = ['config-diagnostics', 'config-diagnostics-own'];

for (const folderName of folders) {
  const folder = join(referenceFolder, folderName);
  const cases = readCases(folder);

  describe(`${folderName}: keepalived -t`, () => {
    it.each(cases.map((one) => [one.name, one] as const))('%s', (name, recorded) => {
      const result = loadCase(folder, name);
      const said = result.problems.flatMap((one) => one.keepalivedText?.split('\n') ?? []);
      expect(normalized(said, name)).toEqual(normalized(recorded.lines, name));
      expect(result.keepalivedLines).toEqual(recorded.lines);
      expect(result.exitCode).toBe(recorded.exitCode);
    });
  });

  describe(`${folderName}: keepalived -d`, () => {
    const dumped = cases.filter((one) => one.dump !== undefined && !notRendered.has(one.name));
    it.each(dumped.map((one) => [one.name, one] as const))('%s', (name, recorded) => {
      const linkLocal = /Using src_ip = (fe80::\S+)/.exec(recorded.dump ?? '')?.[1] ?? 'fe80::1';
      const interfaces = interfacesOf(`${linkLocal}/64`);
      const result = loadCase(folder, name, interfaces);
      const text = dumpVrrp(result.config.vrrp, { interfaces });
      expect(text.trimEnd()).toBe((recorded.dump ?? '').trimEnd());
    });
  });
}
