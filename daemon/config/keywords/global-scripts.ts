/** `global_defs`: scripts and FIFOs. */

import type { FifoDraft } from '../global-draft.ts';
import { type KeywordRow, row } from '../keyword-row.ts';
import type { ParseContext } from '../parse-context.ts';
import { noScriptUser } from '../script-user.ts';
import { readScript } from './arguments.ts';

type Words = readonly string[];

/** Rows about scripts. */
export const globalScriptRows: readonly KeywordRow[] = [
  row('script_user USER [GROUP]', 'P1', (context, words) => {
    const user = words[1];
    if (user === undefined) {
      context.complain('bad-value', 'No script username specified');
      return;
    }
    const { hasUser, hasGroup } = context.machine;
    const group = words[2];
    const isUnknown = hasUser?.(user) === false;
    // Having failed once, 2.2.7 takes no other user.
    const hasFailed = context.global.scriptUserFails === true;
    if (hasFailed || isUnknown || (group !== undefined && hasGroup?.(group) === false)) {
      context.complain('unknown-user', 'Error setting global script uid/gid', {
        word: user,
        message: `user '${user}' does not exist on this host: scripts that name no user are removed`,
        ...(isUnknown && context.process === 'parent' ? { startText: noScriptUser(user) } : {}),
      });
      context.global.scriptUserFails = true;
      return;
    }
    context.global.scriptUserFails = false;
    context.global.scriptUser = user;
    if (words[2] !== undefined) context.global.scriptGroup = words[2];
  }),
  row('enable_script_security', 'P1', ({ global }) => {
    global.scriptSecurity = true;
  }),
  ...fifoRows('', ({ global }) => global.fifo),
  ...fifoRows('vrrp_', ({ global }) => global.vrrpFifo),
  ...fifoRows('lvs_', ({ global }) => global.lvsFifo),
  row('vrrp_notify_priority_changes [BOOL]', 'P3', (context, words) => {
    const text = `Invalid value '${words[1]}' for global vrrp_notify_priority_changes specified`;
    const value = context.boolean(words, text);
    if (value !== undefined) context.global.notifyPriorityChanges = value;
  }),
  row('fifo_write_vrrp_states_on_reload', 'P3', ({ global }) => {
    global.fifoStatesOnReload = true;
  }),
  ...lifecycleRows('startup'),
  ...lifecycleRows('shutdown'),
];

function fifoRows(
  type: string,
  fifoOf: (context: ParseContext) => FifoDraft,
): readonly KeywordRow[] {
  return [
    row(`${type}notify_fifo PATH [USER [GROUP]]`, 'P2', (context, words) => {
      const fifo = fifoOf(context);
      const path = words[1];
      if (path === undefined) {
        context.complain('bad-value', `No ${type}notify_fifo name specified`);
      } else if (fifo.path !== undefined) {
        const text = `${type}notify_fifo already specified - ignoring ${path}`;
        context.complain('duplicate', text, { word: path });
      } else {
        fifo.path = path;
        if (words[2] !== undefined) fifo.user = words[2];
        if (words[3] !== undefined) fifo.group = words[3];
      }
    }),
    row(`${type}notify_fifo_script COMMAND [USER [GROUP]]`, 'P2', (context, words) => {
      const fifo = fifoOf(context);
      if (words[1] === undefined) {
        context.complain('bad-value', `No ${type}notify_fifo_script specified`);
      } else if (fifo.script !== undefined) {
        const text = `${type}notify_fifo_script already specified - ignoring ${words[1]}`;
        context.complain('duplicate', text, { word: words[1] });
      } else {
        const script = readScript(context);
        if (script !== undefined) fifo.script = script;
      }
    }),
  ];
}

function lifecycleRows(when: 'startup' | 'shutdown'): readonly KeywordRow[] {
  const keyword = `${when}_script`;
  return [
    row(`${keyword} COMMAND [USER [GROUP]]`, 'P3', (context, words) => {
      const { global } = context;
      const known = when === 'startup' ? global.startupScript : global.shutdownScript;
      if (known !== undefined) {
        const word = words[1] ?? words[0] ?? '';
        context.complain('duplicate', `${when} script already specified`, { word });
      } else if (words[1] === undefined) context.complain('bad-value', `${when} script missing`);
      else {
        const script = readScript(context);
        if (script === undefined) {
          context.complain('bad-value', `Invalid ${when} script`, { word: words[1] });
          return;
        }
        if (when === 'startup') global.startupScript = script;
        else global.shutdownScript = script;
      }
    }),
    row(`${keyword}_timeout 1..1000`, 'P3', (context, words: Words) => {
      if (words[1] === undefined) {
        context.complain('bad-value', `${keyword}_timeout requires value`);
        return;
      }
      const text = `${keyword}_timeout '${words[1]}' must be in [1, 1000] - ignoring`;
      const result = context.unsigned(words, { least: 1, most: 1000, lenient: true, text });
      if (!result.usable) return;
      if (when === 'startup') context.global.startupTimeoutUs = result.value * 1_000_000;
      else context.global.shutdownTimeoutUs = result.value * 1_000_000;
    }),
  ];
}
