/**
 * Scripts after reading: those that nobody tracks go, those that cannot be found go, and running any without
 * `enable_script_security` is what keepalived calls a security violation (`-t` then exits with 6).
 */

import type { ParseContext, ScriptFault } from './parse-context.ts';
import type { Location } from './reporter.ts';
import type { NotifyKind, ScriptDraft, TrackingDraft, VrrpScriptDraft } from './vrrp-draft.ts';

/** Where keepalived looks for a command without a slash if it has no PATH. Source: recorded with 2.2.7. */
const DEFAULT_PATH = '/usr/local/bin:/bin:/usr/bin:/usr/local/sbin:/sbin:/usr/sbin';

/** The order in which a process looks at its notification scripts. Source: recorded with 2.2.7. */
const NOTIFY_ORDER: readonly NotifyKind[] = [
  'notify_backup',
  'notify_master',
  'notify_fault',
  'notify_stop',
  'notify_deleted',
  'notify',
  'notify_master_rx_lower_pri',
];

/** Checks scripts of the VRRP process, which does not look at them when it has no instance. Source: seen with 2.2.7. */
export function checkVrrpScripts(context: ParseContext): void {
  const { vrrp } = context;
  if (vrrp.instances.length === 0) return;
  const everybody: readonly TrackingDraft[] = [...vrrp.instances, ...vrrp.groups];
  let running = false;
  let elsewhere: Location | undefined;
  const named = new Set<string>();
  for (const script of [...vrrp.scripts]) {
    // Of several with one name the first is meant.
    const isFirst = !named.has(script.name);
    named.add(script.name);
    const wanted =
      isFirst &&
      everybody.some((one) => one.trackedScripts.some((tracked) => tracked.name === script.name));
    const at = script.scriptAt ?? script.at;
    if (!wanted && executable(context, script.arguments) !== false) {
      const message = `vrrp_script ${script.name} is tracked by nobody and never runs`;
      context.remark('unused-script', message, at === undefined ? {} : { at });
      adviseFullPath(context, script.arguments);
      running ||= isCommand(script.arguments);
      elsewhere ??= at;
      vrrp.scripts = vrrp.scripts.filter((one) => one !== script);
      continue;
    }
    if (executable(context, script.arguments) !== false) {
      running ||= isCommand(script.arguments);
      adviseFullPath(context, script.arguments);
      script.arguments = withPath(context, script.arguments);
      continue;
    }
    disable(context, script, at);
    running ||= isFound(context, script.arguments);
    vrrp.scripts = vrrp.scripts.filter((one) => one !== script);
    for (const one of isFirst ? everybody : []) {
      one.trackedScripts = one.trackedScripts.filter((tracked) => tracked.name !== script.name);
    }
  }
  let notified: Location | undefined;
  for (const one of everybody) {
    for (const kind of NOTIFY_ORDER) {
      const script = one.notify.get(kind);
      if (script === undefined) continue;
      if (!keepNotify(context, script)) one.notify.delete(kind);
      if (isFound(context, script.arguments)) {
        running = true;
        notified ??= script.at;
      }
    }
  }
  for (const { script } of [context.global.fifo, context.global.vrrpFifo]) {
    if (script === undefined || !isFound(context, script.arguments)) continue;
    adviseFullPath(context, script.arguments);
    running = true;
    elsewhere ??= script.at;
  }
  const at = vrrp.scripts[0]?.scriptAt ?? notified ?? elsewhere;
  if (running) complainOfSecurity(context, { what: 'scripts', at });
}

/** Says why a track script goes. Source: the log of 2.2.7, which says nothing more about one that nobody may execute. */
function disable(context: ParseContext, script: VrrpScriptDraft, at: Location | undefined): void {
  const fault = faultOf(context, script.arguments);
  const more = {
    unplaced: true,
    ...(at === undefined ? {} : { at }),
    ...startTextOf(script.arguments, fault),
    word: script.arguments[0] ?? '',
    message: `'${script.arguments[0]}' is not there or cannot be executed: vrrp_script ${script.name} is removed from whoever tracks it`,
  };
  if (fault?.kind === 'not-executable') {
    context.remark('script-missing', more.message, more);
    return;
  }
  const why = fault?.kind === 'wrong-type' ? 'due to insecure' : 'since not found/accessible';
  context.complain('script-missing', `Disabling track script ${script.name} ${why}`, more);
}

function faultOf(context: ParseContext, command: readonly string[]): ScriptFault | undefined {
  const name = command[0] ?? '';
  return name.includes('/') ? context.machine.scriptFault?.(name) : undefined;
}

