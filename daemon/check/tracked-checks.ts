/**
 * The checkers that make no attempts: FILE_CHECK reads its file whenever it changes, BFD_CHECK is told.
 *
 * A file's number times weight: with weight 0 any other number than 0 is a failure; else -2147483648 and
 * less is one, and everything above is added to the server's weight. Source: keepalived.conf(5).
 */

import { decodeLatin1 } from '../wire/text.ts';
import { type Checker, type CheckMachine, decide, log } from './check-machine.ts';
import { checkText } from './check-text.ts';
import type { FileChecker } from './checker-config.ts';

/** From here down a product means failure. */
const WEIGHT_FAULT = -2_147_483_648;

/** Reads the file and draws the conclusion. */
export function applyFile(machine: CheckMachine, checker: Checker, config: FileChecker): void {
  const number = readNumber(machine.host.readFile(config.path));
  const product = number * config.weight * (config.reverse ? -1 : 1);
  const down = config.weight === 0 ? number !== 0 : product <= WEIGHT_FAULT;
  if (checker.up === down && checker.hasRun) {
    log(machine, checkText.fileFault(checker.names.server, config.trackFile, down));
  }
  if (checker.up === down || !checker.hasRun) {
    const mail = `=> FILE CHECK ${down ? 'failed' : 'succeeded'} on service <=`;
    decide(machine, checker, !down, mail);
  }
  const added = down ? 0 : product;
  if (added !== checker.fileWeight) {
    machine.host.addWeight(checker.index, added - checker.fileWeight);
    checker.fileWeight = added;
  }
}

/** Reads all files, before the first server enters a pool. */
export function readTrackedFiles(machine: CheckMachine): void {
  for (const checker of machine.checkers) {
    if (checker.config.kind === 'FILE_CHECK') applyFile(machine, checker, checker.config);
  }
}

/** A leading whole number; 0 for anything else, as for a file that is not there. */
function readNumber(bytes: Uint8Array | undefined): number {
  if (bytes === undefined) return 0;
  const match = /^\s*([+-]?\d{1,15})/.exec(decodeLatin1(bytes, 0, Math.min(bytes.length, 64)));
  return match === null ? 0 : Number(match[1]);
}

/** Takes a session's state over. */
export function decideBfd(
  machine: CheckMachine,
  checker: Checker,
  session: { readonly name: string; readonly up: boolean },
): void {
  if (checker.up === session.up && checker.hasRun) return;
  log(machine, checkText.bfd(session.name, checker.names.server, session.up));
  const how = session.up ? 'succeeded' : 'failed';
  decide(machine, checker, session.up, `=> BFD CHECK ${session.name} ${how} on service <=`);
}
