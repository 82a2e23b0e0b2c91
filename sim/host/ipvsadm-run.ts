/**
 * Carries out ipvsadm command lines on a kernel and says what ipvsadm would: output, error text, exit code
 * (255 where the kernel refuses, 2 where the words are wrong). The shell and the daemon's machine share it.
 */

import { errnoText } from '../../daemon/base/errno.ts';
import type { IpAddress } from '../../daemon/wire/ip-address.ts';
import type { IpvsApi } from '../kernel/ipvs/ipvs-api.ts';
import type { ServerOptions } from '../kernel/ipvs/real-servers.ts';
import type { IpvsError } from '../kernel/ipvs/service-lookup.ts';
import type { ServiceOptions } from '../kernel/ipvs/service-table.ts';
import type { IpvsadmCommand, Resolver } from './ipvsadm-command.ts';
import {
  type ListForm,
  listConnections,
  listDaemons,
  listServices,
  listTable,
  saveTable,
} from './ipvsadm-list.ts';
import { parseIpvsadm, TRY_HELP } from './ipvsadm-words.ts';

/** What a run leaves behind. */
export interface IpvsadmResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const DONE: IpvsadmResult = { code: 0, out: '', err: '' };
const REFUSED = 255;
const DEFAULT_SCHEDULER = 'wlc';
const DEFAULT_LINK = 'eth0';
const VERSION = 'ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)\n';
const USAGE = `${VERSION}Usage: ipvsadm COMMAND [OPTIONS]; see ipvsadm(8)\n`;

/** Runs `ipvsadm WORDS`; `stdin` is what `-R` reads. */
export function runIpvsadm(
  ipvs: IpvsApi,
  words: readonly string[],
  surroundings: { readonly stdin: string; readonly resolve: Resolver },
): IpvsadmResult {
  const command = parseIpvsadm(words, surroundings.resolve);
  if ('message' in command) return refuse(command.message, command.code);
  switch (command.verb) {
    case 'list':
      return list(ipvs, command);
    case 'save':
      return print(saveTable(ipvs, command.show.has('numeric')));
    case 'restore':
      return restore(ipvs, surroundings);
    case 'version':
      return print(VERSION);
    case 'help':
      return print(USAGE);
    case 'start-daemon':
    case 'stop-daemon':
      return switchDaemon(ipvs, command);
    default:
      return change(ipvs, command);
  }
}

function change(ipvs: IpvsApi, command: IpvsadmCommand): IpvsadmResult {
  const { verb, service } = command;
  if (verb === 'clear') {
    ipvs.flush();
    return DONE;
  }
  if (verb === 'set') {
    const [tcp = 0, tcpFin = 0, udp = 0] = command.timeouts ?? [];
    ipvs.setTimeouts({ tcp, tcpFin, udp });
    return DONE;
  }
  if (verb === 'zero') return told(ipvs.zero(service), 'service');
  if (service === undefined) return DONE;
  switch (verb) {
    case 'add-service':
      return told(ipvs.addService(service, serviceOptions(command)), 'service');
    case 'edit-service':
      return told(ipvs.editService(service, serviceOptions(command)), 'service');
    case 'delete-service':
      return told(ipvs.deleteService(service), 'service');
    default:
      return changeServer(ipvs, command);
  }
}

function changeServer(ipvs: IpvsApi, command: IpvsadmCommand): IpvsadmResult {
  const { verb, service, server } = command;
  if (service === undefined || server === undefined) return DONE;
  const options = serverOptions(command);
  const servicePort = service.kind === 'address' ? service.port : 0;
  // Packets of DR and TUN keep their port, so any other one is silently replaced.
  const mustKeepPort =
    verb !== 'delete-server' && service.kind === 'address' && options.method !== 'nat';
  const port = mustKeepPort ? servicePort : (server.port ?? servicePort);
  const which = { address: server.address, port };
  if (verb === 'delete-server') return told(ipvs.deleteServer(service, which), 'server');
  if (verb === 'add-server') return told(ipvs.addServer(service, which, options), 'server');
  return told(ipvs.editServer(service, which, options), 'server');
}

function serviceOptions(command: IpvsadmCommand): ServiceOptions {
  const { persistenceSeconds, mask, service, engine } = command;
  const isIpv4Service =
    service?.kind === 'mark' ? service.family === 'inet' : typeof service?.address === 'number';
  return {
    scheduler: command.scheduler ?? DEFAULT_SCHEDULER,
    schedulerFlags: command.schedulerFlags,
    onePacket: command.onePacket,
    ...(persistenceSeconds === undefined ? {} : { persistenceSeconds }),
    ...(mask === undefined
      ? {}
      : isIpv4Service
        ? { persistenceMask: mask }
        : { persistencePrefix: mask }),
    ...(engine === undefined ? {} : { persistenceEngine: engine }),
  };
}

