/**
 * Where the command line writes to: results to stdout, everything else to stderr. Tests hand in
 * their own.
 */

import pc from 'picocolors';
import { PLAIN_STYLE, type Style } from '../report/style.ts';

/** What commands write to and read their surroundings from. */
export interface Output {
  out(text: string): void;
  err(text: string): void;
  readonly style: Style;
}

/** The process's own stdout and stderr; colours when asked for or when stdout is a terminal. */
export function processOutput(color: boolean): Output {
  // `lantwin events … | head` closes the pipe when it has seen enough: that is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    style: color ? terminalStyle() : PLAIN_STYLE,
  };
}

/** NO_COLOR, FORCE_COLOR, --no-color and terminals, in the order that users expect. */
export function wantsColor(flag: boolean): boolean {
  if (!flag || (process.env['NO_COLOR'] ?? '') !== '') return false;
  return (process.env['FORCE_COLOR'] ?? '') !== '' || process.stdout.isTTY === true;
}

/** Colours that people with any eyesight can tell apart; words and glyphs carry the meaning. */
function terminalStyle(): Style {
  const colors = pc.createColors(true);
  return {
    good: colors.green,
    bad: colors.red,
    unsure: colors.yellow,
    strong: colors.bold,
    faint: colors.dim,
  };
}
