import { describe, expect, it } from 'vitest';
import {
  EMPTY_LINE,
  type LineDeed,
  type LineState,
  typeKey,
} from '../../ui/src/words/terminal-line.ts';

const world = {
  history: ['ip addr', 'ping -c 3 192.168.0.200'],
  words: (before: readonly string[]) =>
    before.length === 0 ? ['ip', 'iptables', 'ping', 'systemctl'] : ['eth0', 'eth1', 'lo'],
};

/** Types keys one after the other; `|` in the result is the cursor. */
function typed(...keys: string[]): { text: string; deeds: LineDeed[] } {
  let line: LineState = EMPTY_LINE;
  const deeds: LineDeed[] = [];
  for (const key of keys) {
    const next = typeKey(line, key, world);
    line = next.line;
    deeds.push(...next.deeds);
  }
  const { text, cursor } = line;
  return { text: `${text.slice(0, cursor)}|${text.slice(cursor)}`, deeds };
}

const LEFT = '\x1b[D';
const UP = '\x1b[A';
const DOWN = '\x1b[B';

describe("a terminal's line", () => {
  it.each([
    [['abc', LEFT, 'X'], 'abX|c'],
    [['abc', '\x01', 'X'], 'X|abc'],
    [['abc', '\x01', '\x05', '\x7f'], 'ab|'],
    [['abc', LEFT, LEFT, '\x1b[3~'], 'a|c'],
    [['ip addr show', '\x17'], 'ip addr |'],
    [['ip addr show', LEFT, LEFT, LEFT, LEFT, '\x15'], '|show'],
    [['ip addr', '\x01', '\x0b'], '|'],
    [['\x7f', LEFT], '|'],
    [['a\x07b\x1b[200~'], 'ab|'],
    [['\x1b[99~'], '|'],
  ])('%j gives %s', (keys, expected) => {
    expect(typed(...keys).text).toBe(expected);
  });

  it('goes through the history and comes back to what was typed', () => {
    expect(typed('cu', UP).text).toBe('ping -c 3 192.168.0.200|');
    expect(typed('cu', UP, UP, UP).text).toBe('ip addr|');
    expect(typed('cu', UP, UP, DOWN, DOWN, DOWN).text).toBe('cu|');
  });

  it('runs a line with Enter, every line of a paste, and keeps the unfinished one', () => {
    const { text, deeds } = typed('\x1b[200~ip addr\r\nip neigh\nping\x1b[201~');
    expect(deeds.filter((deed) => deed.kind === 'run')).toEqual([
      { kind: 'run', line: 'ip addr' },
      { kind: 'run', line: 'ip neigh' },
    ]);
    expect(text).toBe('ping|');
    expect(typed('id', '\r').deeds.at(-2)).toEqual({ kind: 'run', line: 'id' });
  });

  it('completes as far as it is clear and offers the rest', () => {
    expect(typed('s', '\t').text).toBe('systemctl |');
    expect(typed('i', '\t').text).toBe('ip|');
    expect(typed('ip', '\t').deeds.at(-1)).toEqual({ kind: 'choices', words: ['ip', 'iptables'] });
    expect(typed('ip addr show dev e', '\t').text).toBe('ip addr show dev eth|');
    expect(typed('xyz', '\t')).toMatchObject({ text: 'xyz|', deeds: [{ kind: 'draw' }] });
  });

  it('gives the line up with Ctrl+C, and takes no line that is too long', () => {
    expect(typed('ip addr', '\x03')).toMatchObject({ text: '|' });
    expect(typed('ip addr', '\x03').deeds.at(-1)).toEqual({ kind: 'cancel' });
    expect(typed('x'.repeat(1001)).text).toBe('|');
  });
});
