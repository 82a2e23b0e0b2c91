/**
 * Rows E7 and E9 of the fifth article in the packet list: its filters, a wrong one, its retransmissions, its stream.
 * `test/interop/seed-filters.test.ts` asks tshark the same of the same packets.
 */

import { describe, expect, it } from 'vitest';
import { parsePacketFilter } from '../../../sim/session/packet-filter.ts';
import { dissectRecord } from '../../../sim/session/packet-views.ts';
import { ARTICLE_FILTERS, capturedRun, shownBy } from './seed-filters.ts';

const everywhere = capturedRun(['u109lb13', 'u109lb14', 'web150', 'web151', 'client']);
const atClient = capturedRun(['client']);

function rows(records: typeof atClient.records, filter: string) {
  const shown = new Set(shownBy(records, filter));
  return records.filter((one) => shown.has(one.id)).map((one) => dissectRecord(one));
}

describe('row E7: the filters of the article', () => {
  it.each(ARTICLE_FILTERS)('%s shows some packets and not all', (filter) => {
    const shown = shownBy(everywhere.records, filter);
    expect(shown.length).toBeGreaterThan(0);
    expect(shown.length).toBeLessThan(everywhere.records.length);
  });

  it('by the password the adverts of the pair are left, whose source changes from .214 to .213', () => {
    const sources = rows(atClient.records, 'vrrp and vrrp.auth_string == ghi678').map(
      (one) => one.source,
    );
    expect([...new Set(sources)]).toEqual(['192.168.100.214', '192.168.100.213']);
  });

  it.each(['VRRP', 'vrrp and', 'vrrp.auth_strin == ghi678', 'ip.addr = 192.168.100.223'])(
    'a wrong one is told: %s',
    (filter) => expect(parsePacketFilter(filter)).toHaveProperty('problem'),
  );
});

describe('row E9: a connection whose director dies', () => {
  const again = rows(atClient.records, 'tcp.analysis.retransmission and tcp.flags.syn == 1');
  const targets = again.map((one) => one.fields.get('eth.dst')?.[0]);

  it('SYNs go to the old MAC address, then again to the new one', () => {
    const asked = rows(atClient.records, 'tcp.flags.syn == 1 and eth.dst == 00:0d:b9:4a:7c:40');
    expect(asked.length).toBeGreaterThan(0);
    expect(new Set(targets)).toEqual(new Set(['00:0d:b9:4a:7c:40', '00:0d:b9:33:12:90']));
    for (const one of again) {
      expect(one.info).toMatch(/^\[TCP Retransmission\] \d+ → 80 \[SYN\]/);
      expect(one.colour).toBe('trouble');
    }
  });

  it('what the new director hands on is a retransmission too (No. 2681)', () => {
    const handed = rows(
      everywhere.records,
      'tcp.analysis.retransmission and eth.src == 00:0d:b9:33:12:90',
    );
    expect(handed.length).toBeGreaterThan(0);
    expect(handed[0]?.fields.get('eth.dst')?.[0]).toMatch(/^b8:27:eb/);
  });

  it('the web server answers by itself (No. 2682), and the stream is one conversation', () => {
    const stream = again
      .find((one) => one.fields.get('eth.dst')?.[0] === '00:0d:b9:33:12:90')
      ?.fields.get('tcp.stream')?.[0];
    const whole = rows(atClient.records, `tcp.stream == ${String(stream)}`);
    const macs = whole.map((one) => `${one.fields.get('eth.src')?.[0]}`);
    expect(macs.some((mac) => mac.startsWith('b8:27:eb'))).toBe(true);
    expect(whole.at(-1)?.info).not.toContain('RST');
  });

  it('nothing else is a retransmission: switches and directors hand packets on, that is all', () => {
    const quiet = rows(
      everywhere.records,
      'tcp.analysis.retransmission and frame.time_relative < 20',
    );
    expect(quiet).toEqual([]);
  });
});
