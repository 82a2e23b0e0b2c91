/**
 * What an operator should see at once: a neighbour entry that leads to a machine which no longer holds the address, two
 * masters, an address held twice, a virtual router without a master. Computed from the LAN as it is at this moment.
 */

import { formatIp, type IpAddress } from '../../daemon/wire/ip-address.ts';
import { formatMac, type MacAddress } from '../../daemon/wire/mac-address.ts';
import { holdersOf, isLive } from '../scenario/expectations/world.ts';
import type { LivingLan } from '../topology/living-lan.ts';
import type { InsightView } from './protocol-views.ts';
import { realName } from './real-routers.ts';
import { nodeOf, type RunRecorder } from './run-recorder.ts';

/** Everything that is worth saying now. */
export function insightsOf(recorder: RunRecorder): readonly InsightView[] {
  return [...mastersOf(recorder), ...addressesOf(recorder)];
}

interface RouterFacts {
  readonly masters: string[];
  readonly others: string[];
  since: number;
}

function mastersOf(recorder: RunRecorder): readonly InsightView[] {
  const routers = new Map<string, RouterFacts>();
  for (const host of recorder.run.lan.hosts.values()) {
    if (!isLive(host)) continue;
    for (const one of host.keepalived()?.instances ?? []) {
      const addresses = one.addresses.map((prefix) => formatIp(prefix.address)).join(' ');
      const key = `${one.vrid} ${addresses}`;
      const facts = routers.get(key) ?? { masters: [], others: [], since: 0 };
      routers.set(key, facts);
      (one.state === 'MASTER' ? facts.masters : facts.others).push(host.name);
      facts.since = Math.max(facts.since, one.lastTransitionAt);
    }
  }
  return [...routers].flatMap(([key, { masters, others, since }]): readonly InsightView[] => {
    const [vrid = '', ...addresses] = key.split(' ');
    const real = recorder.lanes.realMasters.filter(
      (one) =>
        one.vrid === Number(vrid) && one.addresses.some((own) => addresses.includes(formatIp(own))),
    );
    const all = [...masters, ...real.map((one) => realName(one.source))];
    if (all.length > 1) {
      const text = `VRID ${vrid} has ${all.length} masters: ${all.join(' and ')}`;
      const nodes = [...masters, ...new Set(real.map((one) => one.node))];
      const last = Math.max(masters.length === 0 ? 0 : since, ...real.map((one) => one.since));
      return [{ kind: 'two-masters', nodes, text, since: last }];
    }
    if (all.length > 0) return [];
    const text = `VRID ${vrid} has no master; ${others.join(', ')} ${others.length > 1 ? 'wait' : 'waits'}`;
    return [{ kind: 'no-master', nodes: others, text, since }];
  });
}

function addressesOf(recorder: RunRecorder): readonly InsightView[] {
  const { lan } = recorder.run;
  return recorder.lanes.virtualAddresses.flatMap((address): readonly InsightView[] => {
    const holders = holdersOf(lan, address);
    const since = sinceOf(recorder, holders, address);
    if (holders.length > 1) {
      const text = `${formatIp(address)} is held by ${holders.join(' and ')}`;
      return [{ kind: 'address-twice', nodes: holders, text, since }];
    }
    const holder = holders[0];
    if (holder === undefined) return [];
    return [...lan.hosts.keys()].flatMap((client) => {
      const wrong = client === holder ? undefined : misled(recorder, { client, holder, address });
      if (wrong === undefined) return [];
      return [{ kind: 'arp-switch-disagree' as const, since, ...wrong }];
    });
  });
}

/** When the holders got the address. */
function sinceOf(recorder: RunRecorder, holders: readonly string[], address: IpAddress): number {
  let since = 0;
  const text = formatIp(address);
  for (const [cell, at] of recorder.cellChangedAt) {
    const [host, , prefix] = cell.split(' ');
    if (host === undefined || !holders.includes(host)) continue;
    if (prefix?.startsWith(`${text}/`) === true) since = Math.max(since, at);
  }
  // Given in this very instant, and not told yet.
  return since === 0 ? recorder.run.engine.now : since;
}

/** Where a client's frames for the address really go, if that is not the holder. */
function misled(
  recorder: RunRecorder,
  about: { readonly client: string; readonly holder: string; readonly address: IpAddress },
): Pick<InsightView, 'nodes' | 'text'> | undefined {
  const { lan } = recorder.run;
  const { client, holder, address } = about;
  const host = lan.hosts.get(client);
  if (host === undefined || !isLive(host)) return undefined;
  const entry = host.kernel?.neighbours().find((one) => one.address === address);
  if (entry?.mac === undefined || entry.state === 'FAILED') return undefined;
  const owner = cardOwner(lan, entry.mac);
  const words = `${client} has ${formatIp(address)} at ${formatMac(entry.mac)}`;
  if (owner !== undefined && owner !== holder) {
    return {
      nodes: [client, owner, holder],
      text: `${words}, which is ${owner}; ${holder} holds it`,
    };
  }
  for (const found of lan.switches.values()) {
    const learned = found.table().find((one) => one.mac === entry.mac);
    if (learned === undefined) continue;
    const port = `${found.name}:${learned.port}`;
    const beyond = hostBehind(lan, port);
    if (beyond === undefined || beyond === holder) continue;
    const text = `${words}, ${found.name} sends that to port ${learned.port} (${beyond}); ${holder} holds it`;
    return { nodes: [client, found.name, beyond, holder], text };
  }
  return undefined;
}

function cardOwner(lan: LivingLan, mac: MacAddress): string | undefined {
  return lan.spec.hosts.find((host) => host.nics.some((nic) => nic.mac === mac))?.name;
}

/** The host at the other end of a switch port's cable; behind another switch it could be anybody. */
function hostBehind(lan: LivingLan, port: string): string | undefined {
  for (const cable of lan.cables) {
    const far = cable.a.id === port ? cable.b.id : cable.b.id === port ? cable.a.id : undefined;
    if (far !== undefined) return lan.hosts.has(nodeOf(far)) ? nodeOf(far) : undefined;
  }
  return undefined;
}
