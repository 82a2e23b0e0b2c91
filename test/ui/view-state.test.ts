import { describe, expect, it } from 'vitest';
import type { CableView, HostView } from '../../sim/session/protocol-views.ts';
import { intentOf, KEYS, type KeyPress } from '../../ui/src/store/keys.ts';
import {
  appendRows,
  indexAfter,
  mergePage,
  ROWS_MAX,
  replaceRows,
} from '../../ui/src/store/row-buffer.ts';
import { formatAddress, parseAddress } from '../../ui/src/store/view-address.ts';
import { masterNews, mastersOf } from '../../ui/src/words/announce.ts';
import { hexLines } from '../../ui/src/words/hex-lines.ts';
import { cableStateText, hostSentence } from '../../ui/src/words/state-words.ts';
import { lengthText, parseTime, secondsText } from '../../ui/src/words/time-text.ts';

describe('the address of a view', () => {
  it('comes back as it was written', () => {
    const view = {
      t: 12_345_678,
      sel: 'cable:srv-1:eth1-sw1:1',
      tab: 'events',
      f: 'vrrp and ip.addr == 192.168.0.200',
      theme: 'dark',
      p: '17',
      s: 'three-servers/tour.twin.yml',
      htab: 'terminal',
      frame: 'kiosk',
    } as const;
    expect(parseAddress(formatAddress(view, ''))).toEqual(view);
  });

  it('keeps what others put into the fragment and drops its own old values', () => {
    const fragment = formatAddress({ t: 5 }, '#token=abc&kiosk=1&t=99&f=arp');
    expect(Object.fromEntries(new URLSearchParams(fragment.slice(1)))).toEqual({
      token: 'abc',
      t: '5',
    });
  });

  it.each(['#t=-1', '#t=abc', '#theme=pink', `#f=${'x'.repeat(501)}`, '#%%%'])(
    'leaves out what makes no sense: %s',
    (fragment) => {
      expect(parseAddress(fragment.slice(0, 520))).toEqual({});
    },
  );
});

describe('keys', () => {
  it('are all found by their own press', () => {
    for (const line of KEYS) {
      const [before, key] = line.key.length === 2 ? line.key : ['', line.key];
      if (line.intent === 'palette') continue;
      expect(intentOf(press({ key: key ?? '', before: before ?? '' }))).toBe(line.intent);
    }
  });

  it.each([
    ['a text field is typed into', { focus: 'text' }],
    ['Ctrl, Alt or Meta is held', { modified: true }],
    ['they are switched off', { enabled: false }],
  ] as const)('do nothing while %s', (_, change) => {
    for (const { key } of KEYS) expect(intentOf(press({ key, ...change }))).toBeUndefined();
  });

  it('leave Space to a focused button, and nothing else', () => {
    expect(intentOf(press({ key: ' ', focus: 'button' }))).toBeUndefined();
    expect(intentOf(press({ key: 'u', focus: 'button' }))).toBe('unplug');
  });

  it('find anything with Ctrl+K, wherever the focus is and even when single keys are off', () => {
    const ctrlK = { key: 'k', modified: true, command: true } as const;
    expect(intentOf(press({ ...ctrlK, focus: 'text', enabled: false }))).toBe('palette');
    expect(intentOf(press({ key: 'k' }))).toBe('power');
  });

  function press(change: Partial<KeyPress>): KeyPress {
    const none = { key: '', modified: false, command: false, before: '', enabled: true };
    return { ...none, focus: 'other', ...change };
  }
});

