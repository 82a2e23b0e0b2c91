/**
 * A running 64-bit hash over words, numbers, text and bytes, in integer arithmetic only, so that every Node version
 * and every browser comes to the same digits. Made to notice any changed byte, order, length or time of a run; it
 * is no protection against somebody who wants a collision. Each step is the one of MurmurHash3 (x86, 32 bit),
 * on two lanes with different constants that feed each other.
 */

const TAG_NUMBER = 1;
const TAG_BIG_NUMBER = 2;
const TAG_TEXT = 3;
const TAG_BYTES = 4;
const TWO_32 = 0x1_0000_0000;

/** The hash; see the head of the file. */
export class TraceHash {
  #a = 0x9747b28c | 0;
  #b = 0x3c6ef372 | 0;
  #words = 0;

  /** Adds 32 bits. For a fixed state no two words lead to the same next state. */
  word(value: number): void {
    const a = this.#a ^ spread(value, 0xcc9e2d51, 15, 0x1b873593);
    const b = this.#b ^ spread(value, 0x85ebca77, 13, 0xc2b2ae3d);
    const mixedA = (Math.imul((a << 13) | (a >>> 19), 5) + 0xe6546b64) | 0;
    this.#a = mixedA;
    this.#b = (Math.imul((b << 17) | (b >>> 15), 5) + 0x561ccd1b + mixedA) | 0;
    this.#words = (this.#words + 1) | 0;
  }

  /** Adds a number: safe integers by their value, anything else by its text. */
  number(value: number): void {
    if (value === (value | 0)) {
      this.word(TAG_NUMBER);
      this.word(value);
    } else if (Number.isSafeInteger(value)) {
      this.word(TAG_BIG_NUMBER);
      this.word(value | 0);
      this.word(Math.floor(value / TWO_32) | 0);
    } else {
      this.text(String(value));
    }
  }

  /** Adds text, two UTF-16 units a word, with its length. */
  text(text: string): void {
    this.word((text.length << 3) | TAG_TEXT);
    let i = 0;
    for (; i + 1 < text.length; i += 2) {
      this.word(text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16));
    }
    if (i < text.length) this.word(text.charCodeAt(i));
  }

  /** Adds bytes, four a word, with their number. */
  bytes(bytes: Uint8Array): void {
    const length = bytes.length;
    this.word((length << 3) | TAG_BYTES);
    let i = 0;
    for (; i + 3 < length; i += 4) this.word(wordAt(bytes, i));
    let rest = 0;
    for (let shift = 0; i < length; i++, shift += 8) rest |= (bytes[i] as number) << shift;
    if (length % 4 !== 0) this.word(rest);
  }

  /** The two lanes so far, finished: each bit depends on every word before. Does not end the hash. */
  finish(): readonly [high: number, low: number] {
    let a = finalMix(this.#a ^ this.#words);
    let b = finalMix(this.#b + a);
    a = (a + b) | 0;
    b = (b + a) | 0;
    return [b >>> 0, a >>> 0];
  }

  /** 16 hexadecimal digits. */
  hex(): string {
    const [high, low] = this.finish();
    return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
  }
}

function spread(value: number, before: number, rotate: number, after: number): number {
  const product = Math.imul(value, before);
  return Math.imul((product << rotate) | (product >>> (32 - rotate)), after);
}

function finalMix(value: number): number {
  let h = value ^ (value >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
