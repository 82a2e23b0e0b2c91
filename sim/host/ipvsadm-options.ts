/**
 * Which options a command of ipvsadm takes, and what it says about the others. Source: recordings of every command with every
 * option (`test/reference/ipvs/cli-own`), ipvsadm(8) 1.31.
 */

import type { TunnelType } from '../kernel/ipvs/ipvs-state.ts';
import type { IpvsadmVerb } from './ipvsadm-command.ts';

/** Options by the names that ipvsadm's messages use, in the order in which it looks at them. */
export const OPTION_NAMES = [
  'numeric',
  'connection',
  'service-address',
  'scheduler',
  'persistent',
  'netmask',
  'real-server',
  'forwarding-method',
  'weight',
  'u-threshold',
  'l-threshold',
  'mcast-interface',
  'timeout',
  'daemon',
  'stats',
  'rate',
  'thresholds',
  'persistent-conn',
  'nosort',
  'syncid',
  'exact',
  'ops',
  'pe',
  'sched-flags',
  'sync-maxlen',
  'mcast-group',
  'mcast-port',
  'mcast-ttl',
  'tun-info',
  'tun-type',
  'tun-port',
  'tun-nocsum',
  'tun-csum',
  'tun-remcsum',
] as const;

/** An option's name. */
export type OptionName = (typeof OPTION_NAMES)[number];

interface Legal {
  readonly name: string;
  readonly needs?: readonly OptionName[];
  readonly may?: readonly OptionName[];
  /** Of these only one may be given. */
  readonly oneOf?: readonly OptionName[];
}

const SERVICE: Pick<Legal, 'needs' | 'may'> = {
  needs: ['service-address'],
  may: ['scheduler', 'persistent', 'netmask', 'ops', 'pe', 'sched-flags'],
};
const TUNNEL = ['tun-type', 'tun-port', 'tun-nocsum', 'tun-csum', 'tun-remcsum'] as const;
const SERVER: Pick<Legal, 'needs' | 'may'> = {
  needs: ['service-address', 'real-server'],
  may: ['forwarding-method', 'weight', 'u-threshold', 'l-threshold', ...TUNNEL],
};
const SYNC = ['syncid', 'sync-maxlen', 'mcast-group', 'mcast-port', 'mcast-ttl'] as const;

const LEGAL: ReadonlyMap<IpvsadmVerb, Legal> = new Map<IpvsadmVerb, Legal>([
  ['add-service', { name: 'add-service', ...SERVICE }],
  ['edit-service', { name: 'edit-service', ...SERVICE }],
  ['delete-service', { name: 'delete-service', needs: ['service-address'] }],
  ['clear', { name: 'flush' }],
  [
    'list',
    {
      name: 'list',
      may: [
        'numeric',
        'stats',
        'rate',
        'thresholds',
        'persistent-conn',
        'nosort',
        'syncid',
        'exact',
        'tun-info',
      ],
      oneOf: ['connection', 'service-address', 'timeout', 'daemon'],
    },
  ],
  ['add-server', { name: 'add-server', ...SERVER }],
  ['delete-server', { name: 'delete-server', needs: ['service-address', 'real-server'] }],
  ['edit-server', { name: 'edit-server', ...SERVER }],
  ['set', { name: 'set' }],
  ['start-daemon', { name: 'start-daemon', may: ['mcast-interface', ...SYNC] }],
  ['stop-daemon', { name: 'stop-daemon', may: ['syncid'] }],
  ['restore', { name: 'restore' }],
  ['save', { name: 'save', may: ['numeric'] }],
  ['zero', { name: 'zero', may: ['service-address'] }],
]);

/** What is wrong with these options for that command; `undefined` when they go together. */
export function wrongOptions(
  verb: IpvsadmVerb,
  given: ReadonlySet<OptionName>,
): string | undefined {
  const legal = LEGAL.get(verb);
  if (legal === undefined) return undefined;
  let chosen: OptionName | undefined;
  for (const option of OPTION_NAMES) {
    if (!given.has(option)) {
      if (legal.needs?.includes(option) !== true) continue;
      return `You need to supply the '${option}' option for the '${legal.name}' command`;
    }
    if (legal.oneOf?.includes(option) === true) {
      if (chosen !== undefined) {
        return `The option '${option}' conflicts with the '${chosen}' option in the '${legal.name}' command`;
      }
      chosen = option;
    } else if (legal.needs?.includes(option) !== true && legal.may?.includes(option) !== true) {
      return `Illegal '${option}' option with the '${legal.name}' command`;
    }
  }
  return undefined;
}

const TUNNEL_OPTIONS = ['tun-port', 'tun-nocsum', 'tun-csum', 'tun-remcsum'] as const;
const LEGAL_OF_TUNNEL: Readonly<Record<TunnelType, readonly OptionName[]>> = {
  ipip: [],
  gue: TUNNEL_OPTIONS,
  gre: ['tun-nocsum', 'tun-csum'],
};

/** The same for the options of a tunnel; of those about checksums only one may be given. */
export function wrongTunnelOptions(
  type: TunnelType,
  given: ReadonlySet<OptionName>,
): string | undefined {
  let chosen: OptionName | undefined;
  for (const option of TUNNEL_OPTIONS) {
    if (!given.has(option)) {
      if (option !== 'tun-port' || type !== 'gue') continue;
      return `You need to supply the '${option}' option for the '${type}' tunnel type`;
    }
    if (!LEGAL_OF_TUNNEL[type].includes(option)) {
      return `Illegal '${option}' option with the '${type}' tunnel type`;
    }
    if (option === 'tun-port') continue;
    if (chosen !== undefined) {
      return `The option '${option}' conflicts with the '${chosen}' option in the '${type}' tunnel type`;
    }
    chosen = option;
  }
  return undefined;
}
