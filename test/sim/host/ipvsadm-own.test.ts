/**
 * `ipvsadm` on a virtual host prints what the real one printed in two sessions of our own (`test/reference/ipvs/cli-own`): every
 * command with every option, and a session drawn at random. Left out are the kernel's own order of services (it depends on an
 * address in its memory), a card that the recorder's guest did not have, and the help text.
 */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { resolveNothing, runIpvsadm } from '../../../sim/host/ipvsadm-run.ts';
import { makeSmallLan } from '../kernel/small-lan.ts';

const FOLDER = fileURLToPath(new URL('../../reference/ipvs/cli-own/', import.meta.url));

interface Step {
  readonly line: string;
  readonly recorded: string;
}

/** `$ command`, its output, `[rc N]`. */
function stepsOf(file: string): Step[] {
  const parts = readFileSync(`${FOLDER}${file}`, 'utf8').split(/^\$ /m).slice(1);
  return parts.map((part) => {
    const end = part.indexOf('\n');
    return { line: part.slice(0, end), recorded: part.slice(end + 1).trimEnd() };
  });
}

function isLeftOut(line: string): boolean {
  const isWithoutCard = /--start-daemon (master|backup)/.test(line) && !/interface/.test(line);
  return /--nosort|head|2>&1/.test(line) || isWithoutCard;
}

describe('ipvsadm says what the real one said', () => {
  for (const [file, least] of [
    ['options.txt', 650],
    ['session.txt', 400],
  ] as const) {
    it(file, () => {
      const { ipvs } = makeSmallLan().addHost('director');
      const differences: string[] = [];
      let compared = 0;
      for (const { line, recorded } of stepsOf(file)) {
        if (isLeftOut(line)) continue;
        const words = line.split(' ').filter((word) => word !== '');
        const how = { stdin: '', resolve: resolveNothing };
        const { code, out, err } = runIpvsadm(ipvs, words.slice(1), how);
        const ours = `${out}${err}[rc ${code}]`;
        compared++;
        if (ours !== recorded) differences.push(`$ ${line}\n${ours}\nrecorded\n${recorded}`);
      }
      expect(differences).toEqual([]);
      expect(compared).toBeGreaterThan(least);
    });
  }
});
