/**
 * `node tools/run-built.mjs test/reference/log-differences.ts DIR [ID…]`: the first line in which each node's log differs
 * from the twin's. For people who look for differences, not a test: parent and child of a real keepalived write the log by turns,
 * so `Reload complete` moves about, and lines about the machine (process ids, descriptors) differ always.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listRecordings, readRecording } from './recording.ts';
import { replay } from './replay.ts';

const CONTEXT = 3;
const OF_THE_MACHINE =
  /^(Starting|Running on|Command line|Configuration file|NOTICE|Registering|Opening file|VRRP sockpool|Startup complete|Remove a zombie|SECURITY|WARNING|Assigned|Stop|CPU usage|Reload|use_vmac|A thread timer|\s*$)/;
const MANY = /Sending gratuitous ARP on|Sending unsolicited|Netlink reflector reports|\.service/;

interface Line {
  readonly at: number;
  readonly node: string;
  readonly text: string;
}

const [folder = '.', ...only] = process.argv.slice(2);
for (const name of listRecordings(folder)) {
  if (only.length > 0 && !only.includes(name)) continue;
  const recording = readRecording(join(folder, name));
  const real = recordedLines(join(folder, name, 'keepalived.log')).filter(isCompared);
  const ours = (replay(recording, 1).log ?? [])
    .map(([at, node, text]) => ({ at, node, text }))
    .filter(isCompared);
  for (const node of recording.nodes) {
    const isOf = (line: Line): boolean => line.node === node;
    showFirst(`${name} ${node}`, real.filter(isOf), ours.filter(isOf));
  }
}

function recordedLines(path: string): Line[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const found = /^\s*([\d.-]+) (\S+) (.*)$/.exec(line);
      return found === null
        ? []
        : [{ at: Number(found[1]), node: found[2] ?? '', text: found[3] ?? '' }];
    });
}

function isCompared({ text }: Line): boolean {
  return !OF_THE_MACHINE.test(text) && !MANY.test(text);
}

function showFirst(title: string, real: readonly Line[], ours: readonly Line[]): void {
  const length = Math.max(real.length, ours.length);
  const at = Array.from({ length }).findIndex(
    (_, index) => real[index]?.text !== ours[index]?.text,
  );
  if (at < 0) return;
  console.log(`${title}, line ${at + 1}:`);
  for (const [whose, lines] of [['real', real] as const, ['ours', ours] as const]) {
    for (const line of lines.slice(Math.max(0, at - 1), at + CONTEXT)) {
      console.log(`  ${whose} ${line.at.toFixed(3)} ${line.text}`);
    }
  }
}
