/**
 * keepalived's corrections of the LVS half when all is read, in its order. Services without real servers go,
 * missing protocol, scheduler and method get defaults, ports and quorums are made to fit.
 *
 * Source: order and words as `keepalived -t` of 2.2.7 prints them.
 */

import {
  adviseFullPath,
  complainOfSecurity,
  executable,
  isFound,
  keepNotify,
} from './finish-scripts.ts';
import { memberFamily } from './keywords/real-server.ts';
import { PERSISTENCE_DEFAULT_S } from './keywords/virtual-server.ts';
import type { ServerDraft, ServerGroupDraft, VirtualServerDraft } from './lvs-draft.ts';
import type { ParseContext } from './parse-context.ts';
import type { Location } from './reporter.ts';
import { serviceText, trio } from './server-text.ts';

/** Applies everything. */
export function finishLvs(context: ParseContext): void {
  const { lvs } = context;
  context.reporter.location = undefined;
  lvs.virtualServers = lvs.virtualServers.filter((service) => groupKnown(context, service));
  lvs.virtualServers = lvs.virtualServers.filter((service) => finishService(context, service));
  checkScripts(context);
}

type Say = (code: string, text: string) => void;

function sayAt(context: ParseContext, service: VirtualServerDraft): Say {
  const at = service.at === undefined ? {} : { at: service.at };
  if (service.onlyRunning === true) return (code, text) => context.remark(code, text, at);
  return (code, text) => context.complain(code, text, { unplaced: true, ...at });
}

function groupOf(context: ParseContext, service: VirtualServerDraft): ServerGroupDraft | undefined {
  return context.lvs.groups.find((one) => one.name === service.group);
}

function groupKnown(context: ParseContext, service: VirtualServerDraft): boolean {
  if (service.group === undefined) return true;
  const say = sayAt(context, service);
  const group = groupOf(context, service);
  if (group === undefined) {
    const what = `virtual server group ${service.group} is not configured`;
    context.remark('unknown-group', `${what}; ${serviceText(service)} is left out`, {
      ...(service.at === undefined ? {} : { at: service.at }),
    });
    return false;
  }
  const families = new Set(group.members.map(memberFamily).filter((one) => one !== undefined));
  const only = [...families][0];
  if (families.size > 1 && service.family !== undefined && !allTunnels(service)) {
    const what = `virtual server group with IPv4 & IPv6 doesn't match virtual server`;
    say('bad-family', `${group.name}: ${what} ${serviceText(service)} - ignoring`);
    return false;
  }
  if (families.size === 1 && only !== undefined) {
    service.family ??= only;
    if (service.family !== only) {
      const what = `address family doesn't match virtual server ${serviceText(service)} - ignoring`;
      say('bad-family', `${group.name}: ${what}`);
      return false;
    }
  }
  return true;
}

function allTunnels(service: VirtualServerDraft): boolean {
  return service.servers.every((one) => one.method?.kind === 'TUN');
}

function finishService(context: ParseContext, service: VirtualServerDraft): boolean {
  const say = sayAt(context, service);
  const group = groupOf(context, service);
  if (service.servers.length === 0) {
    say('no-real-server', `Virtual server ${serviceText(service)} has no real servers - ignoring`);
    return false;
  }
  finishProtocol(service, group, say);
  if (service.scheduler === undefined) {
    const text = `Virtual server ${serviceText(service)}: no scheduler set, setting default 'wlc'`;
    say('no-scheduler', text);
    service.scheduler = 'wlc';
  }
  finishServers(context, service, say);
  finishQuorum(context, service);
  if (group === undefined) {
    for (const server of service.servers) finishPort(service, server, { say, sorry: false });
    if (service.sorry !== undefined) {
      finishPort(service, service.sorry, { say, sorry: true });
    }
  } else checkGroupPorts(service, group, say);
  return true;
}

