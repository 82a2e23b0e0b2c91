/** This machine, as `doctor.ts` asks about it. */

import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Machine } from './doctor.ts';
import { LINUX, loadLibc } from './native/libc.ts';
import { userNamed } from './script-security.ts';

const VRRP_PROTOCOL = 112;

/** How long a program may take to tell its version. */
const RUN_LIMIT_MS = 3000;

/** The machine that this process runs on. */
export function thisMachine(): Machine {
  return {
    nodeVersion: process.versions.node,
    packageFailure(name) {
      try {
        createRequire(import.meta.url)(name);
        return undefined;
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        return text.split('\n')[0];
      }
    },
    run(program, words) {
      const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
      const env = { PATH: path, LC_ALL: 'C' };
      const options = { encoding: 'utf8' as const, timeout: RUN_LIMIT_MS, env };
      const ran = spawnSync(program, [...words], options);
      if (ran.error !== undefined) return undefined;
      return { code: ran.status ?? -1, text: `${ran.stdout}${ran.stderr}` };
    },
    readFile(path) {
      try {
        return readFileSync(path, 'utf8');
      } catch {
        return undefined;
      }
    },
    access(path) {
      if (!existsSync(path)) return 'missing';
      try {
        accessSync(path, constants.R_OK | constants.W_OK);
        return 'open';
      } catch {
        return 'closed';
      }
    },
    rawSocketFailure() {
      try {
        const libc = loadLibc();
        libc.close(libc.socket(LINUX.AF_INET, LINUX.SOCK_RAW, VRRP_PROTOCOL));
        return undefined;
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    },
    userExists: (name) => userNamed(name) !== undefined,
  };
}
