/**
 * auth_hmac of keepalived 2.4, line by line of the table in `daemon/vrrp/auth-hmac.ts`, and its keywords. No recording
 * verifies it; digests are checked against RFC 4231 in `test/daemon/wire/checksum-and-digest.test.ts`.
 */

import { describe, expect, it } from 'vitest';
import { loadWithReader } from '../../../daemon/core/config-loader.ts';
import { encodeUtf8 } from '../../../daemon/wire/text.ts';
import { AUTH_TRAILER_LENGTH, readAuthTrailer } from '../../../daemon/wire/vrrp-auth-trailer.ts';
import { vrrp } from '../vrrp/config-fixture.ts';
import { receive, texts, timer } from '../vrrp/receive-lab.ts';
import { type FakeHost, FakeLan, s } from './fake-system.ts';
import { adverts, conf } from './keywords/keyword-lab.ts';

const KEY = `key 1 hex:${'0a'.repeat(32)}`;
const OTHER = `key 1 hex:${'0b'.repeat(32)}`;
const block = (lines: string) => `auth_hmac {\n ${lines}\n }`;
const ENFORCE = block(`${KEY}\n active_key 1`);

interface Given {
  readonly version?: string;
  readonly priority?: number;
  readonly vips?: string;
  /** What its wall clock is ahead. */
  readonly clockUs?: number;
  readonly addresses?: readonly string[];
}

function boot(lan: FakeLan, instance: string, given: Given = {}): FakeHost {
  const host = lan.host(`n${lan.hosts.length + 1}`, lan.hosts.length + 11, given.addresses);
  const { priority = 100, vips = '192.168.100.100/24' } = given;
  host.wallClockUs = (now) => 1_800_000_000_000_000 + now + (given.clockUs ?? 0);
  host.files.set('/key', encodeUtf8(`hex:${'0a'.repeat(32)}\n`));
  host.files.set(`${host.name}.conf`, encodeUtf8(conf({ instance, priority, vips })));
  host.start(vrrp(), { load: loadWithReader, version: given.version ?? '2.4.3' });
  return host;
}

/** The first advert that a host alone sends. */
function firstAdvert(instance: string, given: Given = {}): Uint8Array {
  const lan = new FakeLan();
  boot(lan, instance, given);
  lan.run(s(4));
  const [sent] = adverts(lan);
  if (sent === undefined) throw new Error('no advert');
  return sent.bytes;
}

/** What a BACKUP at 2 s says to an advert of n1's address 11, sent at `at` by its own clock. */
function heard(own: string, packet: Uint8Array, given: Given = {}): string[] {
  const lan = new FakeLan();
  lan.host('n0', 10);
  const host = boot(lan, own, { clockUs: 2_000_000, ...given });
  lan.run(s(2));
  const said = texts(receive(host, packet));
  const isTaken = timer(host) === s(2) + 3_609_375;
  return [...said, isTaken ? 'taken' : 'refused'];
}

const HIGHER = { priority: 150 };

describe('sending', () => {
  // proves: keyword:vrrp_instance/auth_hmac
  // proves: keyword:vrrp_instance/auth_hmac/key
  // proves: keyword:vrrp_instance/auth_hmac/active_key
  it('every advert grows by the trailer, signed with the active key', () => {
    const plain = firstAdvert('');
    const signed = firstAdvert(block(`${KEY}\n key 2 ${'x'.repeat(40)}\n active_key 2`));
    expect(signed.length).toBe(plain.length + AUTH_TRAILER_LENGTH);
    expect((signed[2] as number) * 256 + (signed[3] as number)).toBe(signed.length);
    const trailer = readAuthTrailer(signed, plain.length);
    expect([trailer.type, trailer.keyId, trailer.reserved]).toEqual([1, 2, 0]);
    expect([...signed.subarray(20, plain.length)]).toEqual([...plain.subarray(20)]);
  });

  it('sequences: seconds and a counter in 2.4.0, fractions of a second from 2.4.1 on', () => {
    const sequence = (version: string) =>
      readAuthTrailer(firstAdvert(ENFORCE, { version }), 40).sequence;
    expect(sequence('2.4.0')).toBe(1_800_000_003n << 32n);
    // 3.609375 s after a whole second: 39936 parts of 65536.
    for (const version of ['2.4.1', '2.4.3']) {
      expect(sequence(version)).toBe((1_800_000_003n << 32n) | (39_936n << 16n));
    }
  });

  it('copies to unicast peers: one number for all in 2.4.3, one each before', () => {
    const peers =
      'unicast_src_ip 192.168.100.11\n unicast_peer {\n 192.168.100.12\n 192.168.100.13\n }';
    const numbers = (version: string) => {
      const lan = new FakeLan();
      boot(lan, `${peers}\n ${ENFORCE}`, { version });
      lan.run(s(4));
      const [a, b] = adverts(lan).map((one) => readAuthTrailer(one.bytes, 40).sequence);
      return (b ?? 0n) - (a ?? 0n);
    };
    expect([numbers('2.4.1'), numbers('2.4.3')]).toEqual([1n, 0n]);
  });

  it('a version before 2.4 does not know it', () => {
    const lan = new FakeLan();
    const host = boot(lan, ENFORCE, { version: '2.3.3' });
    lan.run(s(4));
    expect(host.log.join('\n')).toMatch(/Unknown keyword 'auth_hmac'/);
    expect(adverts(lan)[0]?.bytes.length).toBeLessThanOrEqual(40);
  });
});

