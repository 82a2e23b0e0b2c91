/** What a `vrrp_instance` is: state, interface, VRID, priority, version, intervals, password. */

import type { KeywordRow } from '../keyword-row.ts';
import { readDecimal, readInteger } from '../numbers.ts';
import type { ParseContext } from '../parse-context.ts';
import { utf8Head, utf8Length } from '../source-text.ts';
import type { InstanceDraft } from '../vrrp-draft.ts';
import { authHmacRow } from './auth-hmac.ts';
import { instanceRow } from './instance-row.ts';
import { INTERFACE_NAME_MAX } from './virtual-address.ts';

type Words = readonly string[];

/** VRRP_AUTH_LEN: bytes of a password that VRRPv2 carries. */
const AUTH_BYTES = 8;

/** The rows of the block that say so. */
export const identityRows: readonly KeywordRow[] = [
  instanceRow('state MASTER|BACKUP', 'P1', (context, instance, words) => {
    const word = context.word(words, 1);
    if (word === 'MASTER') instance.state = 'MASTER';
    else if (word === 'BACKUP' && instance.state === 'MASTER') {
      const text = `(${instance.name}) state previously set as MASTER - ignoring BACKUP`;
      context.complain('duplicate', text, { word });
    } else if (word === 'BACKUP') instance.state = 'BACKUP';
    else {
      const text = `(${instance.name}) unknown state '${word}', defaulting to BACKUP`;
      const upper = word.toUpperCase();
      const known = upper === 'MASTER' || upper === 'BACKUP';
      const hint = known ? `write ${upper}: states are upper case` : 'write MASTER or BACKUP';
      context.complain('bad-value', text, { word, hint });
      instance.state = 'BACKUP';
    }
  }),
  instanceRow('interface NAME', 'P1', takeInterface),
  instanceRow('virtual_router_id 1..255', 'P1', (context, instance, words) => {
    const text = `(${instance.name}): VRID '${words[1]}' not valid - must be between 1 & 255`;
    const result = context.unsigned(words, { least: 1, most: 255, text });
    if (result.usable) instance.vrid = result.value;
  }),
  instanceRow('priority 1..255', 'P1', (context, instance, words) => {
    const text = `(${instance.name}) Priority not valid! must be between 1 & 255. Using default 100`;
    const result = context.unsigned(words, { least: 1, most: 255, text });
    instance.priority = result.usable ? result.value : 100;
  }),
  instanceRow('advert_int SECONDS', 'P1', (context, instance, words) => {
    const word = context.word(words, 1);
    const range = { least: 10_000, most: 255_000_000, decimals: 6, lenient: true };
    const result = readDecimal(word, range, context.reporter);
    if (result.complained) {
      const what = `Advert interval (${word}) not valid! Must be > 0 - ignoring`;
      context.complain('bad-value', `(${instance.name}) ${what}`, { word });
    }
    if (result.usable) instance.advertUs = result.value;
  }),
  instanceRow('version 2|3', 'P2', takeVersion),
  instanceRow('native_ipv6', 'P3', (context, instance) => {
    if (instance.family === 'inet') {
      const text = `(${instance.name}) Cannot specify native_ipv6 with IPv4 addresses`;
      context.complain('conflict', text);
      return;
    }
    instance.family = 'inet6';
    instance.version = 3;
  }),
  instanceRow('authentication { … }', 'P1', () => {}, {
    block: [
      instanceRow('auth_type PASS|AH', 'P1', (context, instance, words) => {
        const word = context.word(words, 1);
        if (word === 'PASS' || word === 'AH') instance.authType = word;
        else {
          const text = `(${instance.name}) unknown authentication type '${word}'`;
          context.complain('bad-value', text, { word, hint: 'write PASS or AH' });
        }
      }),
      instanceRow('auth_pass PASSWORD', 'P1', (context, instance, words) => {
        const word = context.word(words, 1);
        if (utf8Length(word) > AUTH_BYTES) {
          const text = `Truncating auth_pass to ${AUTH_BYTES} characters`;
          context.complain('password-truncated', text, {
            word,
            message: `the password is longer than ${AUTH_BYTES} bytes; only '${utf8Head(word, AUTH_BYTES)}' counts`,
          });
        }
        instance.authPass = utf8Head(word, AUTH_BYTES);
      }),
    ],
  }),
  authHmacRow,
];

function takeInterface(context: ParseContext, instance: InstanceDraft, words: Words): void {
  const name = context.word(words, 1);
  if (name.length > INTERFACE_NAME_MAX) {
    const text = `Interface name '${name}' too long - ignoring`;
    context.complain('too-long', text, { word: name });
    return;
  }
  delete instance.interface;
  const facts = context.machine.interfaces?.find((one) => one.name === name);
  if (!context.interfaceKnown(name)) {
    const what = `WARNING - interface ${name} for vrrp_instance ${instance.name} doesn't exist`;
    const names = context.machine.interfaces?.map((one) => one.name).join(', ');
    context.complain('unknown-interface', what, {
      word: name,
      severity: 'error',
      message: `interface ${name} of vrrp_instance ${instance.name} does not exist on this host; keepalived does not start`,
      hint: `this host has ${names}`,
    });
  } else if (facts?.loopback === true) {
    const what = `cannot use a loopback interface (${name}) for vrrp - ignoring`;
    context.complain('bad-interface', `(${instance.name}) ${what}`, { word: name });
  } else instance.interface = name;
}

function takeVersion(context: ParseContext, instance: InstanceDraft, words: Words): void {
  const word = context.word(words, 1);
  const result = readInteger(word, { least: 2, most: 3, lenient: true }, context.reporter);
  if (result.complained) {
    const text = `(${instance.name}): Version must be either 2 or 3`;
    context.complain('bad-value', text, { word });
  }
  if (!result.usable) return;
  const version = result.value === 3 ? 3 : 2;
  const conflicts = instance.version !== 0 && instance.version !== version;
  if (conflicts || (version === 2 && instance.family === 'inet6')) {
    const text =
      `(${instance.name}) vrrp_version ${version} conflicts with configured or deduced` +
      ` version ${instance.version}; ignoring.`;
    context.complain('conflict', text, { word });
    return;
  }
  instance.version = version;
}
