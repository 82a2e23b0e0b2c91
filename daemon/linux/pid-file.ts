/** Pid files as keepalived keeps them: refused while their process lives, replaced when it does not. */

import { mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** The process that a pid file names, when it is still there; `undefined` otherwise. */
export function runningPid(path: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
  const pid = Number(text);
  if (!Number.isInteger(pid) || pid <= 1 || pid === process.pid) return undefined;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return isErrno(error, 'EPERM') ? pid : undefined;
  }
  return isOfOurKind(pid) ? pid : undefined;
}

/** keepalived's own folder, made when the file says `instance` or `net_namespace`; others must be there. */
const OWN_FOLDER = '/run/keepalived';

/** Writes our own pid; returns keepalived's words for the failure, if any. */
export function writePidFile(path: string): string | undefined {
  try {
    if (dirname(path) === OWN_FOLDER) mkdirSync(OWN_FOLDER, { recursive: true });
    writeFileSync(path, `${process.pid}\n`, { mode: 0o644 });
    return undefined;
  } catch {
    return `pidfile_write : Cannot open ${path} pidfile`;
  }
}

/** Removes a pid file whose process is gone; where that is not allowed, writing our own will say so. */
export function removeStalePidFile(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Told by writePidFile.
  }
}

/** Removes a pid file that names us. */
export function removePidFile(path: string): void {
  try {
    if (Number(readFileSync(path, 'utf8')) === process.pid) unlinkSync(path);
  } catch {
    // It is gone already.
  }
}

/** Pids are used again: a file left by a crash may name anybody by now. */
function isOfOurKind(pid: number): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return /keepalived|lantwin|node|daemon/.test(words);
  } catch {
    return true;
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
