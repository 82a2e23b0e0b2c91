/** Hosts, switches and cables of a living LAN as the browser shows them. Reads only; nothing here changes a run. */

import type { InstanceStatus } from '../../daemon/core/status.ts';
import { formatIp, formatPrefix } from '../../daemon/wire/ip-address.ts';
import { formatMac } from '../../daemon/wire/mac-address.ts';
import type { HostApi } from '../host/host-api.ts';
import { listTable } from '../host/ipvsadm-list.ts';
import type { KernelApi, Link, Route } from '../kernel/kernel-api.ts';
import { isWithoutNeighbours } from '../kernel/kernel-state.ts';
import type { CableApi, Impairments, Probability, SwitchApi } from '../lan/lan-api.ts';
import { hostOfMac } from '../scenario/expectations/world.ts';
import type { LivingLan } from '../topology/living-lan.ts';
import { isBootAddress, virtualAddressText } from './boot-addresses.ts';
import type {
  CableView,
  HostView,
  ImpairmentView,
  InstanceView,
  NicView,
  NodeTables,
  OutsideView,
  SwitchView,
  UnitView,
  VrrpStateName,
} from './protocol-views.ts';
import type { RunRecorder } from './run-recorder.ts';

/** All real networks with the routers that were heard there. */
export function outsideViews(recorder: RunRecorder): readonly OutsideView[] {
  const { realMasters } = recorder.lanes;
  return (recorder.run.scenario.lan.outside ?? []).map(({ name }) => ({
    name,
    masters: realMasters
      .filter((one) => one.node === name)
      .map(({ source, vrid, version, priority, addresses, since }) => ({
        address: formatIp(source),
        vrid,
        version,
        priority,
        addresses: addresses.map(formatIp),
        since,
      })),
  }));
}

/** One host. */
export function hostView(host: HostApi, recorder: RunRecorder): HostView {
  const { lan } = recorder.run;
  const links = host.kernel?.links() ?? [];
  const nics = links.map((link) => nicView(host.name, link, recorder));
  const held = host.power === 'on' || host.power === 'frozen' ? links : [];
  const vips = new Set<string>();
  for (const link of held) {
    if (!link.up || isWithoutNeighbours(link)) continue;
    for (const { address } of link.addresses) {
      const text = virtualAddressText(address);
      if (text !== undefined && !isBootAddress(lan.spec, host.name, address)) vips.add(text);
    }
  }
  return {
    name: host.name,
    power: host.power,
    instances: (host.keepalived()?.instances ?? []).map(instanceView),
    nics,
    units: unitViews(host, lan),
    vips: [...vips],
    changedAt: recorder.changedAt.get(host.name) ?? 0,
  };
}

function instanceView(status: InstanceStatus): InstanceView {
  const { timerDueAt, timerLengthUs } = status;
  return {
    name: status.name,
    vrid: status.vrid,
    interface: status.interface,
    state: status.state === 'DELETED' ? 'GONE' : (status.state satisfies VrrpStateName),
    basePriority: status.basePriority,
    effectivePriority: status.effectivePriority,
    addresses: status.addresses.map((one) => formatIp(one.address)),
    ...(timerDueAt === undefined ? {} : { timerDueAt }),
    ...(timerDueAt === undefined || timerLengthUs === undefined
      ? {}
      : { timerSetAt: timerDueAt - timerLengthUs }),
    lastTransitionAt: status.lastTransitionAt,
  };
}

function nicView(host: string, link: Link, recorder: RunRecorder): NicView {
  const { spec } = recorder.run.lan;
  return {
    name: link.name,
    kind: link.kind,
    mac: formatMac(link.mac),
    mtu: link.mtu,
    up: link.up,
    carrier: link.carrier,
    addresses: link.addresses.map((one) => {
      const prefix = formatPrefix(one);
      const isOwn = link.kind === 'loopback' || isBootAddress(spec, host, one.address);
      return {
        prefix,
        label: one.label,
        secondary: one.secondary,
        virtual: !isOwn && virtualAddressText(one.address) !== undefined,
        changedAt: recorder.cellChangedAt.get(`${host} ${link.name} ${prefix}`) ?? 0,
      };
    }),
  };
}

/** Units of the boot configuration, and keepalived's own. */
function unitViews(host: HostApi, lan: LivingLan): readonly UnitView[] {
  const spec = lan.spec.hosts.find((one) => one.name === host.name);
  const names = new Set(['keepalived', ...(spec?.programs ?? []).map((program) => program.name)]);
  return [...names].flatMap((name): readonly UnitView[] => {
    const state = host.unitState(name);
    if (state === undefined) return [];
    const { unit, active, enabled, mainPid } = state;
    return [{ unit, active, enabled, ...(mainPid === undefined ? {} : { pid: mainPid }) }];
  });
}

