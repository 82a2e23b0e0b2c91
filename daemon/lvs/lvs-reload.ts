/**
 * A reload from the load balancer's side: what is no longer there goes, what is there keeps its state,
 * what is new enters as at a start.
 *
 * A failed server stays out, a changed weight is applied in place, a service whose scheduler or
 * persistence changed is edited. Source: recordings k17, k57 to k62.
 */

import { formatIp } from '../wire/ip-address.ts';
import { serviceWords } from './ipvs-words.ts';
import { type LvsMachine, log, type Server, type Service } from './lvs-machine.ts';
import { lvsText } from './lvs-text.ts';
import {
  addInhibited,
  addServer,
  dropServer,
  dropSorry,
  editServer,
  editService,
  takeServer,
} from './pool.ts';
import { setAlive, setWeight } from './server-state.ts';
import { endServer, endService, startService, tellEnd } from './service-life.ts';

/**
 * Puts `fresh` in the place of the present services. `weightOf` tells what the checkers that stay make of a server's
 * configured weight.
 */
export function reloadServices(
  machine: LvsMachine,
  fresh: Service[],
  weightOf: (server: Server) => number,
): void {
  for (const before of machine.services) {
    const service = fresh.find((one) => sameService(one, before));
    if (service === undefined) forget(machine, before);
    else keepService(machine, before, service);
  }
  machine.services = fresh;
  for (const service of fresh) {
    for (const server of service.servers) {
      if (server.kept) setWeight(machine, { service, server }, weightOf(server), false);
    }
    startService(machine, service);
  }
}

/** The same service for keepalived: the same key, and the same protocol where there is one. */
export function sameService(a: Service, b: Service): boolean {
  return keyText(a) === keyText(b);
}

function keyText({ config }: Service): string {
  const { key, protocol, family } = config;
  if (key.kind === 'group') return `group ${key.group} ${protocol ?? ''}`;
  if (key.kind === 'fwmark') return `mark ${key.mark} ${family}`;
  return `${protocol ?? ''} ${formatIp(key.address)} ${key.port}`;
}

/** The same server of one service. */
export function sameServer(a: Server, b: Server): boolean {
  return a.config.address === b.config.address && a.config.port === b.config.port;
}

function forget(machine: LvsMachine, before: Service): void {
  const { key } = before.config;
  log(
    machine,
    key.kind === 'group' ? lvsText.groupGone(key.group) : lvsText.serviceGone(before.name),
  );
  endService(machine, before, { stopping: false, flush: false });
}

function keepService(machine: LvsMachine, before: Service, service: Service): void {
  service.exists = before.exists;
  service.quorumUp = before.quorumUp;
  if (describes(before) !== describes(service)) editService(machine, service);
  for (const old of before.servers) {
    const server = service.servers.find((one) => sameServer(one, old));
    if (server === undefined) {
      log(machine, lvsText.serverGone(old.name));
      endServer(machine, before, old, false);
    } else keepServer(machine, service, { old, server });
  }
  tellEnd(machine, { ...before, servers: service.servers.filter((one) => one.kept) }, false);
  keepSorry(machine, before, service);
}

function describes(service: Service): string {
  return service.kernel.map((one) => serviceWords('-A', one, service.config).join(' ')).join('\n');
}

function keepServer(
  machine: LvsMachine,
  service: Service,
  pair: { readonly old: Server; readonly server: Server },
): void {
  const { old, server } = pair;
  server.kept = true;
  server.configuredBefore = old.config.weight;
  server.alive = old.alive;
  server.inPool = old.inPool;
  // The weight that it is to have now is applied when all is known.
  server.weight = old.weight;
  if (server.failed.size === 0 && !server.alive) {
    // 2.2.7 adds what is in the table with weight 0: the kernel refuses. Source: recording k305.
    if (!server.config.inhibitOnFailure) server.inPool = false;
    setAlive(machine, { service, server }, true);
  } else if (server.failed.size > 0 && server.alive) {
    server.alive = false;
    takeServer(machine, service, server);
  }
  if (!server.alive) keepInhibited(machine, service, server);
  const { method } = server.config;
  if (JSON.stringify(method) === JSON.stringify(old.config.method)) return;
  if (server.inPool) {
    editServer(machine, service, server);
    return;
  }
  // 2.2.7 puts even a failed server back into the table then, and forgets that it did. Source: recording k62.
  addServer(machine, service, server);
  server.inPool = false;
}

/** A failed server whose inhibit_on_failure came or went; nothing is said of it. Source: recording k59. */
function keepInhibited(machine: LvsMachine, service: Service, server: Server): void {
  const { inhibitOnFailure } = server.config;
  if (inhibitOnFailure && !server.inPool) addInhibited(machine, service, server);
  else if (!inhibitOnFailure) dropServer(machine, service, server);
}

function keepSorry(machine: LvsMachine, before: Service, service: Service): void {
  const old = before.sorry;
  if (old === undefined) return;
  const { sorry } = service;
  const same =
    sorry !== undefined &&
    sorry.config.address === old.config.address &&
    sorry.config.port === old.config.port;
  if (same) {
    sorry.alive = old.alive;
    sorry.inPool = old.inPool;
    return;
  }
  if (!old.inPool) return;
  if (old.alive) {
    const how = { add: false, inhibited: false };
    log(machine, lvsText.sorry(how, old.name, before.name));
  }
  // 2.2.7 leaves the live servers out that the sorry server stood for. Source: recording k60.
  dropSorry(machine, before, old);
}