function finishProtocol(
  service: VirtualServerDraft,
  group: ServerGroupDraft | undefined,
  say: Say,
): void {
  const marks = group?.members.some((one) => one.kind === 'fwmark') ?? false;
  const ranges = group?.members.filter((one) => one.kind === 'range') ?? [];
  const name = () => `Virtual server ${serviceText(service)}:`;
  if (service.haSuspend && (service.fwmark !== undefined || marks)) {
    say('ha-suspend', `${name()} cannot use ha_suspend with fwmarks - clearing ha_suspend`);
    service.haSuspend = false;
  }
  if (ranges.length > 0 || (group === undefined && service.fwmark === undefined)) {
    if (service.protocol === undefined) {
      say('no-protocol', `${name()} no protocol set - defaulting to UDP`);
      service.protocol = 'UDP';
    }
    if (service.flags.has('ops') && service.protocol !== 'UDP') {
      say('one-packet', `${name()} one packet scheduling requires UDP - resetting`);
      service.flags.delete('ops');
    }
  }
  const portless =
    group === undefined
      ? service.fwmark === undefined && service.port === 0
      : ranges.some((one) => one.kind === 'range' && one.port === 0);
  if (service.persistenceS === 0 && portless) {
    say('no-port', `${name()} zero port only valid for persistent services - setting`);
    service.persistenceS = PERSISTENCE_DEFAULT_S;
  }
  const onlyMarks = group === undefined ? service.fwmark !== undefined : ranges.length === 0;
  if (service.protocol !== undefined && onlyMarks) {
    const what = 'protocol specified for fwmark - protocol will be ignored';
    say('protocol-ignored', `Warning: ${name()} ${what}`);
    delete service.protocol;
  }
}

function finishServers(context: ParseContext, service: VirtualServerDraft, say: Say): void {
  const { global } = context;
  service.smtpAlert ??= global.smtpAlertChecker ?? global.smtpAlert ?? false;
  const kept: ServerDraft[] = [];
  for (const server of service.servers) {
    const twin = kept.find((one) => one.address === server.address && one.port === server.port);
    if (twin !== undefined) {
      const what = `real server ${rsText(service, server)} is duplicated - removing second rs`;
      say('duplicate', `VS ${serviceText(service)}: ${what}`);
      continue;
    }
    kept.push(server);
    server.method ??= defaultMethod(service, say);
    server.alpha ??= service.alpha;
    server.inhibit ??= service.inhibit;
    server.weight ??= service.weight;
    server.smtpAlert ??= global.smtpAlertChecker ?? global.smtpAlert ?? true;
    matchSorry(service, server, say);
  }
  service.servers = kept;
  if (service.sorry !== undefined) service.sorry.method ??= defaultMethod(service, say);
}

function defaultMethod(
  service: VirtualServerDraft,
  say: Say,
): NonNullable<VirtualServerDraft['method']> {
  if (service.method === undefined) {
    const what = 'no forwarding method set, setting default NAT';
    say('no-method', `Virtual server ${serviceText(service)}: ${what}`);
    service.method = { kind: 'NAT' };
  }
  return service.method;
}

function matchSorry(service: VirtualServerDraft, server: ServerDraft, say: Say): void {
  const { sorry } = service;
  if (sorry === undefined || sorry.address !== server.address || sorry.port !== server.port) return;
  const wanted = server.inhibit ?? false;
  if ((sorry.inhibit ?? false) === wanted) return;
  const what = `real server ${rsText(service, server)} matches sorry server, but inhibit setting differs`;
  const how = wanted ? 'setting' : 'clearing';
  say('conflict', `Virtual server ${serviceText(service)}: ${what}, ${how} on sorry server`);
  sorry.inhibit = wanted;
}

/**
 * A number with something wrong about it (`weight 5s`, `weight off`) counts for a daemon that runs, as far as it can be read, and
 * not under `-t`: its lines come of other totals then, and what a running daemon does besides is told by us alone.
 */
function finishQuorum(context: ParseContext, service: VirtualServerDraft): void {
  const { servers, quorum, hysteresis } = service;
  const total = servers.reduce((sum, one) => sum + (one.weight ?? 1), 0);
  const tested = servers.reduce((sum, one) => sum + (one.testedWeight ?? service.weight), 0);
  const at = service.at === undefined ? {} : { at: service.at };
  const ofTest = service.tested;
  tellOfQuorum(service, { total: tested, ...ofTest }, sayAt(context, service));
  if (total !== tested || quorum !== ofTest.quorum || hysteresis !== ofTest.hysteresis) {
    const remark: Say = (code, text) => context.remark(code, text, at);
    tellOfQuorum(service, { total, quorum, hysteresis }, remark);
  }
  service.quorum = Math.min(quorum, total);
  if (hysteresis >= service.quorum) service.hysteresis = Math.max(0, service.quorum - 1);
}

function tellOfQuorum(
  service: VirtualServerDraft,
  numbers: { readonly total: number; readonly quorum: number; readonly hysteresis: number },
  say: Say,
): void {
  const { total, quorum, hysteresis } = numbers;
  if (quorum > total) {
    const what = `exceeds total weight of real servers ${total}, reducing quorum to ${total}`;
    say('quorum', `Warning - quorum ${quorum} for ${serviceText(service)} ${what}`);
  }
  const left = Math.min(quorum, total);
  if (hysteresis < left) return;
  const what = `hysteresis ${hysteresis} >= quorum ${left}; setting hysteresis to`;
  const shown = left === 0 ? 4_294_967_295 : left - 1;
  say('quorum', `Virtual server ${serviceText(service)}: ${what} ${shown}`);
}

