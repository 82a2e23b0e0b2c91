/**
 * A containerlab topology (`*.clab.yml`) as a scenario document: nodes become hosts, bridges become switches, links
 * become cables, `ip addr add`, `ip route add` and `sysctl -w` of `exec` become boot configuration, and a bound
 * keepalived.conf the host's. What has no counterpart is told, never dropped in silence.
 */

import { parse } from 'yaml';
import * as z from 'zod';
import type { Document } from './document-text.ts';

const nodeSchema = z.object({
  kind: z.string().optional(),
  binds: z.array(z.string()).optional(),
  exec: z.array(z.string()).optional(),
});

const endSchema = z.union([z.string(), z.object({ node: z.string(), interface: z.string() })]);

const topologySchema = z.object({
  name: z.string().optional(),
  topology: z.object({
    defaults: nodeSchema.nullable().optional(),
    kinds: z.record(z.string(), nodeSchema.nullable()).optional(),
    nodes: z.record(z.string(), nodeSchema.nullable()),
    links: z
      .array(
        z.object({
          endpoints: z.array(endSchema).optional(),
          mtu: z.number().optional(),
        }),
      )
      .optional(),
  }),
});

/** What came of a topology. */
export type Imported =
  | { readonly document: Document; readonly remarks: readonly string[] }
  | { readonly refused: string };

/** Kinds that only forward frames. */
const SWITCHES = new Set(['bridge', 'ovs-bridge']);

interface HostDraft {
  readonly nics: Map<string, string[]>;
  readonly routes: Record<string, string>[];
  readonly sysctl: Record<string, string>;
  keepalived?: string;
}

/** Reads a topology; `refused` tells why it is none. */
export function importContainerlab(text: string): Imported {
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 100 });
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) };
  }
  const read = topologySchema.safeParse(value);
  if (!read.success) {
    const [issue] = read.error.issues;
    return { refused: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'no topology'}` };
  }
  return convert(read.data);
}

function convert(lab: z.output<typeof topologySchema>): Imported {
  const { nodes, kinds = {}, defaults, links = [] } = lab.topology;
  const remarks: string[] = [];
  const hosts = new Map<string, HostDraft>();
  const switches: Document = {};
  for (const [name, node] of Object.entries(nodes)) {
    const kind = node?.kind ?? defaults?.kind ?? 'linux';
    if (SWITCHES.has(kind)) switches[name] = {};
    else {
      if (kind !== 'linux') remarks.push(`${name}: a ${kind} becomes a Linux host`);
      const shared = kinds[kind];
      const exec = [defaults, shared, node].flatMap((one) => one?.exec ?? []);
      const binds = [defaults, shared, node].flatMap((one) => one?.binds ?? []);
      hosts.set(name, hostOf(name, { exec, binds, remarks }));
    }
  }
  const cables = links.flatMap((link) =>
    cableOf(link.endpoints ?? [], { hosts, switches, remarks }),
  );
  const lan = { switches, hosts: Object.fromEntries([...hosts].map(hostEntry)), cables };
  return { document: { name: lab.name ?? 'imported', lan, until: '30s' }, remarks };
}

function hostOf(
  name: string,
  given: {
    readonly exec: readonly string[];
    readonly binds: readonly string[];
    readonly remarks: string[];
  },
): HostDraft {
  const draft: HostDraft = { nics: new Map(), routes: [], sysctl: {} };
  for (const bind of given.binds) {
    const [from = '', to = ''] = bind.split(':');
    if (to.endsWith('/keepalived.conf')) draft.keepalived = from.replace(/^(?![./])/, './');
    else given.remarks.push(`${name}: the bound file ${from} is left out`);
  }
  for (const command of given.exec) {
    if (!configure(draft, command)) given.remarks.push(`${name}: '${command}' is left out`);
  }
  return draft;
}

/** Takes over a command that configures the machine. */
function configure(draft: HostDraft, command: string): boolean {
  const address = /^ip (?:-6 )?addr(?:ess)? add (\S+) dev (\S+)$/.exec(command);
  if (address !== null) {
    const [, prefix = '', nic = ''] = address;
    draft.nics.set(nic, [...(draft.nics.get(nic) ?? []), prefix]);
    return true;
  }
  const route = /^ip (?:-6 )?route (?:add|replace) (\S+) via (\S+)(?: dev (\S+))?$/.exec(command);
  if (route !== null) {
    const [, to = '', via = '', dev] = route;
    draft.routes.push({ to, via, ...(dev === undefined ? {} : { dev }) });
    return true;
  }
  const setting = /^sysctl -w ([\w./-]+)=(\S+)$/.exec(command);
  if (setting !== null) {
    draft.sysctl[setting[1] ?? ''] = setting[2] ?? '';
    return true;
  }
  // Cards are up here without being told.
  return /^ip link set (?:dev )?\S+ up$/.test(command);
}

function cableOf(
  ends: readonly z.output<typeof endSchema>[],
  given: {
    readonly hosts: ReadonlyMap<string, HostDraft>;
    readonly switches: Document;
    readonly remarks: string[];
  },
): readonly (readonly string[])[] {
  const texts = ends.map((end) => (typeof end === 'string' ? end : `${end.node}:${end.interface}`));
  const known = texts.every((text) => {
    const node = text.split(':')[0] ?? '';
    return given.hosts.has(node) || node in given.switches;
  });
  if (texts.length !== 2 || !known) {
    given.remarks.push(`the link ${texts.join(', ')} is left out: it leads out of the lab`);
    return [];
  }
  return [
    texts.map((text) => {
      const [node = '', port = ''] = text.split(':');
      const host = given.hosts.get(node);
      if (host === undefined) return `${node}:${port.replace(/^\D+/, '') || port}`;
      if (!host.nics.has(port)) host.nics.set(port, []);
      return text;
    }),
  ];
}

function hostEntry([name, draft]: readonly [string, HostDraft]): readonly [string, Document] {
  const nics = [...draft.nics].map(([nic, addresses]): [string, unknown] => {
    const [first] = addresses;
    return [nic, addresses.length === 1 && first !== undefined ? first : cardOf(addresses)];
  });
  const { routes, sysctl, keepalived } = draft;
  return [
    name,
    {
      nics: Object.fromEntries(nics),
      ...(keepalived === undefined ? {} : { keepalived }),
      ...(routes.length === 0 ? {} : { routes }),
      ...(Object.keys(sysctl).length === 0 ? {} : { sysctl }),
    },
  ];
}

const cardOf = (addresses: readonly string[]) =>
  addresses.length === 0 ? {} : { address: addresses };
