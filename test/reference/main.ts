/**
 * `npm run reference [-- DIR]`: replays every recording below DIR (default: the stored ones) in the twin and prints
 * one line each: of the real keepalived (folders with events.json; timelines of its checkers beside their keepalived.conf),
 * of the real kernel's IPVS (scheduler files and tcp-states.json; forwarding, ARP and ipvsadm, see file-kinds.ts). What it
 * cannot read it names, and judges not. Exit 1 when one is out of tolerance, 3 when DIR holds no recording.
 */

import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { checkCheckerRecordings } from './checker-reference.ts';
import { compare } from './compare.ts';
import { checkFileRecordings } from './file-kinds.ts';
import { checkIpvsRecordings } from './ipvs-reference.ts';
import { PENDING } from './pending.ts';
import { listRecordings, readRecording } from './recording.ts';
import { replay } from './replay.ts';
import { unreadFiles } from './unread-files.ts';

const STORED_IPVS = join('test', 'reference', 'ipvs');

const STORED = ['traces', 'traces-own'].map((name) => join('test', 'reference', name));

process.exitCode = main(process.argv[2]);

function main(given: string | undefined): number {
  const stored = given === undefined;
  const folder = given ?? join('test', 'reference');
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    console.error(`${folder} is no folder`);
    return 3;
  }
  const names = (given === undefined ? STORED : [given]).flatMap((one) =>
    listRecordings(one).map((name) => join(one, name)),
  );
  const ipvs = checkIpvsRecordings(stored ? STORED_IPVS : folder);
  const files = checkFileRecordings(stored ? STORED_IPVS : folder);
  const checkers = checkCheckerRecordings(stored ? STORED_IPVS : folder);
  const others = [ipvs, files, checkers];
  const sum = (which: 'agree' | 'differ') => others.reduce((all, each) => all + each[which], 0);
  const read = others.flatMap((each) => each.read);
  const unread = stored ? [] : unreadFiles(folder, read);
  for (const { path, reason } of unread) console.log(`${path.padEnd(44)} NOT READ ${reason}`);
  if (names.length + sum('agree') + sum('differ') === 0) {
    console.error(
      `no recording (events.json, scheduler *.json, tcp-states.json, arp-matrix.json, NAME.txt with NAME.keepalived.conf or NAME.POINT.pcap, texts of ipvsadm) below ${folder}`,
    );
    return 3;
  }
  const verdicts = names.map((name) => checkOrTell(name, stored));
  const failed = verdicts.filter((verdict) => verdict === 'differs').length + sum('differ');
  const pending = verdicts.filter((verdict) => verdict === 'pending').length;
  const agreed = verdicts.filter((verdict) => verdict === 'agrees').length + sum('agree');
  const rest = unread.length === 0 ? '' : `, ${unread.length} not read`;
  console.log(`${agreed} agree, ${failed} differ, ${pending} pending${rest}`);
  return failed > 0 ? 1 : 0;
}

/** A recording that cannot be replayed is one that differs; the others are judged all the same. */
function checkOrTell(folder: string, stored: boolean): 'agrees' | 'differs' | 'pending' {
  try {
    return check(folder, stored);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.log(`${basename(folder).padEnd(5)} BROKEN   ${reason}`);
    return 'differs';
  }
}

/** Pending holds for the stored recordings only: a folder given by hand is judged as it is. */
function check(folder: string, stored: boolean): 'agrees' | 'differs' | 'pending' {
  const recording = readRecording(folder);
  const comparison = compare(recording, replay(recording, 1));
  const reason = stored ? PENDING.get(recording.id) : undefined;
  if (comparison.differences.length === 0) {
    console.log(
      `${recording.id.padEnd(5)} agrees   largest deviation ${comparison.largestDeviation}`,
    );
    return 'agrees';
  }
  const word = reason === undefined ? 'DIFFERS' : 'pending';
  console.log(
    `${recording.id.padEnd(5)} ${word}  ${recording.title}${reason ? `: ${reason}` : ''}`,
  );
  for (const difference of comparison.differences) console.log(`      ${difference}`);
  return reason === undefined ? 'differs' : 'pending';
}