describe('rows of a growing list', () => {
  it('are put behind those known; repeated ones replace', () => {
    const rows = numbered(1, 2);
    appendRows(rows, [{ id: 2, at: 99 }, ...numbered(3)]);
    expect(rows).toEqual([{ id: 1, at: 1 }, { id: 2, at: 99 }, ...numbered(3)]);
  });

  it('take an earlier page before those known', () => {
    const rows = numbered(5, 6);
    mergePage(rows, numbered(2, 3, 5));
    expect(rows).toEqual(numbered(2, 3, 5, 6));
  });

  it('change in place when a loss is told later; unknown ones stay out', () => {
    const rows = numbered(1, 3);
    replaceRows(rows, [
      { id: 3, at: 77 },
      { id: 2, at: 0 },
    ]);
    expect(rows).toEqual([
      { id: 1, at: 1 },
      { id: 3, at: 77 },
    ]);
  });

  it('give up the oldest beyond their limit', () => {
    const rows = numbered(0);
    appendRows(
      rows,
      Array.from({ length: ROWS_MAX }, (_, index) => ({ id: index + 1, at: index })),
    );
    expect(rows).toHaveLength(ROWS_MAX);
    expect(rows[0]?.id).toBe(1);
  });

  it('are found by moment', () => {
    expect(indexAfter(numbered(1, 2, 3), 2)).toBe(2);
    expect(indexAfter(numbered(1, 2, 3), 9)).toBe(3);
  });

  function numbered(...ids: number[]): { id: number; at: number }[] {
    return ids.map((id) => ({ id, at: id }));
  }
});

describe('words', () => {
  it('announce a failover and nothing else', () => {
    const before = mastersOf([host('srv-1', 'MASTER'), host('srv-2', 'BACKUP')]);
    const after = mastersOf([host('srv-1', 'FAULT'), host('srv-2', 'MASTER')]);
    expect(masterNews(before, after)).toEqual(['srv-2 is MASTER of VRID 88']);
    expect(masterNews(after, after)).toEqual([]);
    const both = mastersOf([host('srv-1', 'MASTER'), host('srv-2', 'MASTER')]);
    expect(masterNews(after, both)).toEqual(['VRID 88 has 2 masters: srv-1 and srv-2']);
    const none = mastersOf([host('srv-1', 'BACKUP'), host('srv-2', 'BACKUP')]);
    expect(masterNews(after, none)).toEqual(['VRID 88 has no master']);
  });

  it('say a host in one sentence', () => {
    expect(hostSentence(host('srv-1', 'MASTER'))).toBe(
      'srv-1, on, MASTER of VRID 88, priority 101, holds 10.0.0.1',
    );
  });

  it('say what a cable does to each direction', () => {
    const ways = { aToB: { lossPercent: 5 }, bToA: { delayUs: 20_000 } };
    expect(cableStateText(cableOf({ light: 'impaired', ...ways }))).toBe(
      '→ loss 5 %; ← delay 20 ms',
    );
    expect(cableStateText(cableOf({ light: 'ok' }))).toBe('link up');
    expect(cableStateText(cableOf({ light: 'unplugged', plugged: false }))).toBe('unplugged');
  });

  it('print moments as Wireshark does and lengths for people', () => {
    expect(secondsText(12_345_678)).toBe('12.345678');
    expect(secondsText(12_345_678, 0)).toBe('12');
    expect(lengthText(3_609_375)).toBe('3.60 s');
    expect(lengthText(310_400)).toBe('310 ms');
    expect(lengthText(7)).toBe('7 µs');
  });

  it.each([
    ['5s', 5_000_000],
    ['250ms', 250_000],
    ['1.5', 1_500_000],
    ['7us', 7],
    ['soon', undefined],
  ])('read %s as a time', (text, us) => {
    expect(parseTime(text)).toBe(us);
  });

  it('print bytes sixteen a line with letters', () => {
    const [first, second] = hexLines(`${'41'.repeat(16)}00ff7e`);
    expect(first).toMatchObject({ offset: 0, letters: Array(16).fill('A') });
    expect(second).toEqual({ offset: 16, bytes: ['00', 'ff', '7e'], letters: ['.', '.', '~'] });
  });
});

function host(name: string, state: 'MASTER' | 'BACKUP' | 'FAULT'): HostView {
  return {
    name,
    power: 'on',
    nics: [],
    units: [],
    vips: state === 'MASTER' ? ['10.0.0.1'] : [],
    changedAt: 0,
    instances: [
      {
        name: 'VI_1',
        vrid: 88,
        interface: 'eth1',
        state,
        basePriority: 101,
        effectivePriority: 101,
        addresses: ['10.0.0.1'],
        lastTransitionAt: 0,
      },
    ],
  };
}

function cableOf(change: Partial<CableView>): CableView {
  const base = { id: 'c', plugged: true, carrierA: true, carrierB: true, changedAt: 0 };
  return { ...base, light: 'ok', aToB: {}, bToA: {}, ...change };
}