/** Without NAT a server has the service's port; with a mark it has none. */
function finishPort(
  service: VirtualServerDraft,
  server: ServerDraft,
  given: { readonly say: Say; readonly sorry: boolean },
): void {
  const nat = server.method?.kind === 'NAT';
  const marked = service.fwmark !== undefined;
  if (server.port === 0) {
    if (!marked && !(nat && given.sorry)) server.port = service.port;
    return;
  }
  if (nat || (!marked && server.port === service.port)) return;
  const name = serviceText(service);
  const what = given.sorry ? 'sorry server' : `real server ${rsText(service, server)}`;
  const kind = given.sorry ? 'virtual server' : 'fwmark virtual server';
  const text = marked
    ? `WARNING - ${kind} ${name}, ${what} has port specified - clearing`
    : `WARNING - virtual server ${name} and ${what} ports don't match - resetting`;
  given.say('port', text);
  server.checkedPort = server.port;
  server.port = marked ? 0 : service.port;
}

function checkGroupPorts(service: VirtualServerDraft, group: ServerGroupDraft, say: Say): void {
  const name = serviceText(service);
  const ported = service.servers.filter((one) => one.method?.kind !== 'NAT' && one.port !== 0);
  const sorry = service.sorry?.method?.kind === 'NAT' ? undefined : service.sorry;
  if (group.members.some((one) => one.kind === 'fwmark')) {
    for (const server of ported) {
      const what = `real server ${rsText(service, server)} has port specified`;
      say('port', `WARNING - fwmark virtual server ${name}, ${what} - port will be ignored`);
    }
    if (sorry !== undefined && sorry.port !== 0) {
      const what = 'sorry server has port specified - port will be ignored';
      say('port', `WARNING - fwmark virtual server ${name}, ${what}`);
    }
  }
  for (const [index, member] of group.members.entries()) {
    if (member.kind === 'fwmark') continue;
    for (const server of ported.filter((one) => one.port !== member.port)) {
      const what = `real server ${rsText(service, server)} ports don't match`;
      say('port', `virtual server ${name}:[${group.memberTexts[index]}] and ${what}`);
    }
    if (sorry !== undefined && sorry.port !== 0 && sorry.port !== member.port) {
      const what = 'sorry server has port specified - port will be ignored';
      say('port', `WARNING - virtual server ${name}, ${what}`);
    }
  }
}

function rsText(service: VirtualServerDraft, server: ServerDraft): string {
  return trio(server.address, { protocol: service.protocol, port: server.port });
}

function checkScripts(context: ParseContext): void {
  let running: { readonly at: Location | undefined } | undefined;
  const seen = (at: Location | undefined) => {
    running ??= { at };
  };
  for (const service of context.lvs.virtualServers) {
    for (const field of ['quorumUp', 'quorumDown'] as const) {
      const script = service[field];
      if (script === undefined) continue;
      if (!keepNotify(context, script)) delete service[field];
      if (isFound(context, script.arguments)) seen(script.at);
    }
    for (const server of service.servers) {
      for (const field of ['notifyUp', 'notifyDown'] as const) {
        const script = server[field];
        if (script === undefined) continue;
        if (!keepNotify(context, script)) delete server[field];
        if (isFound(context, script.arguments)) seen(script.at);
      }
      checkMiscScripts(context, server, seen);
    }
  }
  const { lvsFifo, fifo } = context.global;
  if (context.lvs.virtualServers.length > 0) {
    for (const { script } of [fifo, lvsFifo]) {
      if (script !== undefined && isFound(context, script.arguments)) seen(script.at);
    }
  }
  if (running !== undefined) complainOfSecurity(context, { what: 'check scripts', at: running.at });
}

function checkMiscScripts(
  context: ParseContext,
  server: ServerDraft,
  seen: (at: Location | undefined) => void,
): void {
  for (const checker of [...server.checkers]) {
    if (checker.kind !== 'MISC_CHECK' || checker.script === undefined) continue;
    if (isFound(context, checker.script.arguments)) seen(checker.script.at);
    if (executable(context, checker.script.arguments) !== false) {
      adviseFullPath(context, checker.script.arguments);
      continue;
    }
    const command = checker.script.arguments[0] ?? '';
    const message = `'${command}' is not there or cannot be executed: the checker is removed`;
    const at = checker.script.at === undefined ? {} : { at: checker.script.at };
    context.remark('script-missing', message, { ...at, word: command });
    server.checkers.splice(server.checkers.indexOf(checker), 1);
  }
}
