/**
 * Scripts after reading: those that nobody tracks go, those that cannot be found go, and running any without
 * `enable_script_security` is what keepalived calls a security violation (`-t` then exits with 6).
 */

import type { ParseContext } from './parse-context.ts';
import type { Location } from './reporter.ts';
import type { ScriptDraft, TrackingDraft } from './vrrp-draft.ts';

/** Where keepalived looks for a command without a slash. Source: glibc's default path with /usr/local. */
const SCRIPT_PATH = ['/usr/local/bin', '/bin', '/usr/bin', '/usr/local/sbin', '/sbin', '/usr/sbin'];

/** Checks scripts of the VRRP process. */
export function checkVrrpScripts(context: ParseContext): void {
  const { vrrp } = context;
  const everybody: readonly TrackingDraft[] = [...vrrp.instances, ...vrrp.groups];
  let running = false;
  let elsewhere: Location | undefined;
  for (const script of [...vrrp.scripts]) {
    const wanted = everybody.some((one) =>
      one.trackedScripts.some((tracked) => tracked.name === script.name),
    );
    const at = script.scriptAt ?? script.at;
    if (!wanted && executable(context, script.arguments) !== false) {
      const message = `vrrp_script ${script.name} is tracked by nobody and never runs`;
      context.remark('unused-script', message, at === undefined ? {} : { at });
      running = true;
      elsewhere ??= at;
      vrrp.scripts = vrrp.scripts.filter((one) => one !== script);
      continue;
    }
    if (executable(context, script.arguments) !== false) {
      running = true;
      script.arguments = withPath(context, script.arguments);
      continue;
    }
    const text = `Disabling track script ${script.name} since not found/accessible`;
    context.complain('script-missing', text, {
      unplaced: true,
      ...(at === undefined ? {} : { at }),
      word: script.arguments[0] ?? '',
      message: `'${script.arguments[0]}' is not there or cannot be executed: vrrp_script ${script.name} is removed from whoever tracks it`,
    });
    vrrp.scripts = vrrp.scripts.filter((one) => one !== script);
    for (const one of everybody) {
      one.trackedScripts = one.trackedScripts.filter((tracked) => tracked.name !== script.name);
    }
  }
  let notified: Location | undefined;
  for (const one of everybody) {
    for (const [kind, script] of [...one.notify]) {
      if (!keepNotify(context, script)) one.notify.delete(kind);
      else {
        running = true;
        notified ??= script.at;
      }
    }
  }
  for (const { script } of [context.global.vrrpFifo, context.global.fifo]) {
    if (script === undefined || executable(context, script.arguments) === false) continue;
    running = true;
    elsewhere ??= script.at;
  }
  const at = vrrp.scripts[0]?.scriptAt ?? notified ?? elsewhere;
  if (running) complainOfSecurity(context, { what: 'scripts', at });
}

/** startup_script and shutdown_script, which the parent runs; one that is not there is dropped. */
export function checkLifecycleScripts(context: ParseContext): void {
  const { global } = context;
  let running: ScriptDraft | undefined;
  for (const key of ['startupScript', 'shutdownScript'] as const) {
    const script = global[key];
    if (script === undefined) continue;
    if (keepNotify(context, script)) running ??= script;
    else delete global[key];
  }
  if (running === undefined) return;
  complainOfSecurity(context, { what: 'start/shutdown scripts', at: running.at });
}

/** The command with the directory where keepalived found it. */
function withPath(context: ParseContext, command: readonly string[]): readonly string[] {
  const [name = '', ...others] = command;
  if (name.includes('/')) return command;
  const found = SCRIPT_PATH.find((one) => context.machine.isExecutable?.(`${one}/${name}`));
  return found === undefined ? command : [`${found}/${name}`, ...others];
}

/** Whether a notification script can run; complains quietly when not. */
export function keepNotify(context: ParseContext, script: ScriptDraft): boolean {
  if (executable(context, script.arguments) !== false) return true;
  const message = `'${script.arguments[0]}' is not there or cannot be executed: it is never run`;
  const at = script.at === undefined ? {} : { at: script.at };
  context.remark('script-missing', message, { ...at, word: script.arguments[0] ?? '' });
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

/** Whether a command can be executed; `undefined` when the machine is not known. */
export function executable(context: ParseContext, command: readonly string[]): boolean | undefined {
  const { isExecutable } = context.machine;
  const name = command[0];
  if (isExecutable === undefined || name === undefined) return undefined;
  if (name.startsWith('</')) return true;
  if (name.includes('/')) return isExecutable(name);
  return SCRIPT_PATH.some((directory) => isExecutable(`${directory}/${name}`));
}
