import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addressSum,
  internetChecksum,
  ipv4AddressSum,
  pseudoHeaderSumV4,
  updateChecksum16,
  updateChecksum32,
} from '../../../daemon/wire/checksum.ts';
import { hmacMd5, hmacSha256 } from '../../../daemon/wire/hmac.ts';
import {
  checkIcmp,
  decodeIcmp,
  encodeIcmp,
  ICMP_ECHO_REPLY,
  ICMP_ECHO_REQUEST,
  readEchoIdentifier,
  readEchoSequence,
  readEchoType,
  turnEchoIntoReply,
} from '../../../daemon/wire/icmp.ts';
import { writeUint16 } from '../../../daemon/wire/integers.ts';
import { checkIpv4Header, decrementTtl, encodeIpv4Header } from '../../../daemon/wire/ipv4.ts';
import { md5 } from '../../../daemon/wire/md5.ts';
import { sha256OfParts } from '../../../daemon/wire/sha256.ts';
import {
  decodeLatin1,
  decodeUtf8,
  encodeAscii,
  encodeUtf8,
  formatHex,
  parseHex,
} from '../../../daemon/wire/text.ts';
import { ipv4, ipv6, longWord, word } from './arbitraries.ts';

describe('checksum', () => {
  test('the example of RFC 1071 section 3 sums to ddf2', () => {
    const bytes = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
    expect(internetChecksum(bytes, 0, 8)).toBe(0xddf2 ^ 0xffff);
  });

  test('an odd last octet is the high half of a word', () => {
    expect(internetChecksum(Uint8Array.of(0x12, 0x34, 0x56), 0, 3)).toBe(0x97cb);
  });

  test('equals a sum made word by word with big integers', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200, size: 'max' }), longWord, (bytes, initial) => {
        let sum = BigInt(initial);
        for (let i = 0; i < bytes.length; i += 2) {
          sum += BigInt((bytes[i] as number) * 256 + (bytes[i + 1] ?? 0));
        }
        while (sum > 0xffffn) sum = (sum & 0xffffn) + (sum >> 16n);
        expect(internetChecksum(bytes, 0, bytes.length, initial)).toBe(Number(sum) ^ 0xffff);
      }),
    );
  });

  test('an incremental update equals a new sum', () => {
    const words = fc.array(word, { minLength: 2, maxLength: 10 });
    fc.assert(
      fc.property(words, word, (all, newWord) => {
        // Not all zeros: then RFC 1624 and a new sum cannot differ in the sign of 0.
        const bytes = Uint8Array.from(
          [...all, 0x4500].flatMap((value) => [value >>> 8, value & 255]),
        );
        const before = internetChecksum(bytes, 0, bytes.length);
        const oldWord = all[0] as number;
        bytes[0] = newWord >>> 8;
        bytes[1] = newWord & 255;
        const after = internetChecksum(bytes, 0, bytes.length);
        expect(updateChecksum16(before, { oldWord, newWord })).toBe(after);
      }),
    );
  });

  test('the example of RFC 1624 section 4 gives 0000, not ffff', () => {
    expect(updateChecksum16(0xdd2f, { oldWord: 0x5555, newWord: 0x3285 })).toBe(0x0000);
  });

  test('a 32-bit update is two 16-bit ones', () => {
    const halves = updateChecksum16(
      updateChecksum16(0x1234, { oldWord: 0xc0a8, newWord: 0x0a00 }),
      { oldWord: 0x6401, newWord: 0x0001 },
    );
    const change = { oldValue: 0xc0a86401, newValue: 0x0a000001 };
    expect(updateChecksum32(0x1234, change)).toBe(halves);
  });

  test('pseudo headers add up for both families', () => {
    fc.assert(
      fc.property(ipv4, ipv4, ipv6, ipv6, (a, b, c, d) => {
        expect(addressSum(a, b)).toBe(ipv4AddressSum(a, b));
        let words = 0n;
        for (let shift = 0n; shift < 128n; shift += 16n) {
          words += ((c >> shift) & 0xffffn) + ((d >> shift) & 0xffffn);
        }
        expect(addressSum(c, d)).toBe(Number(words));
        const whole = pseudoHeaderSumV4({ source: a, destination: b, protocol: 17, length: 30 });
        expect(whole).toBe(ipv4AddressSum(a, b) + 47);
      }),
    );
  });

  test('taking one off the TTL keeps the header sound', () => {
    fc.assert(
      fc.property(ipv4, ipv4, word, fc.integer({ min: 1, max: 255 }), (from, to, id, ttl) => {
        const bytes = new Uint8Array(20);
        const header = {
          tos: 0,
          totalLength: 20,
          identification: id,
          flags: 2,
          fragmentOffset: 0,
          ttl,
          protocol: 17,
          source: from,
          destination: to,
          options: new Uint8Array(0),
        };
        encodeIpv4Header(header, bytes, 0);
        expect(decrementTtl(bytes, 0)).toBe(ttl - 1);
        expect(checkIpv4Header(bytes, 0, 20)).toBeUndefined();
      }),
    );
  });

  test('a request turned in place is a sound reply', () => {
    fc.assert(
      fc.property(
        word,
        word,
        fc.uint8Array({ maxLength: 20, size: 'max' }),
        (identifier, sequence, payload) => {
          const bytes = new Uint8Array(8 + payload.length);
          encodeIcmp({ kind: 'echo-request', identifier, sequence, payload }, bytes, 0);
          turnEchoIntoReply(bytes, 0);
          const reply = { kind: 'echo-reply', identifier, sequence, payload };
          expect(decodeIcmp(bytes, 0, bytes.length)).toEqual(reply);
        },
      ),
    );
  });
});