describe('receiving', () => {
  const good = firstAdvert(ENFORCE, HIGHER);

  it('a good trailer is taken by every version with those of its own kind', () => {
    for (const version of ['2.4.0', '2.4.1', '2.4.3']) {
      const packet = firstAdvert(ENFORCE, { ...HIGHER, version });
      expect(heard(ENFORCE, packet, { version })).toEqual(['taken']);
    }
  });

  it('IPv6: taken from 2.4.3 on; before, the checksum of the kernel spoiled the digest', () => {
    const v6 = { vips: 'fe80::100/64', addresses: ['fe80::11/64'] };
    for (const [version, result] of [
      ['2.4.1', 'refused'],
      ['2.4.3', 'taken'],
    ] as const) {
      const packet = firstAdvert(ENFORCE, { ...HIGHER, ...v6, version });
      expect(heard(ENFORCE, packet, { ...v6, addresses: ['fe80::12/64'], version }).at(-1)).toBe(
        result,
      );
    }
  });

  it('without trailer, wrong key, unknown id, changed content, another source: refused with their lines', () => {
    const from = '(from 192.168.100.11)';
    const changed = (at: number) => {
      const packet = good.slice();
      packet[at] = (packet[at] as number) ^ 1;
      return packet;
    };
    const cases: readonly (readonly [string, string, Uint8Array])[] = [
      ['missing authentication trailer', ENFORCE, firstAdvert('', HIGHER)],
      ['invalid authentication HMAC', block(`${OTHER}\n active_key 1`), good],
      ['unknown authentication key id', block(`key 2 ${'x'.repeat(32)}\n active_key 2`), good],
      ['malformed authentication trailer', ENFORCE, changed(40)],
      ['invalid authentication HMAC', ENFORCE, changed(22)],
    ];
    for (const [said, own, packet] of cases) {
      expect(heard(own, packet)).toEqual([`(VI_1) ${said} ${from}`, 'refused']);
    }
    expect(heard(ENFORCE, changed(15))[0]).toMatch(/invalid authentication HMAC/);
  });

  // proves: keyword:vrrp_instance/auth_hmac/mode
  it('mode permissive and receive-only take adverts without trailer; receive-only sends none', () => {
    const plain = firstAdvert('', HIGHER);
    for (const mode of ['permissive', 'receive-only']) {
      const own = block(`${KEY}\n active_key 1\n mode ${mode}`);
      expect(heard(own, plain)).toEqual(['taken']);
      expect(heard(own, good)).toEqual(['taken']);
      expect(firstAdvert(own).length).toBe(mode === 'permissive' ? 68 : 40);
    }
  });

  // proves: keyword:vrrp_instance/auth_hmac/time_window
  // proves: keyword:vrrp_instance/auth_hmac/anti_replay
  it('clocks that differ by more than time_window: stale, unless anti_replay is monotonic', () => {
    const late = (lines: string, clockUs: number) =>
      heard(block(`${KEY}\n active_key 1\n ${lines}`), good, { clockUs }).at(-1);
    // The advert was sent at 3.6 s, is heard at 2 s: 5 s are the default.
    expect(late('', 6_000_000)).toBe('taken');
    expect(late('', 8_000_000)).toBe('refused');
    expect(late('time_window 9', 8_000_000)).toBe('taken');
    expect(late('anti_replay monotonic', 800_000_000)).toBe('taken');
  });

  it('the same advert again, or an older one: replayed', () => {
    const lan = new FakeLan();
    lan.host('n0', 10);
    const host = boot(lan, ENFORCE, { clockUs: 2_000_000 });
    lan.run(s(2));
    expect(texts(receive(host, good))).toEqual([]);
    expect(texts(receive(host, good))).toEqual([
      '(VI_1) replayed authentication trailer (from 192.168.100.11)',
    ]);
  });

  it('two routers with one key elect as ever; one with another key does not belong', () => {
    const lan = new FakeLan();
    const n1 = boot(lan, ENFORCE, { priority: 150 });
    const n2 = boot(lan, ENFORCE);
    lan.run(s(8));
    expect([n1.states(), n2.states()]).toEqual(['VI_1=MASTER', 'VI_1=BACKUP']);
    const n3 = boot(lan, block(`${OTHER}\n active_key 1`), { priority: 50 });
    lan.run(s(20));
    expect(n3.states()).toBe('VI_1=MASTER');
  });
});

describe('the configuration', () => {
  const log = (lines: string, more = '') => {
    const lan = new FakeLan();
    const host = boot(lan, `${block(lines)}\n ${more}`);
    lan.run(s(4));
    return { said: host.log.join('\n'), length: adverts(lan)[0]?.bytes.length };
  };

  it('a key may stand in a file', () => {
    expect(heard(block('key 1 file:/key\n active_key 1'), firstAdvert(ENFORCE, HIGHER))).toEqual([
      'taken',
    ]);
  });

  it('keys that are too short, twice there or not to be read, and an active key that is none', () => {
    expect(log('key 1 short\n active_key 1').said).toMatch(/auth_hmac key 1 has 5 bytes/);
    expect(log(`${KEY}\n ${KEY}\n active_key 1`).said).toMatch(/key 1 is already defined/);
    expect(log('key 1 file:/none\n active_key 1').said).toMatch(/key 1 cannot be read/);
    const none = log(`${KEY}\n active_key 3`);
    expect(none.said).toMatch(/auth_hmac active_key 3 has no key/);
    expect(none.length).toBe(40);
  });

  it('replaces authentication, and must enforce in strict mode', () => {
    const pass = 'authentication {\n auth_type PASS\n auth_pass abc\n }';
    const both = log(`${KEY}\n active_key 1`, pass);
    expect(both.said).toMatch(/auth_hmac replaces authentication/);
    expect(both.length).toBe(68);
    const strict = log(`${KEY}\n active_key 1\n mode permissive`, 'strict_mode on');
    expect(strict.said).toMatch(/mode must be enforce in strict mode/);
  });
});
