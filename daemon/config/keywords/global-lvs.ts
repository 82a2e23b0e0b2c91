/** IPVS in `global_defs`: the kernel's timeouts and connection sync, and what is flushed. */

import { parseIp } from '../../wire/ip-address.ts';
import type { LvsSyncDaemonConfig } from '../global-config.ts';
import type { Mutable } from '../lvs-draft.ts';
import { readUnsigned } from '../numbers.ts';
import type { ParseContext } from '../parse-context.ts';
import { INTERFACE_NAME_MAX } from './virtual-address.ts';

type Words = readonly string[];

/** LVS_MAX_TIMEOUT of 2.2.7: a month of seconds. */
const LVS_TIMEOUT_MAX = 2_678_400;

/** `lvs_sync_daemon`, with the words of old and new versions behind it. */
export function syncDaemon(context: ParseContext, words: Words): void {
  const { global } = context;
  if (global.syncDaemon !== undefined) {
    const known = global.syncDaemon;
    const text =
      `lvs_sync_daemon has already been specified as ${known.interface}` +
      ` ${known.instance ?? ''} - ignoring`;
    context.complain('duplicate', text);
    return;
  }
  const [, name] = words;
  if (name === undefined) {
    context.complain('bad-value', 'lvs_sync_daemon requires interface');
    return;
  }
  if (name.length > INTERFACE_NAME_MAX) {
    const text = `lvs_sync_daemon interface name '${name}' too long - ignoring`;
    context.complain('too-long', text, { word: name });
    return;
  }
  const daemon: Mutable<LvsSyncDaemonConfig> = { interface: name };
  for (let at = 2; at < words.length; at++) {
    const name = words[at] as string;
    if (!['inst', 'id', 'maxlen', 'port', 'ttl', 'group'].includes(name)) {
      syncDaemonOldWord(context, daemon, { name, at });
      continue;
    }
    const value = name === 'inst' ? context.word(words, ++at) : words[++at];
    if (context.reporter.ended) return;
    if (value === undefined) {
      const what = name === 'id' ? ', defaulting to vrid' : ' - ignoring';
      context.complain('bad-value', `No value specified for lvs_sync_daemon ${name}${what}`);
    } else syncDaemonOption(context, daemon, { name, value });
  }
  global.syncDaemon = daemon;
}

function syncDaemonOldWord(
  context: ParseContext,
  daemon: Mutable<LvsSyncDaemonConfig>,
  given: { readonly name: string; readonly at: number },
): void {
  if (given.at === 2) daemon.instance = given.name;
  else if (given.at === 3) {
    const result = readUnsigned(given.name, { least: 0, most: 255 }, context.reporter);
    const text = result.complained
      ? `Invalid syncid (${given.name}) - defaulting to vrid`
      : 'Please use keyword "id" before lvs_sync_daemon SYNCID';
    context.complain('deprecated', text, { word: given.name });
    if (result.usable) daemon.syncId = result.value;
  } else {
    const text = `Unknown option ${given.name} specified for lvs_sync_daemon`;
    context.complain('unknown-option', text, { word: given.name });
  }
}

function syncDaemonOption(
  context: ParseContext,
  daemon: Mutable<LvsSyncDaemonConfig>,
  given: { readonly name: string; readonly value: string },
): void {
  const { name, value } = given;
  if (name === 'inst') daemon.instance = value;
  else if (name === 'group') {
    const address = parseIp(value);
    if (address !== undefined) daemon.group = address;
    else {
      const text = `Invalid lvs_sync_daemon group (${value}) - ignoring`;
      context.complain('bad-address', text, { word: value });
    }
  } else {
    const most = name === 'maxlen' ? 65_507 : name === 'port' ? 65_535 : 255;
    const least = name === 'port' || name === 'maxlen' ? 1 : 0;
    const result = readUnsigned(value, { least, most }, context.reporter);
    if (result.complained) {
      const text =
        name === 'id'
          ? `Invalid syncid (${value}) - defaulting to vrid`
          : `Invalid lvs_sync_daemon ${name} (${value}) - ignoring`;
      context.complain('bad-value', text, { word: value });
    } else if (name === 'id') daemon.syncId = result.value;
    else if (name === 'maxlen') daemon.maxLength = result.value;
    else if (name === 'port') daemon.port = result.value;
    else daemon.ttl = result.value;
  }
}

/** `lvs_timeouts`: the kernel's time-outs of connections, s. */
export function lvsTimeouts(context: ParseContext, words: Words): void {
  if (words.length < 3) {
    context.complain('bad-value', 'lvs_timeouts requires at least one option');
    return;
  }
  for (let at = 1; at < words.length; at++) {
    const name = words[at] as string;
    if (name !== 'tcp' && name !== 'tcpfin' && name !== 'udp') {
      const text = `Unknown option ${name} specified for lvs_timeouts`;
      context.complain('unknown-option', text, { word: name });
      continue;
    }
    const value = words[++at];
    if (value === undefined) {
      context.complain('bad-value', `No value specified for lvs_timeout ${name} - ignoring`);
      continue;
    }
    const result = readUnsigned(value, { least: 0, most: LVS_TIMEOUT_MAX }, context.reporter);
    if (result.complained) {
      const text = `Invalid lvs_timeout ${name} (${value}) - ignoring`;
      context.complain('bad-value', text, { word: value });
    } else context.global.timeoutsS[name] = result.value;
  }
}

/** `lvs_flush_on_stop`, of all services or of those with a VIP of VRRP. */
export function flushOnStop(context: ParseContext, words: Words): void {
  if (words[1] === undefined) context.global.lvsFlushOnStop = 'all';
  else if (words[1] === 'VS') context.global.lvsFlushOnStop = 'services';
  else {
    const text = `Unknown lvs_flush_on_stop type ${words[1]}`;
    context.complain('unknown-option', text, { word: words[1] });
  }
}
