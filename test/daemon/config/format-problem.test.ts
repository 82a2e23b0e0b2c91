/** The one form of problems as text. */

import { describe, expect, it } from 'vitest';
import { formatProblem, formatProblems } from '../../../daemon/config/format-problem.ts';
import type { Problem } from '../../../daemon/config/problem.ts';
import { sourceLines } from '../../../daemon/config/source-text.ts';
import { loadText } from './memory-files.ts';

const problem: Problem = {
  code: 'config:bad-value',
  severity: 'warning',
  file: 'k.conf',
  line: 3,
  column: 8,
  message: 'no good',
};

describe('formatProblem', () => {
  it('place, message, code, line, caret, hint', () => {
    expect(formatProblem({ ...problem, hint: 'try 1' }, '\tvalue\tx')).toBe(
      [
        'k.conf:3:8: warning: no good [config:bad-value]',
        '    \tvalue\tx',
        '    \t     \t^',
        '  hint: try 1',
      ].join('\n'),
    );
  });

  it('without a column there is no caret, without a line no excerpt', () => {
    expect(formatProblem({ ...problem, column: 0 }, 'value x')).toBe(
      'k.conf:3: warning: no good [config:bad-value]\n    value x',
    );
    expect(formatProblem({ ...problem, line: 0, column: 0 }, undefined)).toBe(
      'k.conf: warning: no good [config:bad-value]',
    );
  });

  it('control characters do not reach the terminal', () => {
    expect(formatProblem({ ...problem, column: 3 }, 'a\u001b[31m')).toBe(
      'k.conf:3:3: warning: no good [config:bad-value]\n    a?[31m\n      ^',
    );
  });

  it('a long line is cut around the column', () => {
    const text = formatProblem(
      { ...problem, column: 500 },
      `${'x'.repeat(499)}Y${'z'.repeat(500)}`,
    );
    const [, shown = '', caret = ''] = text.split('\n');
    expect(shown.length).toBeLessThan(140);
    expect(shown[caret.indexOf('^')]).toBe('Y');
  });

  it('a whole file', () => {
    const text = [
      'global_defs {',
      '  router_id r1',
      '}',
      'vrrp_instance VI_1 {',
      '  interface eth0',
      '  virtual_router_id 51',
      '  priorty 100',
      '  advert_int many',
      '  virtual_ipaddress {',
      '    192.168.0.1',
      '  }',
      '}',
    ].join('\n');
    const lines = sourceLines(new TextEncoder().encode(text));
    expect(
      formatProblems(
        loadText(text, { path: '/etc/keepalived/keepalived.conf' }).problems,
        () => lines,
      ),
    ).toMatchInlineSnapshot(`
      "/etc/keepalived/keepalived.conf:7:3: warning: 'priorty' is no keyword here; keepalived skips the line and reads on [config:unknown-keyword]
            priorty 100
            ^
        hint: did you mean priority?
      /etc/keepalived/keepalived.conf:8:14: warning: (VI_1) Advert interval (many) not valid! Must be > 0 - ignoring [config:bad-value]
            advert_int many
                       ^"
    `);
  });
});