function serverOptions(command: IpvsadmCommand): ServerOptions {
  return {
    method: command.method ?? 'dr',
    weight: command.weight ?? 1,
    upperThreshold: command.upperThreshold ?? 0,
    lowerThreshold: command.lowerThreshold ?? 0,
    tunnel: command.tunnel ?? 'ipip',
    tunnelPort: command.tunnelPort ?? 0,
    tunnelChecksum: command.tunnelChecksum ?? 'none',
  };
}

function list(ipvs: IpvsApi, command: IpvsadmCommand): IpvsadmResult {
  const { show, service } = command;
  const numeric = show.has('numeric');
  if (show.has('connections')) {
    return print(listConnections(ipvs.connections(), numeric, show.has('persistent')));
  }
  if (show.has('daemons')) return print(listDaemons(ipvs));
  if (show.has('timeouts')) {
    const { tcp, tcpFin, udp } = ipvs.timeouts();
    return print(`Timeout (tcp tcpfin udp): ${tcp} ${tcpFin} ${udp}\n`);
  }
  const form: ListForm = {
    numeric,
    view: viewOf(show),
    exact: show.has('exact'),
    sorted: !show.has('nosort'),
  };
  if (service === undefined) return print(listTable(ipvs, form));
  const found = ipvs.service(service);
  return found === undefined ? refuse('No such service', 1) : print(listServices([found], form));
}

function viewOf(show: ReadonlySet<string>): ListForm['view'] {
  const views = ['stats', 'rate', 'thresholds', 'persistent', 'tunnels'] as const;
  return views.find((view) => show.has(view)) ?? 'plain';
}

/**
 * Runs each line. What the kernel refuses is told and passed over, and the last line decides the exit code; a line that
 * is no command ends it. Source: recorded with ipvsadm 1.31 (test/sim/programs/shell/ipvsadm-restore.test.ts).
 */
function restore(
  ipvs: IpvsApi,
  surroundings: { readonly stdin: string; readonly resolve: Resolver },
): IpvsadmResult {
  let [code, out, err] = [0, '', ''];
  for (const line of surroundings.stdin.split('\n')) {
    const words = line.split(/\s+/).filter((word) => word !== '');
    if (words.length === 0) continue;
    const command = parseIpvsadm(words, surroundings.resolve);
    const isRefused = 'message' in command;
    const result =
      isRefused || command.verb !== 'restore'
        ? runIpvsadm(ipvs, words, { ...surroundings, stdin: '' })
        : refuse(TRY_HELP, REFUSED);
    out += result.out;
    err += result.err;
    code = result.code;
    if (isRefused || command.verb === 'restore') break;
  }
  return { code, out, err };
}

function switchDaemon(ipvs: IpvsApi, command: IpvsadmCommand): IpvsadmResult {
  const role = command.role ?? 'master';
  if (command.verb === 'stop-daemon') {
    const error = ipvs.stopDaemon(role);
    return error === undefined ? DONE : refuse('No daemon is running', REFUSED);
  }
  const link = command.link ?? DEFAULT_LINK;
  const error = ipvs.startDaemon({ role, link, ...command.sync, syncId: command.syncId ?? 0 });
  if (error === 'exists') return refuse('Daemon has already run', REFUSED);
  return error === 'no-device' ? refuse(errnoText('ENODEV'), REFUSED) : DONE;
}

function told(error: IpvsError | undefined, about: 'service' | 'server'): IpvsadmResult {
  return error === undefined ? DONE : refuse(wordsOf(error, about), REFUSED);
}

function wordsOf(error: IpvsError, about: 'service' | 'server'): string {
  switch (error) {
    case 'service-exists':
      return 'Service already exists';
    case 'no-service':
      return about === 'service' ? 'No such service' : 'Service not defined';
    case 'no-scheduler':
      return 'Scheduler or persistence engine not found';
    case 'server-exists':
      return 'Destination already exists';
    case 'no-server':
      return 'No such destination';
    case 'out-of-range':
      return 'Numerical result out of range';
    case 'invalid':
      return 'Invalid operation.  Possibly wrong module version, address not unicast, ...';
  }
}

function print(out: string): IpvsadmResult {
  return { code: 0, out, err: '' };
}

function refuse(message: string, code: number): IpvsadmResult {
  return { code, out: '', err: `${message}\n` };
}

/** A resolver for callers that have only addresses. */
export function resolveNothing(_name: string): IpAddress | undefined {
  return undefined;
}
