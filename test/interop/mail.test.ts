/** Mails over a real SMTP connection: word for word those of the real keepalived. */

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Running, until } from './lab.ts';
import { inLab } from './probe.ts';
import { REPOSITORY, whyNot } from './requirements.ts';
import { instanceConfiguration } from './vrrp-pair.ts';

const MISSING = whyNot('root', 'namespaces', 'koffi', 'daemon', 'keepalived');
const SINK = join(REPOSITORY, 'test', 'interop', 'probes', 'mail-sink.mjs');
const START_MS = 20_000;

function configuration(): string {
  const mail = `global_defs {
    router_id lantwin-a
    notification_email {
        admin@example.test
        second@example.test
    }
    notification_email_from keepalived@example.test
    smtp_server 10.77.0.25
    smtp_helo_name a.example.test
    smtp_connect_timeout 5
    smtp_alert`;
  return instanceConfiguration({ priority: 100 }).replace('global_defs {', mail);
}

/** What was said to the server until the first mail was over, with the moment taken out. */
async function dialogue(sink: Running, daemon: Running): Promise<readonly string[]> {
  const said = (): readonly string[] =>
    sink
      .output()
      .split('\n')
      .filter((line) => line.startsWith('"') && line !== '"listens"')
      .map((line) => String(JSON.parse(line)));
  await until('a mail came', () => said().includes('QUIT'), {
    withinMs: START_MS,
    explain: () => `${daemon.output()}\n${sink.output()}`,
  });
  daemon.signal('SIGTERM');
  await daemon.ended;
  const first = said().slice(0, said().indexOf('QUIT') + 1);
  return first.map((line) => line.replace(/^Date: .*/, 'Date: then'));
}

describe.concurrent('mail', () => {
  test('a master tells by mail, as keepalived does', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    const dialogues: (readonly string[])[] = [];
    for (const which of ['theirs', 'ours'] as const) {
      await inLab(async (lab) => {
        lab.addHost('mail', '10.77.0.25/24');
        lab.addHost('a', '10.77.0.1/24');
        const sink = lab.start('mail', [process.execPath, SINK]);
        await until('it listens', () => sink.output().includes('listens'), { withinMs: START_MS });
        const daemon =
          which === 'ours'
            ? lab.startLantwin('a', configuration())
            : lab.startKeepalived('a', configuration());
        dialogues.push(await dialogue(sink, daemon));
      });
    }
    const [theirs, ours] = dialogues;
    expect(ours).toEqual(theirs);
    expect(ours?.join('\n')).toContain('RCPT TO:<second@example.test>');
  });
});
