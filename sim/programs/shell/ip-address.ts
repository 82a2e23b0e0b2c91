/**
 * `ip address`: show, add, change, del, flush. The output's form was compared with iproute2 6.1.
 */

import type { AddressScope } from '../../../daemon/wire/address-scope.ts';
import {
  familyOf,
  formatIp,
  type IpAddress,
  type IpFamily,
  parseIp,
  parsePrefix,
} from '../../../daemon/wire/ip-address.ts';
import { broadcastOf } from '../../host/boot.ts';
import type { Link, LinkAddress, NewAddress } from '../../kernel/kernel-api.ts';
import type { IpObject, IpOptions } from './ip.ts';
import { linkFlags, linkHardware, linkHead, linkState, linkTitle } from './ip-link-text.ts';
import { type CommandIo, fail, isShortFor, succeed } from './shell-command.ts';

/** The object `address`. */
export const ipAddress: IpObject = (io, words, options) => {
  const verb = words[0] ?? 'show';
  const rest = words.slice(1);
  if (isShortFor(verb, 'add') || verb === 'change' || isShortFor(verb, 'replace')) {
    return addAddress(io, rest, verb !== 'add' && !isShortFor(verb, 'add'));
  }
  if (isShortFor(verb, 'delete')) return deleteAddress(io, rest);
  if (isShortFor(verb, 'show') || isShortFor(verb, 'list') || verb === 'lst') {
    return showAddresses(io, rest, options);
  }
  if (isShortFor(verb, 'flush')) return flushAddresses(io, rest, options);
  fail(io, `Command "${verb}" is unknown, try "ip address help".`, 255);
};

interface ShowFilter {
  link?: string;
  onlyUp: boolean;
  scope?: string;
  to?: IpAddress;
}

function showAddresses(io: CommandIo, words: readonly string[], options: IpOptions): void {
  const filter: ShowFilter = { onlyUp: false };
  const queue = [...words];
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    if (word === 'up') filter.onlyUp = true;
    else if (word === 'scope') filter.scope = queue.shift() ?? '';
    else if (word === 'to') {
      const to = parsePrefix(queue.shift() ?? '');
      if (to !== undefined) filter.to = to.address;
    } else filter.link = word === 'dev' ? (queue.shift() ?? '') : word;
  }
  const { kernel } = io.machine;
  if (filter.link !== undefined && kernel.link(filter.link) === undefined) {
    fail(io, `Device "${filter.link}" does not exist.`, 1);
    return;
  }
  const blocks = kernel
    .links()
    .filter((link) => filter.link === undefined || link.name === filter.link)
    .filter((link) => !filter.onlyUp || link.up)
    .map((link) => linkBlock(link, filter, options))
    .filter((block) => block !== '');
  succeed(io, blocks.join(''));
}

function linkBlock(link: Link, filter: ShowFilter, options: IpOptions): string {
  const addresses = shownAddresses(link, filter, options.family);
  const isNarrowed =
    options.family !== undefined || filter.scope !== undefined || filter.to !== undefined;
  if (isNarrowed && addresses.length === 0) return '';
  if (options.brief) return briefLine(link, addresses);
  if (options.oneLine) {
    return addresses
      .map((address) => {
        const [first, second] = addressLines(address) as [string, string];
        return `${link.index}: ${link.name}    ${first.trimStart()}\\${second}\n`;
      })
      .join('');
  }
  const hardware = options.family === undefined ? [linkHardware(link)] : [];
  const lines = [linkHead(link, 'plain'), ...hardware, ...addresses.flatMap(addressLines)];
  return `${lines.join('\n')}\n`;
}

/** IPv4 in front of IPv6, as the kernel dumps one family after the other. */
function shownAddresses(
  link: Link,
  filter: ShowFilter,
  family: IpFamily | undefined,
): readonly LinkAddress[] {
  const fitting = link.addresses.filter(
    (address) =>
      (filter.scope === undefined || address.scope === filter.scope) &&
      (filter.to === undefined || address.address === filter.to),
  );
  const of = (wanted: IpFamily) =>
    family === undefined || family === wanted
      ? fitting.filter((address) => familyOf(address.address) === wanted)
      : [];
  return [...of('inet'), ...of('inet6')];
}

/** The two lines of an address. */
export function addressLines(address: LinkAddress): readonly string[] {
  const family = familyOf(address.address);
  const isV4 = family === 'inet';
  const peer = address.peer === undefined ? '' : ` peer ${formatIp(address.peer)}`;
  const broadcast = address.broadcast === undefined ? '' : ` brd ${formatIp(address.broadcast)}`;
  const flags = [
    isV4 && address.secondary ? 'secondary ' : '',
    address.tentative ? 'tentative ' : '',
    address.deprecated ? 'deprecated ' : '',
    address.noPrefixRoute ? 'noprefixroute ' : '',
  ].join('');
  const label = isV4 ? address.label : '';
  const preferred = address.deprecated ? '0sec' : 'forever';
  return [
    `    ${family} ${formatIp(address.address)}${peer}/${address.length}${broadcast}` +
      ` scope ${address.scope} ${flags}${label}`,
    `       valid_lft forever preferred_lft ${preferred}`,
  ];
}

/** One line of `ip -br`. */
export function briefHead(link: Link): string {
  return `${linkTitle(link).padEnd(16)} ${linkState(link).padEnd(14)} `;
}

