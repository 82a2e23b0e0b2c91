/**
 * Writes a dump. Dumps lie in /tmp, where anybody may have laid a link by their name, and they hold passwords: a new file
 * that only its owner can read takes the name in one step, and no link is followed.
 */

import { renameSync, rmSync, writeFileSync } from 'node:fs';

/** Replaces or makes a file of mode 0600; the text of the failure, if any. */
export function replaceFile(path: string, content: Uint8Array): string | undefined {
  const fresh = `${path}.${process.pid}`;
  try {
    rmSync(fresh, { force: true });
    writeFileSync(fresh, content, { flag: 'wx', mode: 0o600 });
    renameSync(fresh, path);
    return undefined;
  } catch (error) {
    rmSync(fresh, { force: true });
    return error instanceof Error ? error.message : String(error);
  }
}
