/**
 * Who may write a script that the daemon runs? keepalived walks every component of its path: each must belong
 * to root and be writable by root alone, directories with the sticky bit excepted. With
 * `enable_script_security` an unsafe script that would run as root is not run.
 *
 * Source: keepalived's `check_security` (lib/notify.c) as described in keepalived.conf(5).
 */

import {
  accessSync,
  closeSync,
  constants,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { textOfErrno } from '../base/errno.ts';
import type { ScriptFault } from '../config/parse-context.ts';

const GROUP_WRITE = 0o020;
const WORLD_WRITE = 0o002;
const STICKY = 0o1000;

/** Links that a path may lead through. Source: MAXSYMLINKS of Linux. */
const LINKS_MAX = 40;

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

/** Why keepalived would not run a script; `undefined`: it would. */
export function scriptFault(path: string): ScriptFault | undefined {
  try {
    const facts = statSync(path);
    // A device that nobody may execute is told as such; a directory may be executed, and is no file.
    if (!mayExecute(path)) {
      const user = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
      return { kind: 'not-executable', user };
    }
    return facts.isFile() ? undefined : { kind: 'wrong-type' };
  } catch (error) {
    return { kind: 'missing', reason: reasonOf(error) };
  }
}

function mayExecute(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function reasonOf(error: unknown): string {
  const { errno } = error as NodeJS.ErrnoException;
  return errno === undefined ? String(error) : textOfErrno(Math.abs(errno));
}

/** Whether the kernel can execute a file: a binary, or a script that names its interpreter; what cannot be read may be either. */
export function hasFormat(path: string): boolean {
  const head = Buffer.alloc(4);
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    readSync(file, head, 0, head.length, 0);
  } catch {
    return true;
  } finally {
    if (file !== undefined) closeSync(file);
  }
  return head.toString('latin1', 0, 2) === '#!' || head.toString('latin1') === '\x7fELF';
}

/** The first component of the path that somebody else than root could change; `undefined`: it is safe. */
export function unsafeComponent(path: string): string | undefined {
  return walk(resolve(path), 0);
}

/**
 * Component by component, links included: whoever may exchange a link on the way decides what runs, however safe the place
 * is that it points to today.
 */
function walk(path: string, links: number): string | undefined {
  let at = '/';
  if (isUnsafe(lstatSync(at))) return at;
  for (const name of path.split('/').filter((part) => part !== '')) {
    at = join(at, name);
    const facts = lstatSync(at, { throwIfNoEntry: false });
    if (facts === undefined) return at;
    if (!facts.isSymbolicLink()) {
      if (isUnsafe(facts)) return at;
      continue;
    }
    if (facts.uid !== 0 || links >= LINKS_MAX) return at;
    const target = resolve(dirname(at), readlinkSync(at));
    const unsafe = walk(target, links + 1);
    if (unsafe !== undefined) return unsafe;
    at = realpathSync(target);
  }
  return undefined;
}

function isUnsafe(facts: Stats): boolean {
  const sticky = facts.isDirectory() && (facts.mode & STICKY) !== 0;
  const groupMayWrite = (facts.mode & GROUP_WRITE) !== 0 && facts.gid !== 0;
  const worldMayWrite = (facts.mode & WORLD_WRITE) !== 0;
  return facts.uid !== 0 || ((groupMayWrite || worldMayWrite) && !sticky);
}

/** Looks a user up in /etc/passwd. 2.2.7 takes names only (measured: `script_user 0` is nobody). */
export function userNamed(name: string): UserFacts | undefined {
  const fields = lineOf('/etc/passwd', name);
  return fields === undefined ? undefined : { uid: Number(fields[2]), gid: Number(fields[3]) };
}

/** Looks a group up in /etc/group, by name as well. */
export function groupNamed(name: string): number | undefined {
  const fields = lineOf('/etc/group', name);
  return fields === undefined ? undefined : Number(fields[2]);
}

function lineOf(path: string, name: string): readonly string[] | undefined {
  if (name === '') return undefined;
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
