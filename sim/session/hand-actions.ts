/**
 * What people do by hand, as actions like those of scenario files: the same rows of the same table wherever there is one, so
 * that what was done can be replayed and saved. Each comes with its text for a scenario's `do:`.
 */

import { formatIp, parseIp } from '../../daemon/wire/ip-address.ts';
import type { ExecHandle } from '../host/host-api.ts';
import { type ActionContext, hostOf, splitPort, type Target } from '../scenario/actions/action.ts';
import {
  ACTION_TABLE,
  type AnyActionRow,
  type BoundAction,
} from '../scenario/actions/action-table.ts';
import type { LivingLan } from '../topology/living-lan.ts';
import type { ActionArguments, ActionName } from './protocol.ts';

/** Something to be done now. */
export interface HandAction {
  readonly actions: readonly BoundAction[];
  /** Each action as it stands in a scenario file: `{ unplug: 'srv-1:eth1' }`. */
  readonly documents: readonly ActionDocument[];
  /** Words instead of the action's own. */
  readonly name?: string;
}

/** One action in the words of a scenario file. */
export type ActionDocument =
  | { readonly kind: 'action'; readonly name: string; readonly args: unknown }
  | {
      readonly kind: 'exec';
      readonly terminal: string;
      readonly host: string;
      readonly line: string;
    }
  | { readonly kind: 'cancel'; readonly terminal: string };

/** Why it cannot be done. */
export interface HandProblem {
  readonly code: 'unknown-name' | 'bad-arguments';
  readonly message: string;
}

/** Hears what a terminal's command prints and how it ends; not called while a run is only replayed. */
export interface TerminalEars {
  output(terminal: string, stream: 'stdout' | 'stderr', text: string): void;
  exit(terminal: string, code: number): void;
}

/** Finds the ears and running commands that belong to a LAN; a replayed one has commands but no ears. */
export interface TerminalPlace {
  ears(lan: LivingLan): TerminalEars | undefined;
  running(lan: LivingLan): Map<string, ExecHandle>;
}

const CONFIG_PATH = '/etc/keepalived/keepalived.conf';
const EXIT_UNREACHABLE = 255;

/** An action of the closed table, its arguments read by the table's own schema and checked against the LAN. */
export function tableAction(
  name: ActionName | 'script',
  args: ActionArguments,
  lan: LivingLan,
): HandAction | HandProblem {
  const row = ACTION_TABLE.get(name);
  const read = row?.schema.safeParse(args);
  if (row === undefined || read?.success !== true) {
    const message = read?.error?.issues[0]?.message ?? 'unknown action';
    return { code: 'bad-arguments', message: `${name}: ${message}` };
  }
  if ((row.files?.(read.data) ?? []).length > 0) {
    return { code: 'bad-arguments', message: `${name}: files are named in scenario files only` };
  }
  for (const target of row.targets(read.data)) {
    if (!isThere(target, lan)) {
      return { code: 'unknown-name', message: `there is no ${target.kind} '${target.name}'` };
    }
  }
  return {
    actions: [{ row, args: read.data }],
    documents: [{ kind: 'action', name, args }],
  };
}

function isThere(target: Target, lan: LivingLan): boolean {
  const { node, port } = splitPort(target.name);
  switch (target.kind) {
    case 'host':
      return lan.hosts.has(target.name);
    case 'switch':
      return lan.switches.has(target.name);
    case 'switch-port':
      return lan.switches.get(node)?.ports.some((one) => one.name === port) === true;
    case 'cable':
      return lan.spec.cables.some(({ a, b }) =>
        [a, b].some((end) => end.node === node && (port === undefined || end.port === port)),
      );
    case 'nic':
      return lan.hosts.get(node)?.kernel?.link(port ?? '') !== undefined;
  }
}

/** A command line in a terminal. */
export function execAction(
  what: { readonly terminal: string; readonly host: string; readonly line: string },
  place: TerminalPlace,
): HandAction {
  const { terminal, host, line } = what;
  const row: AnyActionRow = {
    ...(ACTION_TABLE.get('exec') as AnyActionRow),
    targets: () => [],
    words: () => `${host} ${line}`,
    perform: (context) => performExec(context, what, place),
  };
  return {
    actions: [{ row, args: undefined }],
    documents: [{ kind: 'exec', terminal, host, line }],
  };
}

function performExec(
  context: ActionContext,
  what: { readonly terminal: string; readonly host: string; readonly line: string },
  place: TerminalPlace,
): void {
  const { lan } = context;
  const { terminal, line } = what;
  const host = hostOf(context, what.host);
  if (host.power !== 'on') {
    context.refused(`${what.host} is not running: ${line}`);
    place.ears(lan)?.output(terminal, 'stderr', `${what.host} is ${host.power}\n`);
    place.ears(lan)?.exit(terminal, EXIT_UNREACHABLE);
    return;
  }
  const running = place.running(lan);
  let ended = false;
  const handle = host.exec(
    line,
    (result) => {
      ended = true;
      running.delete(terminal);
      context.onOutput(what.host, line, result);
      place.ears(lan)?.exit(terminal, result.exitCode);
    },
    (stream, text) => place.ears(lan)?.output(terminal, stream, text),
  );
  if (!ended) running.set(terminal, handle);
}

/** Ctrl+C in a terminal. */
export function cancelAction(terminal: string, place: TerminalPlace): HandAction {
  const row: AnyActionRow = {
    ...(ACTION_TABLE.get('exec') as AnyActionRow),
    targets: () => [],
    words: () => 'Ctrl+C',
    perform: (context) => place.running(context.lan).get(terminal)?.cancel(),
  };
  return { actions: [{ row, args: undefined }], documents: [{ kind: 'cancel', terminal }] };
}

/** A new keepalived.conf: written as somebody at the host's shell would, then reloaded. */
export function reloadAction(host: string, text: string, lan: LivingLan): HandAction | HandProblem {
  if (!lan.hosts.has(host)) return { code: 'unknown-name', message: `there is no host '${host}'` };
  const quoted = `'${text.replace(/\n$/, '').replaceAll("'", `'"'"'`)}'`;
  const args = { host, command: `echo ${quoted} > ${CONFIG_PATH}` };
  const exec = ACTION_TABLE.get('exec') as AnyActionRow;
  const reload = tableAction('reload', host, lan);
  if ('code' in reload) return reload;
  return {
    actions: [{ row: exec, args: exec.schema.parse(args) }, ...reload.actions],
    documents: [{ kind: 'action', name: 'exec', args }, ...reload.documents],
    name: `${host} reloads an edited keepalived.conf`,
  };
}

/** The address that a ping goes to: an address as it is, a host by its first card. */
export function pingTarget(to: string, lan: LivingLan): string | undefined {
  const address = parseIp(to);
  if (address !== undefined) return formatIp(address);
  const spec = lan.spec.hosts.find((host) => host.name === to);
  const first = spec?.nics.flatMap((nic) => nic.addresses)[0];
  return first === undefined ? undefined : formatIp(first.address);
}

/** The terminal that a ping runs in; clients cannot name one so. */
export function pingTerminal(id: number): string {
  return `\u0000ping ${id}`;
}
