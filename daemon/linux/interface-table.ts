/**
 * The interfaces of this host, kept fresh from netlink. Changes are told in the kernel's order; the facts that
 * the daemon reads while it handles one are those after that change.
 */

import type { SystemEvent } from '../core/events.ts';
import type { InterfaceAddress, InterfaceFacts } from '../core/system.ts';
import type { AddressMessage, LinkMessage, NetlinkMessage, RouteMessage } from './rtnetlink.ts';

/** The main routing table; others are named in the words of a route. Source: /etc/iproute2/rt_tables. */
const MAIN_TABLE = 254;
const LOCAL_TABLE = 255;

interface Entry {
  link: LinkMessage;
  addresses: InterfaceAddress[];
}

/** Interfaces by index. */
export class InterfaceTable {
  readonly #entries = new Map<number, Entry>();
  #facts: readonly InterfaceFacts[] | undefined;

  /** All interfaces in index order. */
  interfaces(): readonly InterfaceFacts[] {
    this.#facts ??= [...this.#entries.values()]
      .sort((a, b) => a.link.facts.index - b.link.facts.index)
      .map((entry) => this.#factsOf(entry));
    return this.#facts;
  }

  /** One interface by name. */
  named(name: string): InterfaceFacts | undefined {
    return this.interfaces().find((facts) => facts.name === name);
  }

  /** Takes one message of netlink in; the events that it means for the daemon, none when nothing changed. */
  apply(message: NetlinkMessage): readonly SystemEvent[] {
    switch (message.kind) {
      case 'link':
        return this.#applyLink(message);
      case 'address':
        return this.#applyAddress(message);
      case 'route-removed':
        return this.#applyRoute(message);
      case 'rule-removed':
        return [message];
      default:
        return [];
    }
  }

  /** Takes whole dumps in, after changes were lost; the events are the differences. */
  resynchronise(dump: readonly NetlinkMessage[]): readonly SystemEvent[] {
    const events: SystemEvent[] = [];
    const links = new Set<number>();
    const addresses = new Set<string>();
    for (const message of dump) {
      if (message.kind === 'link') links.add(message.facts.index);
      if (message.kind === 'address') addresses.add(addressKey(message));
    }
    for (const [index, entry] of [...this.#entries]) {
      for (const address of [...entry.addresses]) {
        const gone: AddressMessage = {
          kind: 'address',
          removed: true,
          interfaceIndex: index,
          address,
        };
        if (!addresses.has(addressKey(gone))) events.push(...this.#applyAddress(gone));
      }
      if (!links.has(index)) events.push(...this.#applyLink({ ...entry.link, removed: true }));
    }
    for (const message of dump) events.push(...this.apply(message));
    return events;
  }

  #applyLink(message: LinkMessage): readonly SystemEvent[] {
    const { index, name } = message.facts;
    const entry = this.#entries.get(index);
    this.#facts = undefined;
    if (message.removed) {
      if (entry === undefined) return [];
      this.#entries.delete(index);
      return [{ kind: 'link-removed', interface: entry.link.facts.name }];
    }
    if (entry === undefined) {
      this.#entries.set(index, { link: message, addresses: [] });
      return [{ kind: 'link-changed', interface: name }];
    }
    const before = entry.link;
    entry.link = message;
    if (before.facts.name !== name) {
      return [
        { kind: 'link-removed', interface: before.facts.name },
        { kind: 'link-changed', interface: name },
        // The addresses came along without a word of netlink.
        ...entry.addresses.map((address) => ({
          kind: 'address-added' as const,
          interface: name,
          address,
        })),
      ];
    }
    return sameLink(before, message) ? [] : [{ kind: 'link-changed', interface: name }];
  }

  #applyAddress(message: AddressMessage): readonly SystemEvent[] {
    const entry = this.#entries.get(message.interfaceIndex);
    if (entry === undefined) return [];
    this.#facts = undefined;
    const at = entry.addresses.findIndex((known) => sameAddress(known, message.address));
    const name = entry.link.facts.name;
    if (message.removed) {
      if (at < 0) return [];
      entry.addresses.splice(at, 1);
      return [{ kind: 'address-removed', interface: name, address: message.address }];
    }
    if (at >= 0) {
      // A new lifetime, or the end of duplicate address detection: same address, other flags.
      entry.addresses[at] = message.address;
      return [];
    }
    entry.addresses.push(message.address);
    return [{ kind: 'address-added', interface: name, address: message.address }];
  }

  #applyRoute(message: RouteMessage): readonly SystemEvent[] {
    if (message.table === LOCAL_TABLE) return [];
    const words = [message.destination];
    if (message.gateway !== undefined) words.push('via', message.gateway);
    const out = this.#entries.get(message.interfaceIndex ?? -1);
    if (out !== undefined) words.push('dev', out.link.facts.name);
    if (message.table !== MAIN_TABLE) words.push('table', String(message.table));
    return [{ kind: 'route-removed', words }];
  }

  #factsOf(entry: Entry): InterfaceFacts {
    const base = this.#entries.get(entry.link.baseIndex ?? -1)?.link.facts.name;
    // A veth names its peer, which may live in another namespace, the way a macvlan names its base.
    const stands = entry.link.facts.kind !== 'physical' && entry.link.facts.kind !== 'loopback';
    return {
      ...entry.link.facts,
      addresses: [...entry.addresses],
      ...(base === undefined || !stands ? {} : { base }),
    };
  }
}

function sameAddress(a: InterfaceAddress, b: InterfaceAddress): boolean {
  return a.address === b.address && a.length === b.length && a.peer === b.peer;
}

function addressKey(message: AddressMessage): string {
  const { address, length, peer } = message.address;
  return `${message.interfaceIndex} ${address} ${length} ${peer ?? ''}`;
}

function sameLink(a: LinkMessage, b: LinkMessage): boolean {
  const [x, y] = [a.facts, b.facts];
  return (
    x.mac === y.mac &&
    x.mtu === y.mtu &&
    x.up === y.up &&
    x.running === y.running &&
    x.multicast === y.multicast &&
    x.kind === y.kind &&
    a.baseIndex === b.baseIndex
  );
}
