import { describe, expect, it } from 'vitest';
import { ACTION_TABLE } from '../../../sim/scenario/actions/action-table.ts';
import { ACTION_NAMES } from '../../../sim/session/protocol.ts';

describe('protocol', () => {
  it('names only actions that scenario files have', () => {
    expect(ACTION_NAMES.filter((name) => !ACTION_TABLE.has(name))).toEqual([]);
  });
});
