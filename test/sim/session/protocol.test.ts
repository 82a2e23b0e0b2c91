import { describe, expect, it } from 'vitest';
import { ACTION_TABLE } from '../../../sim/scenario/actions/action-table.ts';
import { needsControl, readClientMessage } from '../../../sim/session/client-message.ts';
import { ACTION_NAMES, type ClientMessage, LIMITS } from '../../../sim/session/protocol.ts';

/** One of each type, with everything that it can carry. */
const VIEW: readonly ClientMessage[] = [
  { type: 'hello', version: 1 },
  {
    type: 'subscribe',
    views: {
      packets: { filter: 'vrrp', cable: 'srv-1:eth1-sw1:1' },
      events: true,
      flights: false,
      lanes: true,
      tables: ['sw1'],
      journals: ['srv-1'],
    },
  },
  { type: 'packet-page', before: 5, after: 1, count: 10 },
  { type: 'packet', packet: 3 },
  { type: 'event', event: 3 },
  { type: 'follow', packet: 3 },
  { type: 'pcapng', filter: 'arp', cable: 'srv-1:eth1-sw1:1' },
  { type: 'config', host: 'srv-1' },
  { type: 'check-config', host: 'srv-1', text: '' },
  { type: 'save', name: 'mine', expectations: true },
];

const CONTROL: readonly ClientMessage[] = [
  { type: 'play' },
  { type: 'pause' },
  { type: 'speed', factor: 0.1 },
  { type: 'step', unit: 'advert', direction: 'back' },
  { type: 'seek', at: 1 },
  { type: 'failover', direction: 'previous' },
  { type: 'act', action: 'one-way', args: { cable: 'srv-1:eth1', dead: 'out' } },
  { type: 'reload-config', host: 'srv-1', text: 'vrrp_instance VI_1 {\n}\n' },
  { type: 'script', host: 'srv-1', script: 'chk', exit: 'hang', afterUs: 20_000 },
  { type: 'exec', terminal: 't1', host: 'srv-1', line: 'ip addr' },
  { type: 'cancel', terminal: 't1' },
  { type: 'ping', from: 'laptop', to: 'srv-1' },
  { type: 'open', scenario: 'a.twin.yml' },
  { type: 'layout', positions: [{ node: 'sw1', x: 1.5, y: -2 }] },
];

const ALL = [...VIEW, ...CONTROL];

describe('protocol', () => {
  it('names only actions that scenario files have, and none that runs commands or reads scripts', () => {
    expect(ACTION_NAMES.filter((name) => !ACTION_TABLE.has(name))).toEqual([]);
    expect(ACTION_NAMES).not.toContain('exec');
  });

  it.each(ALL.map((message) => [message.type, message] as const))(
    '%s is read as it was written, with and without an id',
    (_type, message) => {
      expect(readClientMessage(JSON.stringify(message))).toEqual({ ok: true, message });
      const numbered = { ...message, id: 7 };
      expect(readClientMessage(JSON.stringify(numbered))).toEqual({ ok: true, message: numbered });
    },
  );

  it.each(ALL.map((message) => [message.type, message] as const))(
    '%s is refused with a key too many, and without each key that it needs',
    (_type, message) => {
      const refused = (value: object) => !readClientMessage(JSON.stringify(value)).ok;
      expect(refused({ ...message, extra: 1 })).toBe(true);
      for (const key of Object.keys(message)) {
        if (['filter', 'cable', 'before', 'after'].includes(key)) continue;
        const rest = Object.fromEntries(Object.entries(message).filter(([name]) => name !== key));
        expect(refused(rest)).toBe(true);
      }
    },
  );

  it('asks for control exactly where something is touched', () => {
    expect(VIEW.filter(needsControl)).toEqual([]);
    expect(CONTROL.filter((message) => !needsControl(message))).toEqual([]);
  });

  it('says why, and repeats the id', () => {
    const read = readClientMessage('{"type":"speed","factor":5000,"id":12}');
    expect(read).toEqual({ ok: false, re: 12, reason: expect.stringContaining('factor') });
  });

  it('refuses long texts before it reads them', () => {
    const text = `{"type":"play"${' '.repeat(LIMITS.messageBytesMax)}}`;
    expect(readClientMessage(text)).toEqual({ ok: false, reason: 'the message is too long' });
  });
});
