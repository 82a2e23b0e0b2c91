/** The mail client against a played server; the dialogue is the one recorded from 2.2.7. */

import { describe, expect, it } from 'vitest';
import type { Command } from '../../../daemon/core/commands.ts';
import { mailDate } from '../../../daemon/core/mail-date.ts';
import { ip } from '../vrrp/config-fixture.ts';
import { type FakeHost, FakeLan, s } from './fake-system.ts';
import { conf, start } from './keywords/keyword-lab.ts';

const GLOBAL = `router_id LVS_A
  notification_email {\n one@example.org\n two@example.org\n }
  notification_email_from ka@example.org
  smtp_server 192.168.100.50
  smtp_helo_name a.example.org
  smtp_connect_timeout 5
  smtp_alert`;

type Open = Extract<Command, { kind: 'stream-open' }>;

/** A daemon whose first mail waits for its connection. */
function mailing(global = GLOBAL): { lan: FakeLan; n1: FakeHost; open: Open | undefined } {
  const lan = new FakeLan();
  const n1 = start(lan, conf({ global }));
  lan.run(s(0.1));
  return { lan, n1, open: n1.commands.find((c): c is Open => c.kind === 'stream-open') };
}

/** Says the answers one after another; returns what the client said. */
function converse(n1: FakeHost, id: number, answers: readonly string[]): string[] {
  const said: string[] = [];
  n1.event({ kind: 'stream-connected', id });
  for (const answer of answers) {
    n1.commands.length = 0;
    n1.event({ kind: 'stream-data', id, bytes: new TextEncoder().encode(answer) });
    for (const command of n1.commands) {
      if (command.kind === 'stream-send') said.push(new TextDecoder().decode(command.bytes));
      if (command.kind === 'stream-close') said.push('CLOSE');
    }
  }
  return said;
}

const OK = '250 Ok\r\n';
const WELL = ['220 hi\r\n', OK, OK, OK, OK, '354 go\r\n', OK, '221 bye\r\n'];

describe('delivery of mails', () => {
  // proves: keyword:global_defs/notification_email_from keyword:global_defs/smtp_helo_name
  // proves: keyword:global_defs/notification_email keyword:global_defs/smtp_server
  it('the whole dialogue of one mail, word for word', () => {
    const { n1, open } = mailing();
    expect(open).toMatchObject({ address: ip('192.168.100.50'), port: 25 });
    const said = converse(n1, open?.id ?? -1, WELL);
    expect(said).toEqual([
      'HELO a.example.org\r\n',
      'MAIL FROM:<ka@example.org>\r\n',
      'RCPT TO:<one@example.org>\r\n',
      'RCPT TO:<two@example.org>\r\n',
      'DATA\r\n',
      [
        'Date: Thu, 01 Jan 1970 00:00:00 +0000',
        'From: ka@example.org',
        'Subject: [LVS_A] VRRP Instance VI_1 - Entering BACKUP state',
        'X-Mailer: Keepalived',
        'To: one@example.org, two@example.org',
        '',
        '=> VRRP Instance is no longer owning VRRP VIPs <=',
        '',
        '.',
        '',
      ].join('\r\n'),
      'QUIT\r\n',
      'CLOSE',
    ]);
    expect(n1.log).toContain('Remote SMTP server [192.168.100.50]:25 connected.');
    expect(n1.log).toContain('SMTP alert successfully sent.');
  });

  it('smtp_server with a port, and by name', () => {
    const other = mailing(GLOBAL.replace('192.168.100.50', '192.168.100.50 2525'));
    expect(other.open?.port).toBe(2525);
    const named = mailing(GLOBAL.replace('192.168.100.50', 'mail.example.org'));
    const asked = named.n1.commands.find((c) => c.kind === 'resolve');
    if (asked?.kind !== 'resolve') return expect.unreachable();
    expect(asked.name).toBe('mail.example.org');
    named.n1.event({ kind: 'resolved', id: asked.id, addresses: [ip('10.0.0.25')] });
    expect(named.n1.commands.at(-1)).toMatchObject({ kind: 'stream-open', port: 25 });
  });

  // proves: keyword:global_defs/smtp_connect_timeout
  it('smtp_connect_timeout 5: patience for the connection and for each answer', () => {
    const { lan, n1 } = mailing();
    const line = 'Timeout opening connection to remote SMTP server [192.168.100.50]:25.';
    // The mail of the next state would wait as well: look before it.
    lan.run(s(3));
    expect(n1.log).not.toContain(line);
    lan.run(s(5.1));
    expect(n1.timed.find((l) => l.text === line)?.at).toBe(5_000_000);
  });

  const REFUSED: readonly (readonly [readonly string[], string])[] = [
    [['554 no\r\n'], '(E)SMTP cmd on SMTP server [192.168.100.50]:25. SMTP status code = 554'],
    [
      ['220 hi\r\n', '550 no\r\n'],
      'HELO cmd on SMTP server [192.168.100.50]:25. SMTP status code = 550',
    ],
    [
      ['220 hi\r\n', '250-a\r\n250 b\r\n', '550 no\r\n'],
      'MAIL cmd on SMTP server [192.168.100.50]:25. SMTP status code = 550',
    ],
    [
      [...WELL.slice(0, 3), '550 no\r\n'],
      'RCPT cmd on SMTP server [192.168.100.50]:25. SMTP status code = 550',
    ],
    [
      [...WELL.slice(0, 5), '554 no\r\n'],
      'DATA cmd on SMTP server [192.168.100.50]:25. SMTP status code = 554',
    ],
  ];
  for (const [answers, text] of REFUSED) {
    it(`refused: ${text.split(' ')[0]}`, () => {
      const { n1, open } = mailing();
      const said = converse(n1, open?.id ?? -1, answers);
      expect(said.at(-1)).toBe('QUIT\r\n');
      expect(n1.log).toContain(`Error processing ${text}`);
    });
  }

  it('answers that come in pieces are one answer; a refused connection is one line', () => {
    const { n1, open } = mailing();
    expect(converse(n1, open?.id ?? -1, ['22', '0 hi\r', '\n'])).toEqual([
      'HELO a.example.org\r\n',
    ]);
    const other = mailing();
    other.n1.event({ kind: 'stream-failed', id: other.open?.id ?? -1, failure: 'refused' });
    expect(other.n1.log).toContain('smtp fd 15 returned write error');
  });

  it('without smtp_server no connection is opened', () => {
    expect(mailing(GLOBAL.replace('smtp_server 192.168.100.50', '')).open).toBeUndefined();
  });
});

describe('mailDate', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['2026-11-20T14:05:17Z', 'Fri, 20 Nov 2026 14:05:17 +0000'],
    ['2024-02-29T23:59:59Z', 'Thu, 29 Feb 2024 23:59:59 +0000'],
    ['2000-01-01T00:00:00Z', 'Sat, 01 Jan 2000 00:00:00 +0000'],
  ];
  for (const [moment, text] of rows) {
    it(text, () => expect(mailDate(Date.parse(moment) * 1000)).toBe(text));
  }
});
