/**
 * The state of the load balancer: services, their real servers, sorry servers. Plain objects, mutated only
 * by functions of this folder.
 *
 * It hears verdicts of checkers by number and asks nobody; what a checker does is not known here.
 */

import { type KernelService, kernelServices } from './ipvs-words.ts';
import type { LvsAction } from './lvs-actions.ts';
import type {
  LvsConfig,
  RealServerConfig,
  SorryServerConfig,
  VirtualServerConfig,
} from './lvs-config.ts';
import { serverName, serviceName } from './lvs-text.ts';

/** What applies to all services. */
export interface LvsSettings {
  readonly routerId: string;
  readonly mailTo: readonly string[];
  readonly noCheckerEmails: boolean;
  /** `rs_init_notifies`. */
  readonly initNotifies: boolean;
  /** Paths of `notify_fifo` and `lvs_notify_fifo`, as far as there are. */
  readonly fifos: readonly string[];
  readonly flush: boolean;
  readonly flushOnStop: 'no' | 'all' | 'services';
  readonly scriptUser?: string;
  readonly scriptGroup?: string;
}

/** One real server. */
export interface Server {
  readonly config: RealServerConfig;
  readonly name: string;
  /** Good by all of its checkers. */
  alive: boolean;
  /** In the kernel's table, be it with weight 0. */
  inPool: boolean;
  /** Weight as checkers have made it; may leave the kernel's range. */
  weight: number;
  /** Checkers that are down, by index. */
  readonly failed: Set<number>;
  /** Taken over by a reload, and the weight that the configuration gave it before. */
  kept: boolean;
  configuredBefore?: number;
}

/** A sorry server. */
export interface Sorry {
  readonly config: SorryServerConfig;
  readonly name: string;
  alive: boolean;
  inPool: boolean;
}

/** One virtual service; a group makes several of the kernel's. */
export interface Service {
  readonly config: VirtualServerConfig;
  readonly name: string;
  readonly kernel: readonly KernelService[];
  readonly servers: readonly Server[];
  readonly sorry: Sorry | undefined;
  quorumUp: boolean;
  /** The kernel has it. */
  exists: boolean;
}

/** All of it. */
export interface LvsMachine {
  services: Service[];
  settings: LvsSettings;
  actions: LvsAction[];
  readonly takeId: () => number;
}

/** Services as the configuration has them; the kernel has none of them yet. */
export function newServices(
  config: LvsConfig,
  startsDown: (checker: number) => boolean,
): Service[] {
  return config.virtualServers.map((service) => ({
    config: service,
    name: serviceName(service),
    kernel: kernelServices(service, config.groups),
    servers: service.realServers.map((server) => ({
      config: server,
      name: serverName(service, server),
      alive: false,
      inPool: false,
      weight: server.weight,
      failed: new Set(server.checkers.filter(startsDown)),
      kept: false,
    })),
    sorry: newSorry(service),
    quorumUp: false,
    exists: false,
  }));
}

function newSorry(service: VirtualServerConfig): Sorry | undefined {
  const config = service.sorryServer;
  if (config === undefined) return undefined;
  return { config, name: serverName(service, config), alive: false, inPool: false };
}

/** Says one line in the log of the checkers' process. */
export function log(machine: LvsMachine, text: string): void {
  machine.actions.push({ kind: 'log', process: 'checkers', level: 'info', text });
}
