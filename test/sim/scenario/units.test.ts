import { describe, expect, test } from 'vitest';
import {
  parseDuration,
  parseEpoch,
  parsePercent,
  parseRate,
} from '../../../sim/scenario/schema/units.ts';

describe('durations', () => {
  test.each([
    ['10s', 10_000_000],
    ['3.7s', 3_700_000],
    ['3.648s', 3_648_000],
    ['100ms', 100_000],
    ['200us', 200],
    ['2m', 120_000_000],
    ['1h', 3_600_000_000],
    ['0s', 0],
    ['-30s', -30_000_000],
  ])('%s is read', (text, us) => {
    expect(parseDuration(text)).toBe(us);
  });
  test.each(['3', '3.7', 's', '3 s', '0.5us', '1e3s', '3S', '', '1.s', '999999999999h'])(
    "'%s' is refused",
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );
});

describe('chances', () => {
  test('percents are exact fractions', () => {
    expect(parsePercent('1%')).toEqual({ numerator: 1, denominator: 100 });
    expect(parsePercent('0.5%')).toEqual({ numerator: 5, denominator: 1000 });
    expect(parsePercent('100%')).toEqual({ numerator: 100, denominator: 100 });
  });
  test.each(['1', '101%', '-1%', '%', '1 %'])("'%s' is refused", (text) => {
    expect(parsePercent(text)).toBeUndefined();
  });
});

test('rates are bits per second', () => {
  expect(parseRate('1Gbit')).toBe(1_000_000_000);
  expect(parseRate('64kbit')).toBe(64_000);
  expect(parseRate('2.5Gbit')).toBe(2_500_000_000);
  expect(parseRate('0bit')).toBeUndefined();
  expect(parseRate('1G')).toBeUndefined();
});

test('epochs are read as UTC, as Date reads them', () => {
  for (const text of ['1970-01-01T00:00:00Z', '2024-02-29T23:59:59Z', '2026-11-20T12:30:00Z']) {
    expect(parseEpoch(text)).toBe(Date.parse(text) * 1000);
  }
  expect(parseEpoch('2026-01-01')).toBe(Date.parse('2026-01-01T00:00:00Z') * 1000);
  expect(parseEpoch('2026-13-01')).toBeUndefined();
});