function briefLine(link: Link, addresses: readonly LinkAddress[]): string {
  const texts = addresses.map((address) => {
    const peer = address.peer === undefined ? '' : ` peer ${formatIp(address.peer)}`;
    return `${formatIp(address.address)}${peer}/${address.length} `;
  });
  return `${briefHead(link)}${texts.join('')}\n`;
}

/** One line of `ip -br link`, kept beside its sister. */
export function briefFlags(link: Link): string {
  return `${linkFlags(link)} `;
}

function addAddress(io: CommandIo, words: readonly string[], replace: boolean): void {
  const parsed = parseAddressWords(words);
  if ('error' in parsed) {
    fail(io, parsed.error, parsed.code);
    return;
  }
  const { link, address } = parsed;
  const { kernel } = io.machine;
  if (kernel.link(link) === undefined) {
    fail(io, `Cannot find device "${link}"`, 1);
    return;
  }
  const result = kernel.addAddress(link, address);
  if (result === 'no-device') {
    fail(io, `Cannot find device "${link}"`, 1);
    return;
  }
  if (result === 'ok' || replace) {
    io.exit(0);
    return;
  }
  const text =
    familyOf(address.address) === 'inet'
      ? 'Error: ipv4: Address already assigned.'
      : 'Error: ipv6: address already assigned.';
  fail(io, text, 2);
}

function deleteAddress(io: CommandIo, words: readonly string[]): void {
  const parsed = parseAddressWords(words);
  if ('error' in parsed) {
    fail(io, parsed.error, parsed.code);
    return;
  }
  const { link, address } = parsed;
  const { kernel } = io.machine;
  const device = kernel.link(link);
  if (device === undefined) {
    fail(io, `Cannot find device "${link}"`, 1);
    return;
  }
  // Without a length iproute2 deletes the address whatever its prefix.
  const match = words.some((word) => word.includes('/'))
    ? address
    : device.addresses.find((known) => known.address === address.address);
  if (match !== undefined && kernel.deleteAddress(link, match)) {
    io.exit(0);
    return;
  }
  const family = familyOf(address.address) === 'inet' ? 'ipv4: Address' : 'ipv6: address';
  fail(io, `Error: ${family} not found.`, 2);
}

function flushAddresses(io: CommandIo, words: readonly string[], options: IpOptions): void {
  const name = words[0] === 'dev' ? words[1] : words[0];
  if (name === undefined) {
    fail(io, 'Flush requires arguments.', 255);
    return;
  }
  const link = io.machine.kernel.link(name);
  if (link === undefined) {
    fail(io, `Device "${name}" does not exist.`, 1);
    return;
  }
  for (const address of shownAddresses(link, { onlyUp: false }, options.family)) {
    io.machine.kernel.deleteAddress(name, address);
  }
  io.exit(0);
}

type ParsedAddress =
  | { readonly link: string; readonly address: NewAddress }
  | { readonly error: string; readonly code: number };

function parseAddressWords(words: readonly string[]): ParsedAddress {
  const queue = [...words];
  const found: { -readonly [K in keyof NewAddress]?: NewAddress[K] } = {};
  let link = '';
  let broadcast = '';
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    switch (word) {
      case 'dev':
        link = queue.shift() ?? '';
        break;
      case 'label':
        found.label = queue.shift() ?? '';
        break;
      case 'scope':
        found.scope = (queue.shift() ?? 'global') as AddressScope;
        break;
      case 'brd':
      case 'broadcast':
        broadcast = queue.shift() ?? '';
        break;
      case 'peer':
      case 'remote': {
        const peer = parsePrefix(queue.shift() ?? '');
        if (peer !== undefined) found.peer = peer.address;
        break;
      }
      case 'nodad':
        found.noDad = true;
        break;
      case 'noprefixroute':
        found.noPrefixRoute = true;
        break;
      case 'preferred_lft':
        found.deprecated = (queue.shift() ?? '').startsWith('0');
        break;
      case 'valid_lft':
        queue.shift();
        break;
      case 'home':
      case 'mngtmpaddr':
      case 'autojoin':
      case 'secondary':
        break;
      default: {
        const text = word === 'local' ? (queue.shift() ?? '') : word;
        const prefix = parsePrefix(text);
        if (prefix === undefined) {
          return { error: `Error: any valid prefix is expected rather than "${text}".`, code: 1 };
        }
        if (found.address !== undefined) {
          return {
            error: `Error: either "local" is duplicate, or "${text}" is a garbage.`,
            code: 255,
          };
        }
        found.address = prefix.address;
        found.length = prefix.length;
      }
    }
  }
  const { address, length } = found;
  if (link === '')
    return { error: 'Not enough information: "dev" argument is required.', code: 255 };
  if (address === undefined || length === undefined)
    return { error: 'RTNETLINK answers: Invalid argument', code: 2 };
  const brd =
    broadcast === '+'
      ? broadcastOf(address, length)
      : broadcast === '-'
        ? undefined
        : parseIp(broadcast);
  if (found.label !== undefined && !found.label.startsWith(link)) {
    const error = `"dev" (${link}) must match "label" (${found.label}).`;
    return { error, code: 255 };
  }
  return {
    link,
    address: { ...found, address, length, ...(brd === undefined ? {} : { broadcast: brd }) },
  };
}
