/**
 * Recorded shells with ipvsadm (`forwarding/cli`, `cli-own`): `# note`, `$ command`, what it printed, `[rc N]`. Each is typed on a
 * host of the twin. What traffic left behind cannot be read out of such a text: behind the first note that tells of connections
 * only commands that list nothing are judged. Left out are the kernel's own order of services (it depends on an address in
 * its memory), a card that the recorder's guest did not have, help texts and pipes.
 */

import { readFileSync } from 'node:fs';
import { resolveNothing, runIpvsadm } from '../../sim/host/ipvsadm-run.ts';
import { procFile } from '../../sim/host/proc-files.ts';
import type { IpvsApi } from '../../sim/kernel/ipvs/ipvs-api.ts';
import { makeSmallLan } from '../sim/kernel/small-lan.ts';

/** A command and what it said. */
export interface SessionStep {
  readonly note: string;
  readonly command: string;
  /** With the line of its exit code. */
  readonly recorded: string;
}

/** Whether a file is such a session. */
export function isIpvsadmSession(path: string): boolean {
  if (!path.endsWith('.txt')) return false;
  const text = readFileSync(path, 'utf8');
  return /^\$ ipvsadm /m.test(text) && /^\[rc \d+\]$/m.test(text);
}

/** Its commands. */
export function readSession(path: string): SessionStep[] {
  const steps: SessionStep[] = [];
  let note = '';
  let step: { command: string; recorded: string } | undefined;
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line.startsWith('$ ')) step = { command: line.slice(2), recorded: '' };
    else if (step === undefined) {
      if (line.startsWith('# ')) note = line.slice(2);
    } else {
      step.recorded += `${line}\n`;
      if (/^\[rc \d+\]$/.test(line)) {
        steps.push({ note, ...step });
        note = '';
        step = undefined;
      }
    }
  }
  return steps;
}

/** Commands that are judged. */
export function judgedSteps(steps: readonly SessionStep[]): SessionStep[] {
  const found = steps.findIndex(({ note }) => /\bconnections?\b/.test(note));
  const traffic = found < 0 ? steps.length : found;
  return steps.filter(({ command }, index) => {
    const isWithoutCard =
      /--start-daemon (master|backup)/.test(command) && !/interface/.test(command);
    if (/--nosort|\| *\w|2>&1/.test(command) || isWithoutCard) return false;
    return index < traffic || /daemon/.test(command);
  });
}

/** What differs, a text a command. */
export function sessionDifferences(path: string): string[] {
  const { ipvs } = makeSmallLan().addHost('director');
  const files = new Map<string, string>();
  return judgedSteps(readSession(path)).flatMap(({ command, recorded }) => {
    const ours = run(ipvs, files, command);
    return ours === recorded.trimEnd() ? [] : [`$ ${command}\n${ours}\nrecorded\n${recorded}`];
  });
}

/** One call or several, with the save file of the session. */
function run(ipvs: IpvsApi, files: Map<string, string>, line: string): string {
  const shown = /^cat (\/proc\/\S+)$/.exec(line)?.[1];
  if (shown !== undefined) return `${procFile(shown, ipvs) ?? ''}[rc 0]`;
  let text = '';
  let code = 0;
  for (const part of line.split(';')) {
    const [call = '', into] = part.trim().split(' > ');
    const [words = '', from] = call.split(' < ');
    const stdin = files.get(from ?? '') ?? '';
    const args = words.split(' ').filter((word) => word !== '');
    const result = runIpvsadm(ipvs, args.slice(1), { stdin, resolve: resolveNothing });
    code = result.code;
    if (into === undefined) text += result.out + result.err;
    else files.set(into, result.out);
  }
  return `${text}[rc ${code}]`;
}
