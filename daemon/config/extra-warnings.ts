/**
 * What keepalived lets pass and people stumble over: a comment character that cuts a value, one virtual
 * address twice. The same codes are used by `check`.
 */

import { formatPrefix } from '../wire/ip-address.ts';
import type { ParseContext } from './parse-context.ts';
import type { Reporter } from './reporter.ts';
import { nearest } from './suggest.ts';

/** Remarks on a comment that begins in the middle of a word: it was hardly meant as one. */
export function remarkOnComment(reporter: Reporter, line: string, commentAt: number): void {
  const before = line[commentAt - 1];
  if (before === undefined || /[\s}{]/.test(before)) return;
  const start = line.slice(0, commentAt).search(/[^ \t]+$/);
  const word = line.slice(start).split(/[ \t]/)[0] ?? '';
  const kept = line.slice(start, commentAt);
  const keyword = line.trim().split(/[ \t]/)[0] ?? '';
  const secret = keyword === 'auth_pass' || keyword === 'password';
  const mark = line[commentAt] ?? '#';
  reporter.report({
    code: secret ? 'config:password-cut' : 'config:value-cut',
    message: `'${mark}' begins a comment: of '${word}' only '${kept}' counts`,
    hint: `write "${word}" in double quotes`,
    word,
  });
}

/**
 * Remarks on what looks like the use of a definition that this host has not: keepalived leaves it as it is and falls over
 * the pieces. In quotes it is likelier a variable of a shell.
 */
export function remarkOnUndefinedUses(
  reporter: Reporter,
  line: string,
  known: {
    readonly definitions: ReadonlyMap<string, unknown>;
    readonly elsewhere: ReadonlyMap<string, string>;
    readonly configId: string;
  },
): void {
  for (const [use, braced, bare] of line.matchAll(/\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/g)) {
    const name = braced ?? bare ?? '';
    if (known.definitions.has(name)) continue;
    const condition = known.elsewhere.get(name);
    if (condition !== undefined) {
      reporter.report({
        code: 'config:undefined-use',
        message: `${use} is defined for ${condition}, and the configuration id here is '${known.configId}': it stays as it is`,
        hint: 'the id is the host name; keepalived -i and lantwin check --config-id name another',
        word: use,
      });
    } else if (braced !== undefined && !/["']/.test(line)) {
      const near = nearest(name, known.definitions.keys());
      reporter.report({
        code: 'config:undefined-use',
        message: `${use} is not defined above: it stays as it is`,
        ...(near === undefined ? {} : { hint: `did you mean ${near}?` }),
        word: use,
      });
    }
  }
}

/** Remarks on virtual addresses that occur twice. */
export function remarkOnAddresses(context: ParseContext): void {
  const owners = new Map<string, string>();
  for (const instance of context.vrrp.instances) {
    for (const one of [...instance.vips, ...instance.evips]) {
      const text = formatPrefix(one);
      const key = `${text} ${one.interface}`;
      const owner = owners.get(key);
      if (owner === undefined) {
        owners.set(key, instance.name);
        continue;
      }
      const where =
        owner === instance.name ? `twice in ${owner}` : `in ${owner} and in ${instance.name}`;
      context.remark('duplicate-address', `virtual address ${text} is listed ${where}`, {
        word: one.written,
        ...(one.at === undefined ? {} : { at: one.at }),
        hint: 'two owners of one address on a host take it from each other',
      });
    }
  }
}
