/**
 * What a recording does: configurations and steps, as plain data. The laboratory and the layout of the result are those
 * of `../traces/README.md`; nothing here knows how a step is carried out.
 */

/** One thing that is done; the fields are those of `events.json`. */
export type Act =
  | { readonly do: 'start'; readonly node: string }
  | {
      readonly do: 'signal';
      readonly node: string;
      readonly signal: 'TERM' | 'KILL' | 'HUP' | 'STOP' | 'CONT' | 'USR1' | 'USR2';
      /** The configuration that a HUP loads, as a whole text. */
      readonly load?: string;
    }
  | {
      readonly do: 'carrier' | 'admin';
      readonly node: string;
      readonly nic: string;
      readonly up: boolean;
    }
  | {
      readonly do: 'port-detach' | 'port-attach' | 'port-block' | 'port-forward';
      readonly node: string;
      readonly nic: string;
    }
  | {
      readonly do: 'mcast-flood';
      readonly node: string;
      readonly nic: string;
      readonly on: boolean;
    }
  | { readonly do: 'script'; readonly node: string; readonly script: string; readonly exit: number }
  /** Writes what a track_file reads: `/run/FLAG-FILE-NODE` of the configuration. */
  | { readonly do: 'file'; readonly node: string; readonly file: string; readonly text: string }
  | {
      readonly do: 'address-del';
      readonly node: string;
      readonly nic: string;
      readonly address: string;
    }
  | { readonly do: 'neigh-flush'; readonly node: string };

/** When: seconds after the begin mark, and if wished so long after the next advert of a node. */
export type Step = Act & {
  readonly at: number;
  readonly afterAdvertOf?: string;
  readonly plus?: number;
};

/** A recording to be made. */
export interface Plan {
  readonly id: string;
  readonly title: string;
  readonly configs: Readonly<Record<string, string>>;
  readonly lans?: 1 | 2;
  readonly ipv6?: boolean;
  readonly pingTo?: string;
  readonly steps: readonly Step[];
  readonly end: number;
  /** Files to keep besides the usual ones, such as the daemon's dumps. */
  readonly keep?: readonly string[];
}

/** Lines of an instance that all plans share, and what differs. */
export interface InstanceWords {
  readonly name?: string;
  readonly nic?: string;
  readonly vrid?: number;
  readonly priority: number;
  readonly state?: 'MASTER' | 'BACKUP';
  readonly interval?: string;
  readonly lines?: readonly string[];
  readonly vips?: readonly string[];
}

/** A configuration of instances, with blocks that stand before them. */
export function configOf(
  node: string,
  instances: readonly InstanceWords[],
  { globals, blocks }: { readonly globals?: readonly string[]; readonly blocks?: string } = {},
): string {
  const head = ['global_defs {', `    router_id ${node}`, '    script_user root'];
  const rest = (globals ?? []).map((line) => `    ${line}`);
  return `${[...head, ...rest, '}'].join('\n')}\n${blocks ?? ''}${instances.map(instance).join('')}`;
}

function instance(words: InstanceWords): string {
  const lines = [
    `state ${words.state ?? 'BACKUP'}`,
    `interface ${words.nic ?? 'eth0'}`,
    `virtual_router_id ${words.vrid ?? 51}`,
    `priority ${words.priority}`,
    `advert_int ${words.interval ?? '1'}`,
    ...(words.lines ?? []),
    'virtual_ipaddress {',
    ...(words.vips ?? ['192.168.100.100/24']).map((vip) => `    ${vip}`),
    '}',
  ];
  return `vrrp_instance ${words.name ?? 'VI_1'} {\n${lines.map((line) => `    ${line}\n`).join('')}}\n`;
}
