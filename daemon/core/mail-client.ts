/**
 * The daemon's alert mails on their way: what was reported as a mail is handed to the SMTP server.
 *
 * The conversation itself is in `smtp.ts`; here is which commands are mails and which events belong
 * to a conversation.
 */

import type { TimeUs } from '../base/time.ts';
import { takeId, type VrrpMachine } from '../vrrp/vrrp-machine.ts';
import type { Command } from './commands.ts';
import type { SystemEvent } from './events.ts';
import { mailDate } from './mail-date.ts';
import { type SmtpClient, smtpReceive, submitMail } from './smtp.ts';
import type { System } from './system.ts';

/** Opens a conversation for every mail among `commands`; returns the commands that do so. */
export function mailsOf(
  mailer: SmtpClient,
  commands: readonly Command[],
  context: { readonly machine: VrrpMachine; readonly system: System; readonly now: TimeUs },
): readonly Command[] {
  const { machine, system, now } = context;
  const mails = commands.flatMap((command) =>
    command.kind === 'report' && command.report.kind === 'mail' ? [command.report] : [],
  );
  if (mails.length === 0) return [];
  const date = mailDate(system.wallClockUs(now));
  return mails.flatMap(({ to, subject, body }) => {
    const mail = { to, subject, body, date };
    return submitMail(mailer, mail, { id: takeId(machine), now });
  });
}

/** What the conversations answer to an event; nothing to one that is not theirs. */
export function mailEvent(mailer: SmtpClient, event: SystemEvent, now: TimeUs): readonly Command[] {
  switch (event.kind) {
    case 'stream-connected':
    case 'stream-data':
    case 'stream-closed':
    case 'stream-failed':
    case 'resolved':
    case 'command-failed':
      return smtpReceive(mailer, event, now) ?? [];
    default:
      return [];
  }
}
