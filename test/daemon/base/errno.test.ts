/** The words are those of glibc's strerror; numbers are compared with this machine's. */

import { getSystemErrorMap } from 'node:util';
import { expect, test } from 'vitest';
import {
  errnoNumber,
  errnoText,
  textOfErrno,
  textOfErrnoName,
} from '../../../daemon/base/errno.ts';

test('names and numbers belong together as on Linux', () => {
  const numbers = new Map([...getSystemErrorMap()].map(([number, [name]]) => [name, -number]));
  for (const name of ['EPERM', 'EACCES', 'EMSGSIZE', 'EADDRNOTAVAIL', 'EHOSTUNREACH'] as const) {
    expect(errnoNumber(name), name).toBe(numbers.get(name));
  }
});

test('one text, by name and by number; what is no name stays', () => {
  expect(errnoText('EHOSTDOWN')).toBe('Host is down');
  expect(textOfErrno(112)).toBe('Host is down');
  expect(textOfErrno(133)).toBe('error 133');
  expect([textOfErrnoName('ENONET'), textOfErrnoName('partial')]).toEqual([
    'Machine is not on the network',
    'partial',
  ]);
});