/** The line that says at a start what is wrong with a script. */
function startTextOf(
  command: readonly string[],
  fault: ScriptFault | undefined,
): { readonly startText?: string } {
  const name = command[0] ?? '';
  if (!name.includes('/')) return { startText: `Cannot find script ${name} in path - disabling` };
  switch (fault?.kind) {
    case undefined:
      return {};
    case 'missing':
      return { startText: `Script ${name} cannot be accessed - ${fault.reason}` };
    case 'wrong-type':
      return { startText: `Wrong file type found in script path '${name}'.` };
    case 'not-executable':
      return {
        startText: `WARNING - script '${name}' is not executable for uid:gid ${fault.user} - disabling.`,
      };
  }
}

/** startup_script and shutdown_script, which the parent runs; one that is not there is dropped. */
export function checkLifecycleScripts(context: ParseContext): void {
  const { global } = context;
  let running: ScriptDraft | undefined;
  for (const key of ['startupScript', 'shutdownScript'] as const) {
    const script = global[key];
    if (script === undefined) continue;
    if (!keepNotify(context, script)) delete global[key];
    if (isFound(context, script.arguments)) running ??= script;
  }
  if (running === undefined) return;
  complainOfSecurity(context, { what: 'start/shutdown scripts', at: running.at });
}

/** The command with the directory where keepalived found it. */
function withPath(context: ParseContext, command: readonly string[]): readonly string[] {
  const [name = '', ...others] = command;
  const found = pathOf(context, name);
  return found === undefined ? command : [found, ...others];
}

/** Where a command without a slash was found. */
function pathOf(context: ParseContext, name: string): string | undefined {
  if (name.includes('/')) return undefined;
  const { isExecutable } = context.machine;
  return pathsFor(context, name).find((one) => isExecutable?.(one));
}

function pathsFor({ machine }: ParseContext, name: string): readonly string[] {
  const folders = (machine.environment?.('PATH') ?? DEFAULT_PATH).split(':');
  return folders.map((folder) => `${folder}/${name}`);
}

/** A command that had to be looked for: keepalived names what it found, at a start. */
export function adviseFullPath(context: ParseContext, command: readonly string[]): void {
  const name = command[0] ?? '';
  const found = pathOf(context, name);
  if (found === undefined) return;
  context.reporter.sayAtStart(
    `WARNING - script \`${name}\` resolved by path search to \`${found}\`. Please specify full path.`,
  );
}

/** Whether a notification script can run; complains quietly when not. */
export function keepNotify(context: ParseContext, script: ScriptDraft): boolean {
  if (executable(context, script.arguments) !== false) {
    adviseFullPath(context, script.arguments);
    return true;
  }
  const message = `'${script.arguments[0]}' is not there or cannot be executed: it is never run`;
  const at = script.at === undefined ? {} : { at: script.at };
  const word = script.arguments[0] ?? '';
  const said = startTextOf(script.arguments, faultOf(context, script.arguments));
  context.remark('script-missing', message, { ...at, ...said, word });
  return false;
}

/** The security message, once per process. */
export function complainOfSecurity(
  context: ParseContext,
  given: {
    readonly what: 'scripts' | 'check scripts' | 'start/shutdown scripts';
    readonly at: Location | undefined;
  },
): void {
  if (context.global.scriptSecurity) return;
  const text = `SECURITY VIOLATION - ${given.what} are being executed but script_security not enabled.`;
  context.complain('script-security', text, {
    unplaced: true,
    level: 'security',
    ...(given.at === undefined ? {} : { at: given.at }),
    message: 'scripts run without enable_script_security; keepalived runs them and warns',
    hint: 'add enable_script_security (and script_user) to global_defs',
  });
}

/** Whether a command counts for the security message: one that is there and cannot be executed does too. */
export function isFound(context: ParseContext, command: readonly string[]): boolean {
  if (executable(context, command) !== false) return true;
  const fault = faultOf(context, command);
  return fault !== undefined && fault.kind !== 'missing';
}

/** Whether a command can be executed; `undefined` when the machine is not known. */
export function executable(context: ParseContext, command: readonly string[]): boolean | undefined {
  const { isExecutable } = context.machine;
  const name = command[0];
  if (isExecutable === undefined || name === undefined) return undefined;
  if (!isCommand(command)) return true;
  if (name.includes('/')) return isExecutable(name);
  return pathsFor(context, name).some((one) => isExecutable(one));
}

/** The old form `</path` names a file to read, which is no command and no danger. Source: seen with 2.2.7. */
function isCommand(words: readonly string[]): boolean {
  return words[0]?.startsWith('</') !== true;
}
