/**
 * Who runs a script that names no user: whoever `script_user` names, else `keepalived_script`, else the daemon's
 * own user (root). Where `script_user` names nobody that exists, or nobody is named, `keepalived_script` is
 * missing and `enable_script_security` is set, there is no such user, and every script that names none is removed.
 *
 * Source: `keepalived -t` of 2.2.7 on a machine without `keepalived_script`, as Debian's package leaves it.
 */

import type { ParseContext } from './parse-context.ts';

/** The user that keepalived looks for by itself. */
export const DEFAULT_SCRIPT_USER = 'keepalived_script';

/**
 * Whether keepalived's own user for scripts is missing. At a start each process that looks for it says so, once, unless
 * the parent did. Source: recorded starts of 2.2.7 (test/golden/keepalived/script-lines).
 */
function isDefaultUserMissing(context: ParseContext): boolean {
  const { global, machine } = context;
  if (global.scriptUser !== undefined || machine.hasUser?.(DEFAULT_SCRIPT_USER) !== false) {
    return false;
  }
  if (global.defaultUserTold !== true)
    context.reporter.sayAtStart(noScriptUser(DEFAULT_SCRIPT_USER));
  if (context.process === 'parent') global.defaultUserTold = true;
  return true;
}

/** keepalived's words at a start. */
export function noScriptUser(name: string): string {
  return `Script user '${name}' does not exist`;
}

/**
 * True when there is nobody to run a script that names no user. keepalived tries once in each of its processes and
 * says then why it fails; children know what their parent found.
 */
export function lacksDefaultUser(context: ParseContext): boolean {
  const { global } = context;
  if (global.scriptUserFails !== undefined) return global.scriptUserFails;
  if (context.defaultUserFails !== undefined) return context.defaultUserFails;
  const fails = isDefaultUserMissing(context) && global.scriptSecurity;
  if (context.process === 'parent') global.scriptUserFails = fails;
  context.defaultUserFails = fails;
  if (!fails) return false;
  context.complain('unknown-user', `Unable to set default user ${DEFAULT_SCRIPT_USER} for script`, {
    message: `enable_script_security is set, no script_user is named and user ${DEFAULT_SCRIPT_USER} does not exist: scripts that name no user are removed`,
    hint: 'add script_user to global_defs',
  });
  return true;
}