/** One switch. */
export function switchView(found: SwitchApi, recorder: RunRecorder): SwitchView {
  return {
    name: found.name,
    kind: found.kind,
    powered: found.powered,
    ports: found.ports.map(({ name, up, carrier, forwarding, multicastDelivered }) => ({
      name,
      up,
      carrier,
      forwarding,
      multicastDelivered,
    })),
    changedAt: recorder.changedAt.get(found.name) ?? 0,
  };
}

/** One cable. */
export function cableView(cable: CableApi, recorder: RunRecorder): CableView {
  const aToB = impairmentView(cable.impairments.aToB);
  const bToA = impairmentView(cable.impairments.bToA);
  return {
    id: cable.name,
    plugged: cable.plugged,
    carrierA: cable.a.carrier,
    carrierB: cable.b.carrier,
    light: lightOf(cable, aToB, bToA),
    aToB,
    bToA,
    changedAt: recorder.changedAt.get(cable.name) ?? 0,
  };
}

function lightOf(cable: CableApi, aToB: ImpairmentView, bToA: ImpairmentView): CableView['light'] {
  if (!cable.plugged) return 'unplugged';
  if (!cable.a.carrier || !cable.b.carrier) return 'no-signal';
  const mutes = (aToB.muted === true ? 1 : 0) + (bToA.muted === true ? 1 : 0);
  if (mutes === 2) return 'muted';
  if (mutes === 1) return 'one-way';
  return Object.keys(aToB).length + Object.keys(bToA).length > 0 ? 'impaired' : 'ok';
}

function impairmentView(of: Impairments): ImpairmentView {
  return {
    ...(of.muted === true ? { muted: true } : {}),
    ...percent('lossPercent', of.loss),
    ...percent('corruptPercent', of.corrupt),
    ...percent('duplicatePercent', of.duplicate),
    ...percent('reorderPercent', of.reorder),
    ...(of.extraDelay === undefined ? {} : { delayUs: of.extraDelay }),
    ...(of.jitter === undefined ? {} : { jitterUs: of.jitter }),
  };
}

function percent(key: string, chance: Probability | undefined): Readonly<Record<string, number>> {
  if (chance === undefined || chance.numerator === 0) return {};
  return { [key]: (chance.numerator * 100) / chance.denominator };
}

/** The tables of a host or switch; `undefined` for an unknown name. */
export function nodeTables(name: string, recorder: RunRecorder): NodeTables | undefined {
  const { lan } = recorder.run;
  const host = lan.hosts.get(name);
  if (host !== undefined) return hostTables(host, recorder);
  const found = lan.switches.get(name);
  if (found === undefined) return undefined;
  const macs = found.table().map((entry) => {
    const owner = hostOfMac(lan, entry.mac);
    return {
      mac: formatMac(entry.mac),
      port: entry.port,
      ...(owner === undefined ? {} : { owner }),
      learnedAt: entry.learnedAt,
      lastSeenAt: entry.lastSeenAt,
      changedAt: entry.learnedAt,
    };
  });
  return { node: name, neighbours: [], routes: [], macs, drops: [] };
}

function hostTables(host: HostApi, recorder: RunRecorder): NodeTables {
  const { kernel } = host;
  const neighbours = (kernel?.neighbours() ?? []).map((entry) => {
    const address = formatIp(entry.address);
    return {
      address,
      link: entry.link,
      ...(entry.mac === undefined ? {} : { mac: formatMac(entry.mac) }),
      state: entry.state,
      changedAt: recorder.cellChangedAt.get(`${host.name} ${entry.link} ${address}`) ?? 0,
    };
  });
  const routes =
    kernel === undefined
      ? []
      : [...kernel.routes('inet', 'main'), ...kernel.routes('inet6', 'main')];
  const drops = [...(kernel?.dropCounters() ?? [])].map(([reason, count]) => ({ reason, count }));
  return {
    node: host.name,
    neighbours,
    routes: routes.map(routeText),
    macs: [],
    drops,
    ...ipvsTable(kernel?.ipvs),
  };
}

/** What `ipvsadm -Ln` prints, of a host that has a virtual service. */
function ipvsTable(ipvs: KernelApi['ipvs'] | undefined): { readonly ipvs?: string } {
  if (ipvs === undefined || ipvs.services().length === 0) return {};
  return { ipvs: listTable(ipvs, { numeric: true, view: 'plain', exact: false, sorted: true }) };
}

/** The essence of a line of `ip route`; the terminal prints the real thing. */
function routeText(route: Route): string {
  const { destination, gateway, link } = route;
  const isDefault = destination.length === 0;
  const to = isDefault ? 'default' : formatPrefix(destination);
  const via = gateway === undefined ? '' : ` via ${formatIp(gateway)}`;
  return `${to}${via}${link === undefined ? '' : ` dev ${link}`} proto ${route.protocol}`;
}
