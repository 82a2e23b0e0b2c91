import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { resolveNothing, runIpvsadm } from '../../../sim/host/ipvsadm-run.ts';
import { procFile } from '../../../sim/host/proc-files.ts';
import type { IpvsApi } from '../../../sim/kernel/ipvs/ipvs-api.ts';
import { makeSmallLan } from '../kernel/small-lan.ts';

const RECORDING = fileURLToPath(
  new URL('../../reference/ipvs/forwarding/cli/ipvsadm-cli.txt', import.meta.url),
);

interface Step {
  readonly note: string;
  readonly command: string;
  readonly output: string;
  readonly code: number;
}

/** `# note`, `$ command`, its output, `[rc N]`. */
function readSteps(): Step[] {
  const steps: Step[] = [];
  let note = '';
  let command = '';
  let output = '';
  for (const line of readFileSync(RECORDING, 'utf8').split('\n')) {
    const end = /^\[rc (\d+)\]$/.exec(line);
    if (line.startsWith('# ')) note = line.slice(2);
    else if (line.startsWith('$ ')) {
      command = line.slice(2);
      output = '';
    } else if (end !== null) {
      steps.push({ note, command, output, code: Number(end[1]) });
      note = '';
    } else output += `${line}\n`;
  }
  return steps;
}

/** One or more ipvsadm calls, with the save file of the recording. */
function run(ipvs: IpvsApi, files: Map<string, string>, line: string) {
  const result = { code: 0, text: '' };
  for (const part of line.split(';')) {
    const [call = '', into] = part.trim().split(' > ');
    const [words = '', from] = call.split(' < ');
    const stdin = files.get(from ?? '') ?? '';
    const args = words.split(' ').slice(1);
    const { code, out, err } = runIpvsadm(ipvs, args, { stdin, resolve: resolveNothing });
    result.code = code;
    if (into === undefined) result.text += out + err;
    else files.set(into, out);
  }
  return result;
}

describe('ipvsadm prints what the real one printed', () => {
  const steps = readSteps();
  const traffic = steps.findIndex((step) => step.note.startsWith('6 connections'));
  const ipvs = makeSmallLan().addHost('director').ipvs;
  const files = new Map<string, string>();

  for (const [index, step] of steps.slice(0, traffic).entries()) {
    it(`${index}: ${step.command}`, () => {
      if (step.command === 'cat /proc/net/ip_vs') {
        expect(procFile('/proc/net/ip_vs', ipvs)).toBe(step.output);
        return;
      }
      const { code, text } = run(ipvs, files, step.command);
      expect(text).toBe(step.output);
      expect(code).toBe(step.code);
    });
  }

  for (const step of steps.slice(traffic).filter((each) => /daemon/.test(each.command))) {
    it(step.command, () => {
      const { code, text } = run(ipvs, files, step.command);
      expect(text).toBe(step.output);
      expect(code).toBe(step.code);
    });
  }
});
