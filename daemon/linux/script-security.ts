/**
 * Who may write a script that the daemon runs? keepalived walks every component of its path: each must belong
 * to root and be writable by root alone, directories with the sticky bit excepted. With
 * `enable_script_security` an unsafe script that would run as root is not run.
 *
 * Source: keepalived's `check_security` (lib/notify.c) as described in keepalived.conf(5).
 */

import { accessSync, constants, lstatSync, readFileSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';

const GROUP_WRITE = 0o020;
const WORLD_WRITE = 0o002;
const STICKY = 0o1000;

/** Where programs are looked for when the daemon's environment says nothing. */
export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** A user as /etc/passwd and /etc/group know him. */
export interface UserFacts {
  readonly uid: number;
  readonly gid: number;
}

/** The absolute path of a program: itself when it holds a slash, else found along PATH. */
export function findProgram(name: string): string | undefined {
  const candidates = name.includes('/')
    ? [name]
    : (process.env['PATH'] ?? DEFAULT_PATH).split(':').map((folder) => `${folder}/${name}`);
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return lstatSync(realpathSync(path)).isFile();
    } catch {
      return false;
    }
  });
}

/** The first component of the path that somebody else than root could change; `undefined`: it is safe. */
export function unsafeComponent(path: string): string | undefined {
  let at: string;
  try {
    at = realpathSync(path);
  } catch {
    return path;
  }
  for (;;) {
    const facts = lstatSync(at);
    const sticky = facts.isDirectory() && (facts.mode & STICKY) !== 0;
    const groupMayWrite = (facts.mode & GROUP_WRITE) !== 0 && facts.gid !== 0;
    const worldMayWrite = (facts.mode & WORLD_WRITE) !== 0;
    if (facts.uid !== 0 || ((groupMayWrite || worldMayWrite) && !sticky)) return at;
    if (at === '/') return undefined;
    at = dirname(at);
  }
}

/** Looks a user up in /etc/passwd; a number is taken as it is. */
export function userNamed(name: string): UserFacts | undefined {
  if (/^\d+$/.test(name)) return { uid: Number(name), gid: Number(name) };
  const fields = lineOf('/etc/passwd', name);
  return fields === undefined ? undefined : { uid: Number(fields[2]), gid: Number(fields[3]) };
}

/** Looks a group up in /etc/group; a number is taken as it is. */
export function groupNamed(name: string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name);
  const fields = lineOf('/etc/group', name);
  return fields === undefined ? undefined : Number(fields[2]);
}

function lineOf(path: string, name: string): readonly string[] | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  return text
    .split('\n')
    .map((line) => line.split(':'))
    .find((fields) => fields[0] === name);
}
