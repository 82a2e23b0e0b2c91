/** Conditions of a unit. Source: systemd.unit(5), `ConditionFileNotEmpty=` and `ConditionPathExists=`. */

import type { Machine } from './machine.ts';
import type { UnitFile } from './unit-file.ts';

/** The first condition that does not hold, as systemd writes it; `undefined` when the unit may start. */
export function unmetCondition(machine: Machine, file: UnitFile): string | undefined {
  for (const path of file.filesNotEmpty) {
    const negated = path.startsWith('!');
    const bytes = machine.readFile(negated ? path.slice(1) : path);
    const filled = bytes !== undefined && bytes.length > 0;
    if (filled === negated) return `ConditionFileNotEmpty=${path}`;
  }
  for (const path of file.pathsExist) {
    const negated = path.startsWith('!');
    const bare = negated ? path.slice(1) : path;
    const exists = machine.readFile(bare) !== undefined || machine.disk.isDirectory(bare);
    if (exists === negated) return `ConditionPathExists=${path}`;
  }
  return undefined;
}
