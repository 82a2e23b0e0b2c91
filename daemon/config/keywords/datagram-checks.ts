/** Checkers that ask by a datagram inside real_server: DNS_CHECK and UDP_CHECK. */

import type { KeywordRow } from '../keyword-row.ts';
import type { CheckerDraft } from '../lvs-draft.ts';
import type { ParseContext } from '../parse-context.ts';
import { checkerPart } from './checker-row.ts';

/** Keywords of DNS_CHECK. */
export function dnsRows(): readonly KeywordRow[] {
  return [
    checkerPart('type A|NS|CNAME|SOA|MX|TXT|AAAA', 'P2', (context, checker, words) => {
      const word = context.word(words, 1);
      const types = ['A', 'NS', 'CNAME', 'SOA', 'MX', 'TXT', 'AAAA'] as const;
      const type = types.find((one) => one === word.toUpperCase());
      if (type !== undefined) checker.dnsType = type;
      else {
        const text = `Unknown DNS check type ${word} - ignoring`;
        context.complain('bad-value', text, { word });
      }
    }),
    checkerPart('name NAME', 'P2', (context, checker, words) => {
      const word = context.word(words, 1);
      if (checker.dnsName !== undefined) {
        context.complain('duplicate', 'DNS_CHECK name already specified - ignoring', { word });
      } else if (word !== '.' && dnsLabelEmpty(word)) {
        const text = `DNS_CHECK name '${word}' has empty label - ignoring`;
        context.complain('bad-value', text, { word });
      } else checker.dnsName = word;
    }),
  ];
}

/** 2.2.7 takes a first label of one character for an empty one (`x.y`); `www.example` it takes. */
function dnsLabelEmpty(name: string): boolean {
  return /^\.|^.\.|\.\./.test(name);
}

/** Keywords of UDP_CHECK. */
export function udpRows(): readonly KeywordRow[] {
  return [
    checkerPart('payload HEX', 'P2', (context, checker, words) => {
      const word = hexWords(words);
      const payload = word === undefined || /x/i.test(word) ? undefined : parseMaskedHex(word);
      if (word === undefined) {
        context.complain('missing-value', 'UDP_CHECK payload requires a payload');
      } else if (payload !== undefined) checker.payload = payload.bytes;
      else context.complain('bad-value', 'Invalid hex string for UDP_CHECK payload', { word });
    }),
    checkerPart('require_reply [HEX]', 'P2', (context, checker, words) => {
      checker.requireReply = true;
      const word = hexWords(words);
      if (word === undefined) return;
      const reply = parseMaskedHex(word);
      if (reply !== undefined) checker.reply = reply;
      else context.complain('bad-value', 'Invalid hex string for UDP_CHECK reply', { word });
    }),
    lengthRow('min', 'minReply'),
    lengthRow('max', 'maxReply'),
  ];
}

function lengthRow(which: 'min' | 'max', field: 'minReply' | 'maxReply'): KeywordRow {
  return checkerPart(`${which}_reply_length BYTES`, 'P2', (context, checker, words) => {
    const text = `UDP_CHECK ${which} length ${words[1]} not valid - must be between 0 & 65535`;
    const result = context.unsigned(words, { least: 0, most: 65_535, text });
    if (result.usable) checker[field] = result.value;
  });
}

/** The end of an UDP_CHECK; `false`: it is left out. */
export function endUdp(context: ParseContext, checker: CheckerDraft): boolean {
  if (checker.minReply > checker.maxReply) {
    const text =
      `UDP_CHECK min_reply length ${checker.minReply} > max_reply_length ${checker.maxReply}` +
      ' - will always fail';
    context.complain('conflict', text);
  }
  return true;
}

/** All words of a line behind its keyword; `undefined` without any. */
function hexWords(words: readonly string[]): string | undefined {
  return words.length < 2 ? undefined : words.slice(1).join(' ');
}

/** Hex digits where `x` stands for any nibble; an odd last digit is a byte of its own. */
function parseMaskedHex(text: string): CheckerDraft['reply'] | undefined {
  const bytes: number[] = [];
  const mask: number[] = [];
  const groups = text.split(/[ \t]+/).filter((one) => one !== '');
  for (const group of groups) {
    if (!/^[0-9a-fx]+$/i.test(group)) return undefined;
    for (let at = 0; at < group.length; at += 2) {
      const pair = group.slice(at, at + 2).toLowerCase();
      bytes.push(Number.parseInt(pair.replaceAll('x', '0'), 16));
      mask.push(Number.parseInt(pair.replaceAll(/[0-9a-f]/g, 'f').replaceAll('x', '0'), 16));
    }
  }
  // 2.2.7 takes a last octet of ones for a mistake (seen with `-t`).
  return bytes.length === 0 || bytes.at(-1) === 0xff
    ? undefined
    : { bytes: Uint8Array.from(bytes), mask: Uint8Array.from(mask) };
}
