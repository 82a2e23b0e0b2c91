/**
 * `auth_hmac { … }` of an instance, known from 2.4.0 on: keys, which of them signs, how replay is told, and what becomes of
 * adverts without a trailer. Source: keepalived.conf(5) of 2.4; the words of messages are ours.
 */

import { decodeUtf8, encodeUtf8 } from '../../wire/text.ts';
import type { KeywordRow } from '../keyword-row.ts';
import type { ParseContext } from '../parse-context.ts';
import type { AuthHmacDraft, InstanceDraft } from '../vrrp-draft.ts';
import { instanceRow } from './instance-row.ts';

const KEY_BYTES = { least: 32, most: 64 } as const;
const MODES = ['enforce', 'permissive', 'receive-only'] as const;

/** The block with its keywords. */
export const authHmacRow: KeywordRow = instanceRow(
  'auth_hmac { … }',
  'P3',
  (_context, instance) => {
    draftOf(instance);
  },
  {
    since: '2.4.0',
    block: [
      instanceRow('key ID hex:HEX|file:PATH|TEXT', 'P3', takeKey),
      instanceRow('active_key ID', 'P3', (context, instance, words) => {
        const id = keyId(context, instance, words);
        if (id !== undefined) draftOf(instance).activeKey = id;
      }),
      instanceRow('anti_replay time|monotonic', 'P3', (context, instance, words) => {
        const word = context.word(words, 1);
        if (word === 'time' || word === 'monotonic') draftOf(instance).antiReplay = word;
        else complain(context, instance, `anti_replay '${word}' is not time or monotonic`, word);
      }),
      instanceRow('time_window 1..300', 'P3', (context, instance, words) => {
        const text = `(${instance.name}) auth_hmac time_window '${words[1]}' must be 1 to 300 seconds - ignoring`;
        const result = context.unsigned(words, { least: 1, most: 300, text });
        if (result.usable) draftOf(instance).timeWindow = result.value;
      }),
      instanceRow('mode enforce|permissive|receive-only', 'P3', (context, instance, words) => {
        const word = context.word(words, 1);
        const mode = MODES.find((one) => one === word);
        if (mode !== undefined) draftOf(instance).mode = mode;
        else complain(context, instance, `mode '${word}' is unknown`, word);
      }),
    ],
  },
);

/** After reading: what does not go together. Says whether anything of it is left. */
export function finishAuthHmac(context: ParseContext, instance: InstanceDraft): void {
  const { authHmac } = instance;
  if (authHmac === undefined) return;
  const { keys, activeKey } = authHmac;
  if (activeKey === undefined || !keys.has(activeKey)) {
    complain(
      context,
      instance,
      `active_key ${activeKey ?? '(none)'} has no key - ignoring auth_hmac`,
    );
    delete instance.authHmac;
    return;
  }
  if (instance.authType !== undefined) {
    complain(context, instance, 'replaces authentication - ignoring authentication');
    delete instance.authType;
  }
  if (instance.strict === true && authHmac.mode !== 'enforce') {
    complain(context, instance, 'mode must be enforce in strict mode - enforcing');
    authHmac.mode = 'enforce';
  }
}

function draftOf(instance: InstanceDraft): AuthHmacDraft {
  instance.authHmac ??= { keys: new Map(), antiReplay: 'time', mode: 'enforce' };
  return instance.authHmac;
}

function keyId(
  context: ParseContext,
  instance: InstanceDraft,
  words: readonly string[],
): number | undefined {
  const text = `(${instance.name}) auth_hmac key id '${words[1]}' must be 1 to 255 - ignoring`;
  const result = context.unsigned(words, { least: 1, most: 255, text });
  return result.usable ? result.value : undefined;
}

function takeKey(context: ParseContext, instance: InstanceDraft, words: readonly string[]): void {
  const id = keyId(context, instance, words);
  const word = context.word(words, 2);
  if (id === undefined) return;
  const key = keyBytes(context, word);
  const draft = draftOf(instance);
  if (draft.keys.has(id)) complain(context, instance, `key ${id} is already defined - ignoring`);
  else if (key === undefined) complain(context, instance, `key ${id} cannot be read - ignoring`);
  else if (key.length < KEY_BYTES.least || key.length > KEY_BYTES.most) {
    const said = `key ${id} has ${key.length} bytes, it must have 32 to 64 - ignoring`;
    complain(context, instance, said);
  } else draft.keys.set(id, key);
}

function keyBytes(context: ParseContext, word: string): Uint8Array | undefined {
  if (!word.startsWith('file:')) return plainKey(word);
  const bytes = context.machine.readFile?.(word.slice('file:'.length));
  return bytes === undefined ? undefined : plainKey(decodeUtf8(bytes).trimEnd());
}

function plainKey(text: string): Uint8Array | undefined {
  if (!text.startsWith('hex:')) return encodeUtf8(text);
  const digits = text.slice('hex:'.length);
  if (!/^([0-9a-f]{2})+$/i.test(digits)) return undefined;
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function complain(
  context: ParseContext,
  instance: InstanceDraft,
  text: string,
  word?: string,
): void {
  const at = instance.places.get('auth_hmac');
  const place = word === undefined ? (at === undefined ? {} : { at }) : { word };
  context.complain('auth-hmac', `(${instance.name}) auth_hmac ${text}`, place);
}
