import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readTimeline, recordings } from '../daemon/check/timeline.ts';
import { checkerDifferences } from './checker-compare.ts';
import { replayOnLan } from './checker-lan.ts';

const FOLDER = fileURLToPath(new URL('./ipvs/keepalived-lvs-own/', import.meta.url));
const NAMES = recordings(FOLDER);

describe('checkers do on a whole LAN what keepalived did in our own recordings', () => {
  it('there is one of every kind of checker, over IPv6 too', () => {
    const text = NAMES.map((name) => readTimeline(name, FOLDER).config).join('');
    const kinds =
      'TCP_CHECK HTTP_GET SSL_GET SMTP_CHECK DNS_CHECK MISC_CHECK UDP_CHECK PING_CHECK FILE_CHECK BFD_CHECK fd00::11';
    for (const kind of kinds.split(' ')) expect(text, kind).toContain(kind);
  });

  for (const name of NAMES) {
    it(name, () => {
      const timeline = readTimeline(name, FOLDER);
      expect(timeline.entries.length).toBeGreaterThan(20);
      expect(checkerDifferences(timeline, replayOnLan(timeline))).toEqual([]);
    });
  }

  it('a replay that adds a server later than recorded is noticed', () => {
    const timeline = readTimeline('k46-ping', FOLDER);
    const entries = timeline.entries.filter((one) => one.text !== 'rs1: plugged');
    const changed = { ...timeline, entries };
    expect(checkerDifferences(timeline, replayOnLan(changed))).not.toEqual([]);
  });
});
