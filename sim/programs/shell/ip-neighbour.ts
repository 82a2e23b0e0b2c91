/** `ip neigh`: show, flush, add, replace, del. */

import { familyOf, formatIp, type IpAddress, parseIp } from '../../../daemon/wire/ip-address.ts';
import { formatMac, parseMac } from '../../../daemon/wire/mac-address.ts';
import type { NeighbourFacts, NeighbourState } from '../../kernel/kernel-api.ts';
import type { IpObject, IpOptions } from './ip.ts';
import { type CommandIo, fail, isShortFor, succeed } from './shell-command.ts';

/** The object `neighbour`. */
export const ipNeighbour: IpObject = (io, words, options) => {
  const verb = words[0] ?? 'show';
  const rest = words.slice(1);
  if (isShortFor(verb, 'add') || verb === 'change' || isShortFor(verb, 'replace')) {
    return addNeighbour(io, rest, isShortFor(verb, 'add'));
  }
  if (isShortFor(verb, 'delete')) return deleteNeighbour(io, rest);
  if (isShortFor(verb, 'show') || isShortFor(verb, 'list') || verb === 'lst') {
    return showNeighbours(io, rest, options);
  }
  if (isShortFor(verb, 'flush')) return flushNeighbours(io, rest);
  fail(io, `Command "${verb}" is unknown, try "ip neigh help".`, 255);
};

interface NeighbourWords {
  link?: string;
  address?: IpAddress;
  mac?: string;
  state?: string;
  all: boolean;
  wrong?: string;
}

function showNeighbours(io: CommandIo, words: readonly string[], options: IpOptions): void {
  const filter = parseWords(words);
  if (filter.wrong !== undefined) {
    fail(io, wrongAddress(filter.wrong), 1);
    return;
  }
  if (filter.link !== undefined && io.machine.kernel.link(filter.link) === undefined) {
    fail(io, `Cannot find device "${filter.link}"`, 1);
    return;
  }
  const shown = io.machine.kernel
    .neighbours()
    .filter((entry) => options.family === undefined || familyOf(entry.address) === options.family)
    .filter((entry) => filter.link === undefined || entry.link === filter.link)
    .filter((entry) => filter.address === undefined || entry.address === filter.address)
    .filter((entry) =>
      filter.state === undefined
        ? entry.state !== 'NOARP'
        : filter.state === 'all' || entry.state === filter.state.toUpperCase(),
    );
  const ordered = [
    ...shown.filter((entry) => familyOf(entry.address) === 'inet'),
    ...shown.filter((entry) => familyOf(entry.address) === 'inet6'),
  ];
  succeed(io, ordered.map((entry) => neighbourLine(entry, filter.link === undefined)).join(''));
}

function neighbourLine(entry: NeighbourFacts, withLink: boolean): string {
  const parts = [
    formatIp(entry.address),
    ...(withLink ? ['dev', entry.link] : []),
    ...(entry.mac === undefined ? [] : ['lladdr', formatMac(entry.mac)]),
    ...(entry.router ? ['router'] : []),
    entry.state,
  ];
  return `${parts.join(' ')} \n`;
}

function flushNeighbours(io: CommandIo, words: readonly string[]): void {
  const filter = parseWords(words);
  if (words.length === 0) {
    fail(io, 'Flush requires arguments.', 255);
    return;
  }
  if (filter.wrong !== undefined) {
    fail(io, wrongAddress(filter.wrong), 1);
    return;
  }
  const { link, address } = filter;
  if (link !== undefined && io.machine.kernel.link(link) === undefined) {
    fail(io, `Cannot find device "${link}"`, 1);
    return;
  }
  io.machine.kernel.flushNeighbours({
    ...(link === undefined ? {} : { link }),
    ...(address === undefined ? {} : { address }),
  });
  io.exit(0);
}

function addNeighbour(io: CommandIo, words: readonly string[], mustBeNew: boolean): void {
  const parsed = parseWords(words);
  const { link, address } = parsed;
  if (address === undefined || link === undefined) {
    fail(io, 'Device and destination are required arguments.', 255);
    return;
  }
  const { kernel } = io.machine;
  if (kernel.link(link) === undefined) {
    fail(io, `Cannot find device "${link}"`, 1);
    return;
  }
  const mac = parseMac(parsed.mac ?? '');
  if (mac === undefined) {
    fail(io, 'RTNETLINK answers: Invalid argument', 2);
    return;
  }
  const known = findNeighbour(io, link, address);
  if (mustBeNew && known !== undefined) {
    fail(io, 'RTNETLINK answers: File exists', 2);
    return;
  }
  const state = (parsed.state ?? 'permanent').toUpperCase() as NeighbourState;
  kernel.setNeighbour(link, address, mac, state);
  io.exit(0);
}

function deleteNeighbour(io: CommandIo, words: readonly string[]): void {
  const { link, address } = parseWords(words);
  if (address === undefined || link === undefined) {
    fail(io, 'Device and destination are required arguments.', 255);
    return;
  }
  if (io.machine.kernel.link(link) === undefined) {
    fail(io, `Cannot find device "${link}"`, 1);
    return;
  }
  if (io.machine.kernel.deleteNeighbour(link, address)) {
    io.exit(0);
    return;
  }
  fail(io, 'RTNETLINK answers: No such file or directory', 2);
}

function findNeighbour(
  io: CommandIo,
  link: string,
  address: IpAddress,
): NeighbourFacts | undefined {
  return io.machine.kernel
    .neighbours()
    .find((entry) => entry.link === link && entry.address === address);
}

function parseWords(words: readonly string[]): NeighbourWords {
  const queue = [...words];
  const parsed: NeighbourWords = { all: false };
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    if (word === 'dev') parsed.link = queue.shift() ?? '';
    else if (word === 'lladdr') parsed.mac = queue.shift() ?? '';
    else if (word === 'nud') parsed.state = queue.shift() ?? '';
    else if (word === 'all') parsed.all = true;
    else if (word !== 'router' && word !== 'unused') {
      const text = word === 'to' ? (queue.shift() ?? '') : word;
      const address = parseIp(text);
      if (address === undefined) parsed.wrong = text;
      else parsed.address = address;
    }
  }
  return parsed;
}

function wrongAddress(text: string): string {
  return `Error: any valid prefix is expected rather than "${text}".`;
}
