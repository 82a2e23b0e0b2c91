/**
 * SMTP_CHECK: banner 220, HELO answered with 250, QUIT answered at all.
 *
 * Only the three digits at the beginning of what has arrived up to a line's end are looked at. Every wait
 * has connect_timeout anew. Source: keepalived.conf(5); words of recording k19.
 */

import { formatIp } from '../wire/ip-address.ts';
import { decodeLatin1, encodeUtf8 } from '../wire/text.ts';
import type { SmtpChecker } from './checker-config.ts';
import { failed, type ProbeAction, type ProbeInput, type ProbeResult, succeeded } from './probe.ts';

/** Longest answer that is kept while its line's end is missing. */
const LINE_MAX = 512;

/** Where a conversation stands. */
export interface SmtpAttempt {
  phase: 'connecting' | 'banner' | 'helo' | 'quit';
  line: string;
}

/** A new conversation. */
export function newSmtpAttempt(): SmtpAttempt {
  return { phase: 'connecting', line: '' };
}

/** One step of a conversation. */
export function stepSmtp(
  config: SmtpChecker,
  state: SmtpAttempt,
  input: ProbeInput,
  actions: ProbeAction[],
): ProbeResult | undefined {
  const server = `server [${formatIp(config.connection.address)}]:${config.connection.port}`;
  const timer = { kind: 'timer', after: config.connection.connectTimeout } as const;
  switch (input.kind) {
    case 'start':
      actions.push({ kind: 'open-stream' }, timer);
      return undefined;
    case 'stream-connected':
      state.phase = 'banner';
      actions.push(timer);
      return undefined;
    case 'stream-data':
      state.line = (state.line + decodeLatin1(input.bytes)).slice(0, LINE_MAX);
      actions.push(timer);
      return state.line.includes('\n') ? converse(config, state, server, actions) : undefined;
    case 'stream-closed':
      return failed(`Read failure from ${server}`);
    case 'stream-failed':
      if (state.phase !== 'connecting') return failed(`Read failure from ${server}`);
      if (input.failure === 'timed-out') return failed(`Connection timeout to ${server}`);
      return failed(`Could not connect to ${server}`);
    case 'timeout':
      return failed(
        state.phase === 'connecting'
          ? `Connection timeout to ${server}`
          : `Read timeout from ${server}`,
      );
    default:
      return undefined;
  }
}

/** A whole line is there: what it means where the conversation stands. */
function converse(
  config: SmtpChecker,
  state: SmtpAttempt,
  server: string,
  actions: ProbeAction[],
): ProbeResult | undefined {
  const code = /^\d{3}/.exec(state.line)?.[0];
  state.line = '';
  if (state.phase === 'banner') {
    if (code !== '220') return failed(`Bad greeting banner from ${server}`);
    state.phase = 'helo';
    actions.push({ kind: 'send', bytes: encodeUtf8(`HELO ${config.heloName}\r\n`) });
    return undefined;
  }
  if (state.phase === 'helo') {
    if (code !== '250') return failed(`Bad HELO response from ${server}`);
    state.phase = 'quit';
    actions.push({ kind: 'send', bytes: encodeUtf8('QUIT\r\n') });
    return undefined;
  }
  return succeeded();
}
