/** What is tracked, as keepalived dumps it (`dump-vrrp.ts`): scripts, files, processes, and who tracks them. */

import type {
  TrackedItem,
  VrrpConfig,
  VrrpInstanceConfig,
  VrrpScriptConfig,
} from '../vrrp/vrrp-config.ts';
import { quoted } from './dump-notify.ts';
import { type IdsOf, rootOnly } from './user-ids.ts';

/** Lines under their title; nothing without lines. */
export function list(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [title, ...lines];
}

/** What an instance or a group tracks. */
export function dumpTracking(
  one: Pick<
    VrrpInstanceConfig,
    'trackedInterfaces' | 'trackedScripts' | 'trackedFiles' | 'trackedProcesses' | 'trackedBfds'
  >,
  titles: { readonly processes: string },
): readonly string[] {
  const plain = (item: TrackedItem) => `     ${item.name} weight ${weightText(item)}`;
  const comma = (item: TrackedItem) => `     ${item.name}, weight ${weightText(item)}`;
  return [
    ...list(
      '   Tracked interfaces :',
      one.trackedInterfaces.map((item) => plain({ ...item, name: item.interface })),
    ),
    ...list('   Tracked scripts :', one.trackedScripts.map(plain)),
    ...list('   Tracked files :', one.trackedFiles.map(comma)),
    ...list(titles.processes, one.trackedProcesses.map(comma)),
    ...list(
      '   Tracked BFDs :',
      one.trackedBfds.map((item) => `     ${item.name}: weight ${weightText(item)}`),
    ),
  ];
}

function weightText(item: { readonly weight: number; readonly reverse: boolean }): string {
  return `${item.weight}${item.reverse ? ' reverse' : ''}`;
}

/** The old form `</path`, which is no command. */
function isInput(script: VrrpScriptConfig): boolean {
  return script.arguments[0]?.startsWith('</') === true;
}

/** A `vrrp_script`. */
export function dumpScript(
  script: VrrpScriptConfig,
  config: VrrpConfig,
  idsOf: IdsOf = rootOnly,
): readonly string[] {
  const timeout = script.timeoutConfigured === true ? script.timeout / 1_000_000 : 0;
  return [
    ` VRRP Script = ${script.name}`,
    `   Command = ${isInput(script) ? script.arguments.join(' ') : quoted(script.arguments)}`,
    `   Interval = ${script.interval / 1_000_000} sec`,
    `   Timeout = ${timeout} sec`,
    `   Weight = ${weightText(script)}`,
    `   Rise = ${script.rise}`,
    `   Fall = ${script.fall}`,
    '   Result = 0',
    '   Insecure = no',
    '   Init state = INIT',
    '   Status = BAD',
    `   Script uid:gid = ${idsOf(script)}`,
    '   VRRP instances :',
    ...trackingInstances(config, 'trackedScripts', script.name),
    '   State = idle',
  ];
}

function trackingInstances(
  config: VrrpConfig,
  field: 'trackedScripts' | 'trackedFiles' | 'trackedProcesses',
  name: string,
): readonly string[] {
  const lines: string[] = [];
  const add = (instance: string, item: TrackedItem) => {
    lines.push(`     ${instance}, weight ${weightText(item)}`);
  };
  const ofGroups = config.syncGroups.flatMap((group) => {
    const item = group[field].find((one) => one.name === name);
    return item === undefined ? [] : [{ members: group.instances, item }];
  });
  for (const instance of config.instances) {
    const item = instance[field].find((one) => one.name === name);
    // What the group says of the same script stands.
    const overruled = ofGroups.some((one) => one.members.includes(instance.name));
    if (item !== undefined && !overruled) add(instance.name, item);
  }
  for (const { members, item } of ofGroups) for (const member of members) add(member, item);
  return lines.length === 0 ? [] : ['   Tracking instances :', ...lines];
}

/** All `track_file`. */
export function dumpFiles(config: VrrpConfig): readonly string[] {
  return config.files.flatMap((file) => [
    ` Track file = ${file.name}`,
    `   File = ${file.path}`,
    '   Status = 0',
    `   Weight = ${weightText(file)}`,
    ...trackingInstances(config, 'trackedFiles', file.name),
  ]);
}

/** All `track_process`. */
export function dumpProcesses(config: VrrpConfig): readonly string[] {
  return config.processes.flatMap((one) => {
    const match = one.parameterMatch;
    return [
      ` VRRP Track process = ${one.name}`,
      `   Process = ${one.command}`,
      ...(one.parameters.length === 0 ? [] : [`   Parameters = ${one.parameters.join(' ')}`]),
      ...(match === undefined ? [] : [`   Param match${match === 'exact' ? '' : ` = ${match}`}`]),
      `   Min processes = ${one.quorum}`,
      ...(one.quorumMax === undefined ? [] : [`   Max processes = ${one.quorumMax}`]),
      '   Current processes = 0',
      '   Have quorum = false',
      `   Weight = ${weightText(one)}`,
      `   Terminate delay = ${(one.terminateDelay / 1_000_000).toFixed(6)}s`,
      `   Fork delay = ${(one.forkDelay / 1_000_000).toFixed(6)}s`,
      `   Full command = ${one.fullCommand}`,
      ...trackingInstances(config, 'trackedProcesses', one.name),
    ];
  });
}
