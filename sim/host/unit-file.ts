/**
 * Unit files of systemd, as far as the twin needs them: description, the condition, what is
 * executed. Debian's own file for keepalived is built in; a host's files may bring others, also in
 * `/etc`.
 */

import { decodeUtf8, encodeUtf8 } from '../../daemon/wire/text.ts';
import { baseName, type Disk } from './disk.ts';

/** What a unit file says. */
export interface UnitFile {
  /** With `.service`. */
  readonly unit: string;
  readonly path: string;
  readonly description: string;
  readonly documentation: readonly string[];
  /** Paths of ConditionFileNotEmpty. */
  readonly filesNotEmpty: readonly string[];
  /** Paths of ConditionPathExists. */
  readonly pathsExist: readonly string[];
  readonly startWords: readonly string[];
  readonly canReload: boolean;
  readonly restart: 'no' | 'always' | 'on-failure';
  readonly restartAfterUs: number;
  readonly wantedBy: string;
}

/** Where systemd looks, first hit wins. */
const UNIT_FOLDERS = ['/etc/systemd/system', '/lib/systemd/system'] as const;

/** Debian 12's unit of keepalived 2.2.7. */
export const KEEPALIVED_UNIT = `[Unit]
Description=Keepalive Daemon (LVS and VRRP)
After=network-online.target
Wants=network-online.target
Documentation=man:keepalived(8)
Documentation=man:keepalived.conf(5)
Documentation=man:genhash(1)
Documentation=https://keepalived.org
ConditionFileNotEmpty=/etc/keepalived/keepalived.conf

[Service]
Type=notify
EnvironmentFile=-/etc/default/keepalived
ExecStart=/usr/sbin/keepalived --dont-fork $DAEMON_ARGS
ExecReload=/bin/kill -HUP $MAINPID

[Install]
WantedBy=multi-user.target
`;

const DESCRIPTIONS = new Map([
  ['nginx', 'A high performance web server and a reverse proxy server'],
  ['apache2', 'The Apache HTTP Server'],
  ['haproxy', 'HAProxy Load Balancer'],
]);

/** The unit file that a scenario's program gets when the host's files have none. */
export function programUnitText(name: string): string {
  return `[Unit]
Description=${DESCRIPTIONS.get(name) ?? name}
After=network.target

[Service]
ExecStart=/usr/sbin/${name}
ExecReload=/bin/kill -HUP $MAINPID

[Install]
WantedBy=multi-user.target
`;
}

/** `keepalived` and `keepalived.service` both name `keepalived.service`. */
export function unitName(text: string): string {
  return /\.[a-z]+$/.test(text) ? text : `${text}.service`;
}

/** Reads a unit from the disk; `undefined` when there is none. */
export function loadUnit(disk: Disk, name: string): UnitFile | undefined {
  const unit = unitName(name);
  for (const folder of UNIT_FOLDERS) {
    const bytes = disk.read(`${folder}/${unit}`);
    if (bytes !== undefined) return parseUnit(unit, `${folder}/${unit}`, decodeUtf8(bytes));
  }
  return undefined;
}

/** Names of all units on the disk, sorted. */
export function unitNames(disk: Disk): readonly string[] {
  const names = new Set<string>();
  for (const folder of UNIT_FOLDERS) {
    for (const name of disk.list(folder)) if (name.endsWith('.service')) names.add(name);
  }
  return [...names].sort((a, b) => (a < b ? -1 : 1));
}

/** The place of the symlink that `systemctl enable` makes. */
export function wantsLink(file: UnitFile): string {
  return `/etc/systemd/system/${file.wantedBy}.wants/${file.unit}`;
}

/** Whether the unit starts at boot. */
export function isEnabled(disk: Disk, file: UnitFile): boolean {
  return disk.read(wantsLink(file)) !== undefined;
}

/** Makes the symlink; the disk has no links, so it holds the path that it points to. */
export function enableUnit(disk: Disk, file: UnitFile): void {
  disk.write(wantsLink(file), encodeUtf8(`${file.path}\n`));
}

function parseUnit(unit: string, path: string, text: string): UnitFile {
  const values = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const match = /^\s*([A-Za-z]+)\s*=\s*(.*?)\s*$/.exec(line);
    if (match === null) continue;
    const key = match[1] as string;
    const list = values.get(key) ?? [];
    list.push(match[2] as string);
    values.set(key, list);
  }
  const last = (key: string) => values.get(key)?.at(-1);
  const command = (last('ExecStart') ?? '').replace(/^[-@+!:]+/, '');
  const restart = last('Restart');
  return {
    unit,
    path,
    description: last('Description') ?? unit,
    documentation: (values.get('Documentation') ?? []).flatMap((words) => words.split(/\s+/)),
    filesNotEmpty: values.get('ConditionFileNotEmpty') ?? [],
    pathsExist: values.get('ConditionPathExists') ?? [],
    startWords: command.split(/\s+/).filter((word) => word !== '' && !word.startsWith('$')),
    canReload: values.has('ExecReload'),
    restart: restart === 'always' || restart === 'on-failure' ? restart : 'no',
    restartAfterUs: secondsOf(last('RestartSec') ?? '100ms'),
    wantedBy: last('WantedBy') ?? 'multi-user.target',
  };
}

/** The command's name that decides which program a unit runs. */
export function unitCommand(file: UnitFile): string {
  return baseName(file.startWords[0] ?? '');
}

function secondsOf(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|min)?$/.exec(text);
  if (match === null) return 100_000;
  const scale = match[2] === 'ms' ? 1000 : match[2] === 'min' ? 60_000_000 : 1_000_000;
  return Math.round(Number(match[1]) * scale);
}
