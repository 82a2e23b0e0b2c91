/** `ip link`: show, with counters and brief, `set up|down`, `add NAME type dummy` and `delete`. */

import { formatMac } from '../../../daemon/wire/mac-address.ts';
import type { Link } from '../../kernel/kernel-api.ts';
import type { IpObject, IpOptions } from './ip.ts';
import { briefFlags, briefHead } from './ip-address.ts';
import { linkHardware, linkHead } from './ip-link-text.ts';
import { type CommandIo, fail, isShortFor, succeed } from './shell-command.ts';

/** Widths of the counters' columns. Source: iproute2 6.1, `print_stats64`. */
const WIDTHS = [10, 7, 6, 7, 7, 7] as const;

/** The object `link`. */
export const ipLink: IpObject = (io, words, options) => {
  const verb = words[0] ?? 'show';
  const rest = words.slice(1);
  if (isShortFor(verb, 'set')) return setLink(io, rest);
  if (isShortFor(verb, 'show') || isShortFor(verb, 'list') || verb === 'lst') {
    return showLinks(io, rest, options);
  }
  if (isShortFor(verb, 'delete')) return deleteLink(io, rest);
  if (isShortFor(verb, 'add')) return addLink(io, rest);
  fail(io, `Command "${verb}" is unknown, try "ip link help".`, 255);
};

function showLinks(io: CommandIo, words: readonly string[], options: IpOptions): void {
  const onlyUp = words.includes('up');
  const named = words.filter((word) => word !== 'up' && word !== 'dev')[0];
  const { kernel } = io.machine;
  if (named !== undefined && kernel.link(named) === undefined) {
    fail(io, `Device "${named}" does not exist.`, 1);
    return;
  }
  const links = kernel
    .links()
    .filter((link) => named === undefined || link.name === named)
    .filter((link) => !onlyUp || link.up);
  succeed(io, links.map((link) => linkText(link, options)).join(''));
}

function linkText(link: Link, options: IpOptions): string {
  if (options.brief) return `${briefHead(link)}${formatMac(link.mac)} ${briefFlags(link)}\n`;
  const lines = [linkHead(link, 'with-mode'), linkHardware(link)];
  if (options.statistics) lines.push(...counterLines(link));
  return `${lines.join('\n')}\n`;
}

function counterLines(link: Link): readonly string[] {
  const { counters } = link;
  const received = [counters.rxBytes, counters.rxPackets, 0, counters.rxDropped, 0, 0];
  const sent = [counters.txBytes, counters.txPackets, 0, counters.txDropped, 0, 0];
  const widths = WIDTHS.map((least, i) =>
    Math.max(least, String(received[i]).length, String(sent[i]).length),
  );
  const head = (way: string, names: readonly string[]) => {
    const cells = names.map((name, i) => name.padStart((widths[i] as number) - (i === 0 ? 4 : 0)));
    return `    ${way}: ${cells.join(' ')} ${' '.repeat(10)}`;
  };
  const row = (values: readonly number[]) =>
    `    ${values.map((value, i) => String(value).padStart(widths[i] as number)).join(' ')} `;
  return [
    head('RX', ['bytes', 'packets', 'errors', 'dropped', 'missed', 'mcast']),
    row(received),
    head('TX', ['bytes', 'packets', 'errors', 'dropped', 'carrier', 'collsns']),
    row(sent),
  ];
}

function setLink(io: CommandIo, words: readonly string[]): void {
  const rest = words[0] === 'dev' ? words.slice(1) : words;
  const name = rest[0];
  if (name === undefined) {
    fail(io, 'Not enough information: "dev" argument is required.', 255);
    return;
  }
  const { kernel } = io.machine;
  if (kernel.link(name) === undefined) {
    fail(io, `Cannot find device "${name}"`, 1);
    return;
  }
  for (const word of rest.slice(1)) {
    if (word !== 'up' && word !== 'down') {
      fail(io, `Error: either "dev" is duplicate, or "${word}" is a garbage.`, 255);
      return;
    }
    kernel.setLinkUp(name, word === 'up');
  }
  io.exit(0);
}

/** `ip link add [name] NAME type dummy`. */
function addLink(io: CommandIo, words: readonly string[]): void {
  const rest = words[0] === 'name' || words[0] === 'dev' ? words.slice(1) : words;
  const [name, type, kind] = rest;
  if (name === undefined || type !== 'type' || kind !== 'dummy' || rest.length > 3) {
    fail(io, 'ip link add is simulated for "NAME type dummy" alone', 2);
    return;
  }
  if (!io.machine.kernel.addDummyLink(name)) fail(io, 'RTNETLINK answers: File exists', 2);
  else io.exit(0);
}

function deleteLink(io: CommandIo, words: readonly string[]): void {
  const name = words[0] === 'dev' ? words[1] : words[0];
  const link = name === undefined ? undefined : io.machine.kernel.link(name);
  if (link === undefined) {
    fail(io, `Cannot find device "${name ?? ''}"`, 1);
    return;
  }
  if (link.base === undefined && link.kind !== 'dummy') {
    fail(io, 'RTNETLINK answers: Operation not supported', 2);
    return;
  }
  io.machine.kernel.deleteLink(link.name);
  io.exit(0);
}
