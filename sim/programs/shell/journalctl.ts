/** journalctl: lines of the journal, by unit, by identifier, the last ones. */

import { unitName } from '../../host/unit-file.ts';
import { formatJournalLine } from '../../host/unit-status.ts';
import { fail, readOptions, type ShellCommand, succeed } from './shell-command.ts';

/** The command. */
export const journalctl: ShellCommand = (io) => {
  const parsed = readOptions(io.words, {
    flags: 'eaxqlrb',
    valued: 'unto',
    long: [
      'no-pager',
      'unit',
      'lines',
      'identifier',
      'output',
      'no-hostname',
      'reverse',
      'boot',
      'all',
      'quiet',
    ],
  });
  if (parsed.wrong !== undefined) {
    const text = parsed.wrong.startsWith('--')
      ? `journalctl: unrecognized option '${parsed.wrong}'`
      : `journalctl: invalid option -- '${parsed.wrong.slice(1)}'`;
    return fail(io, text, 1);
  }
  const unit = parsed.values.get('u') ?? parsed.values.get('unit');
  const identifier = parsed.values.get('t') ?? parsed.values.get('identifier');
  const countText = parsed.values.get('n') ?? parsed.values.get('lines');
  if (countText !== undefined && !/^\d+$/.test(countText)) {
    return fail(io, `Failed to parse lines '${countText}'`, 1);
  }
  const form = parsed.values.get('o') ?? parsed.values.get('output');
  const chosen = io.machine.journal.lines
    .filter((line) => unit === undefined || line.unit === unitName(unit))
    .filter((line) => identifier === undefined || line.identifier === identifier);
  const count = countText === undefined ? chosen.length : Number(countText);
  const last = count === 0 ? [] : chosen.slice(-count);
  if (last.length === 0) return succeed(io, '-- No entries --\n');
  const ordered = parsed.flags.has('r') || parsed.flags.has('reverse') ? [...last].reverse() : last;
  const lines = ordered.map((line) =>
    form === 'cat' ? line.text : formatJournalLine(io.machine, line),
  );
  succeed(io, `${lines.join('\n')}\n`);
};