describe('digests', () => {
  test.each([
    ['', 'd41d8cd98f00b204e9800998ecf8427e'],
    ['a', '0cc175b9c0f1b6a831c399e269772661'],
    ['abc', '900150983cd24fb0d6963f7d28e17f72'],
    ['message digest', 'f96b697d7cb7938d525a2f31aaf161d0'],
    ['abcdefghijklmnopqrstuvwxyz', 'c3fcd3d76192e4007dfb496cca67e13b'],
    [
      'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789',
      'd174ab98d277d9f5a5611c2c9f419d9f',
    ],
    ['1234567890'.repeat(8), '57edf4a22be3c955ac49da2e2107b67a'],
  ])('MD5 of RFC 1321 appendix A.5: %j', (text, digest) => {
    expect(formatHex(md5(encodeAscii(text)))).toBe(digest);
  });

  test.each([
    ['0b'.repeat(16), formatHex(encodeAscii('Hi There')), '9294727a3638bb1c13f48ef8158bfc9d'],
    [
      formatHex(encodeAscii('Jefe')),
      formatHex(encodeAscii('what do ya want for nothing?')),
      '750c783e6ab0b503eaa86e310a5db738',
    ],
    ['aa'.repeat(16), 'dd'.repeat(50), '56be34521d144c88dbb8c733f0e8b3f6'],
    [
      'aa'.repeat(80),
      formatHex(encodeAscii('Test Using Larger Than Block-Size Key - Hash Key First')),
      '6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd',
    ],
  ])('HMAC-MD5 of RFC 2202 section 2, key %s', (key, data, digest) => {
    const [keyBytes, dataBytes] = [parseHex(key), parseHex(data)];
    expect(formatHex(hmacMd5(keyBytes as Uint8Array, dataBytes as Uint8Array))).toBe(digest);
  });

  test.each([
    [
      '0b'.repeat(20),
      formatHex(encodeAscii('Hi There')),
      'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    ],
    [
      'aa'.repeat(131),
      formatHex(encodeAscii('Test Using Larger Than Block-Size Key - Hash Key First')),
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    ],
  ])('HMAC-SHA-256 of RFC 4231 section 4, key %s', (key, data, digest) => {
    const [keyBytes, dataBytes] = [parseHex(key), parseHex(data)];
    const parts = [dataBytes as Uint8Array];
    expect(formatHex(hmacSha256(keyBytes as Uint8Array, parts))).toBe(digest);
  });

  test('SHA-256 equals OpenSSL on any message in pieces', () => {
    const bytes = fc.uint8Array({ maxLength: 200, size: 'max' });
    fc.assert(
      fc.property(bytes, bytes, bytes, (key, one, other) => {
        const hash = createHash('sha256').update(one).update(other).digest('hex');
        expect(formatHex(sha256OfParts([one, other]))).toBe(hash);
        const expected = createHmac('sha256', key).update(one).update(other).digest('hex');
        expect(formatHex(hmacSha256(key, [one, other]))).toBe(expected);
      }),
    );
  });

  test('both equal OpenSSL on any message', () => {
    const bytes = fc.uint8Array({ maxLength: 300, size: 'max' });
    fc.assert(
      fc.property(bytes, bytes, (key, message) => {
        expect(formatHex(md5(message))).toBe(createHash('md5').update(message).digest('hex'));
        const expected = createHmac('md5', key).update(message).digest('hex');
        expect(formatHex(hmacMd5(key, message))).toBe(expected);
      }),
    );
  });
});

describe('text', () => {
  test('UTF-8 equals TextEncoder and TextDecoder, lone surrogates and bad octets included', () => {
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(text, fc.uint8Array({ maxLength: 60, size: 'max' }), (good, bytes) => {
        expect(Array.from(encodeUtf8(good))).toEqual(Array.from(new TextEncoder().encode(good)));
        const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
        expect(decodeUtf8(bytes)).toBe(decoder.decode(bytes));
        expect(decodeUtf8(encodeUtf8('\ud800x'))).toBe('\ufffdx');
      }),
    );
  });

  test.each(['f0908080', 'f0808080', 'eda080', 'e28282', 'c0af', 'f4908080', 'f0909f', 'e2e282ac'])(
    'the octets %s decode as the Encoding standard has it',
    (digits) => {
      const bytes = parseHex(digits) as Uint8Array;
      expect(decodeUtf8(bytes)).toBe(new TextDecoder().decode(bytes));
    },
  );

  test('long text survives', () => {
    const text = 'ä€😀x'.repeat(20_000);
    expect(decodeUtf8(encodeUtf8(text))).toBe(text);
    expect(decodeLatin1(new Uint8Array(30_000).fill(0xe4))).toBe('ä'.repeat(30_000));
  });

  test('characters outside ASCII become question marks', () => {
    expect(decodeLatin1(encodeAscii('aäb'))).toBe('a?b');
  });

  test('hexadecimal digits survive, anything else is refused', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(parseHex(formatHex(bytes))).toEqual(bytes);
      }),
    );
    expect(parseHex('0g')).toBeUndefined();
    expect(parseHex('abc')).toBeUndefined();
  });
});

