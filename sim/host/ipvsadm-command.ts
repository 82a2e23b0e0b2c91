/** A command line of ipvsadm as a value, and what its readers share. */

import type { IpAddress } from '../../daemon/wire/ip-address.ts';
import type {
  ForwardMethod,
  ServiceKey,
  TunnelChecksum,
  TunnelType,
} from '../kernel/ipvs/ipvs-state.ts';
import type { OptionName } from './ipvsadm-options.ts';

/** What to do, by ipvsadm's own names. */
export type IpvsadmVerb =
  | 'add-service'
  | 'edit-service'
  | 'delete-service'
  | 'add-server'
  | 'edit-server'
  | 'delete-server'
  | 'clear'
  | 'list'
  | 'save'
  | 'restore'
  | 'zero'
  | 'set'
  | 'start-daemon'
  | 'stop-daemon'
  | 'version'
  | 'help';

/** A command line as read; everything that was not given is absent. */
export interface IpvsadmCommand {
  verb: IpvsadmVerb;
  service?: ServiceKey;
  server?: { address: IpAddress; port: number | undefined };
  scheduler?: string;
  schedulerFlags: number;
  persistenceSeconds?: number;
  /** `-M`: an IPv4 mask of any shape, as a number, or a prefix length of IPv6. */
  mask?: number;
  /** `--pe`, a persistence engine. */
  engine?: string;
  onePacket: boolean;
  method?: ForwardMethod;
  weight?: number;
  upperThreshold?: number;
  lowerThreshold?: number;
  tunnel?: TunnelType;
  tunnelPort?: number;
  tunnelChecksum?: TunnelChecksum;
  timeouts?: readonly number[];
  role?: 'master' | 'backup';
  link?: string;
  syncId?: number;
  /** `--sync-maxlen` and the `--mcast-…` that were given. */
  sync: { maxLength?: number; group?: IpAddress; port?: number; ttl?: number };
  /** `numeric`, `connections`, `stats`, `rate`, `nosort`, … */
  readonly show: Set<string>;
}

/** Why a command line was refused. */
export interface IpvsadmFailure {
  readonly code: number;
  readonly message: string;
}

/** Looks a host name up, for addresses given by name. */
export type Resolver = (name: string) => IpAddress | undefined;

/** The words of a command line, taken one by one. */
export interface Reader {
  readonly words: string[];
  at: number;
  readonly command: IpvsadmCommand;
  readonly resolve: Resolver;
  readonly given: Set<OptionName>;
  /** Words that belong to no option. */
  readonly rest: string[];
}

/** The next word. */
export function take(reader: Reader): string | undefined {
  return reader.words[reader.at++];
}

/** What ipvsadm itself refuses. */
export function wrong(message: string): IpvsadmFailure {
  return { code: 2, message };
}
