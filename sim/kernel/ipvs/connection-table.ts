/**
 * The table of connections: found in constant time from either side, hashed by numbers alone. Both
 * directions share the key of protocol, client and client port, as in the kernel. Of entries with one key
 * the newest is found first, so a rescheduled connection hides the old entry until that has expired.
 */

import type { IpAddress } from '../../../daemon/wire/ip-address.ts';
import type { Connection } from './connection.ts';
import type { PacketFacts } from './ipvs-state.ts';
import { foldAddress } from './schedulers/address-hash.ts';

/** Few, since every kernel has a table and hardly any balances: 4096 were a third of the heap. */
const INITIAL_BITS = 4;

/** All connections and templates of a kernel. */
export class ConnectionTable {
  #buckets: (Connection | undefined)[] = new Array(1 << INITIAL_BITS).fill(undefined);
  #mask = (1 << INITIAL_BITS) - 1;
  #count = 0;
  #oldest: Connection | undefined;
  #newest: Connection | undefined;

  /** How many entries there are, templates included. */
  get count(): number {
    return this.#count;
  }

  /** Adds an entry; it is found before others of the same key. */
  add(connection: Connection): void {
    if (this.#count > this.#mask) this.#grow();
    this.#count++;
    connection.isHashed = true;
    this.#link(connection);
    connection.previousInOrder = this.#newest;
    connection.nextInOrder = undefined;
    if (this.#newest === undefined) this.#oldest = connection;
    else this.#newest.nextInOrder = connection;
    this.#newest = connection;
  }

  /** Takes an entry out; no harm when it is not in. */
  remove(connection: Connection): void {
    if (!connection.isHashed) return;
    connection.isHashed = false;
    this.#count--;
    const { previousInBucket, nextInBucket, previousInOrder, nextInOrder } = connection;
    if (previousInBucket !== undefined) previousInBucket.nextInBucket = nextInBucket;
    else this.#buckets[this.#bucketOf(connection)] = nextInBucket;
    if (nextInBucket !== undefined) nextInBucket.previousInBucket = previousInBucket;
    if (previousInOrder !== undefined) previousInOrder.nextInOrder = nextInOrder;
    else this.#oldest = nextInOrder;
    if (nextInOrder !== undefined) nextInOrder.previousInOrder = previousInOrder;
    else this.#newest = previousInOrder;
    connection.nextInBucket = undefined;
    connection.previousInBucket = undefined;
  }

  /** The connection of a packet from the client. */
  findForRequest(packet: PacketFacts): Connection | undefined {
    const { protocol, source, sourcePort, destination, destinationPort } = packet;
    return this.#findBetween(protocol, source, sourcePort, destination, destinationPort);
  }

  /** The connection whose client sent what this packet answers, by the virtual service's side. */
  findForReverse(packet: PacketFacts): Connection | undefined {
    const { protocol, source, sourcePort, destination, destinationPort } = packet;
    return this.#findBetween(protocol, destination, destinationPort, source, sourcePort);
  }

  #findBetween(
    protocol: number,
    client: IpAddress,
    clientPort: number,
    virtual: IpAddress,
    virtualPort: number,
  ): Connection | undefined {
    let found = this.#buckets[hash(protocol, client, clientPort) & this.#mask];
    for (; found !== undefined; found = found.nextInBucket) {
      if (
        found.clientPort === clientPort &&
        found.client === client &&
        found.virtualPort === virtualPort &&
        found.virtualAddress === virtual &&
        found.protocol === protocol &&
        !found.isTemplate
      ) {
        return found;
      }
    }
    return undefined;
  }

  /**
   * The connection of a packet from a real server to the client. A NAT server answers from its own
   * address, any other from the virtual one.
   */
  findForAnswer(packet: PacketFacts): Connection | undefined {
    const { protocol, source, sourcePort, destination, destinationPort } = packet;
    let found = this.#buckets[hash(protocol, destination, destinationPort) & this.#mask];
    for (; found !== undefined; found = found.nextInBucket) {
      if (
        found.clientPort === destinationPort &&
        found.client === destination &&
        found.protocol === protocol &&
        (found.method === 'nat'
          ? found.serverPort === sourcePort && found.serverAddress === source
          : found.virtualPort === sourcePort && found.virtualAddress === source) &&
        !found.isTemplate
      ) {
        return found;
      }
    }
    return undefined;
  }

  /** The template for a client network. */
  findTemplate(key: {
    readonly protocol: number;
    readonly client: IpAddress;
    readonly virtualAddress: IpAddress;
    readonly virtualPort: number;
  }): Connection | undefined {
    let found = this.#buckets[hash(key.protocol, key.client, 0) & this.#mask];
    for (; found !== undefined; found = found.nextInBucket) {
      if (
        found.isTemplate &&
        found.client === key.client &&
        found.virtualAddress === key.virtualAddress &&
        found.virtualPort === key.virtualPort &&
        found.protocol === key.protocol
      ) {
        return found;
      }
    }
    return undefined;
  }

  /** Calls `visit` for each entry, oldest first; entries may be removed meanwhile. */
  forEach(visit: (connection: Connection) => void): void {
    let connection = this.#oldest;
    while (connection !== undefined) {
      const next: Connection | undefined = connection.nextInOrder;
      visit(connection);
      connection = next;
    }
  }

  #bucketOf(connection: Connection): number {
    return hash(connection.protocol, connection.client, connection.clientPort) & this.#mask;
  }

  #link(connection: Connection): void {
    const bucket = this.#bucketOf(connection);
    const first = this.#buckets[bucket];
    connection.nextInBucket = first;
    connection.previousInBucket = undefined;
    if (first !== undefined) first.previousInBucket = connection;
    this.#buckets[bucket] = connection;
  }

  /** Oldest first, so that the newest of a key stays in front. */
  #grow(): void {
    const size = this.#buckets.length * 2;
    this.#buckets = new Array(size).fill(undefined);
    this.#mask = size - 1;
    for (let each = this.#oldest; each !== undefined; each = each.nextInOrder) this.#link(each);
  }
}

/** In which bucket of a table of `size` an entry would lie. */
export function bucketOf(connection: Connection, size: number): number {
  return hash(connection.protocol, connection.client, connection.clientPort) % size;
}

function hash(protocol: number, client: IpAddress, port: number): number {
  let value = foldAddress(client) ^ Math.imul(port * 256 + protocol, 0x9e3779b1);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  return (value ^ (value >>> 13)) >>> 0;
}