describe('an ICMP echo by its readers', () => {
  test('is what the decoder says, whatever the bytes', () => {
    const bytes = fc.uint8Array({ minLength: 6, maxLength: 20, size: 'max' });
    const start = fc.constantFrom(ICMP_ECHO_REQUEST, ICMP_ECHO_REPLY, 3, 11);
    fc.assert(
      fc.property(bytes, start, fc.boolean(), fc.nat(1), (random, type, isSound, code) => {
        random.set([type, code], 0);
        if (isSound) {
          random.set([0, 0], 2);
          writeUint16(internetChecksum(random, 0, random.length), random, 2);
        }
        const decoded = decodeIcmp(random, 0, random.length);
        expect(checkIcmp(random, 0, random.length)).toBe(
          typeof decoded === 'string' ? decoded : undefined,
        );
        if (typeof decoded === 'string') return;
        const echo = readEchoType(random, 0);
        const isEcho = decoded.kind === 'echo-request' || decoded.kind === 'echo-reply';
        expect(echo !== undefined).toBe(isEcho);
        if (!isEcho) return;
        expect(echo).toBe(decoded.kind === 'echo-request' ? ICMP_ECHO_REQUEST : ICMP_ECHO_REPLY);
        expect(readEchoIdentifier(random, 0)).toBe(decoded.identifier);
        expect(readEchoSequence(random, 0)).toBe(decoded.sequence);
      }),
    );
  });
});
