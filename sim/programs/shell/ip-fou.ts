/** `ip fou`: add, del, show the UDP ports that take other protocols. Source: iproute2 6.1, ip/ipfou.c; ip-fou(8). */

import { errnoText } from '../../../daemon/base/errno.ts';
import type { FouPort } from '../../kernel/fou-ports.ts';
import type { IpObject } from './ip.ts';
import { type CommandIo, fail, isShortFor, succeed } from './shell-command.ts';

const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ['ipip', 4],
  ['ipencap', 4],
  ['ipv6', 41],
  ['gre', 47],
]);
const PORT_MAX = 65_535;
const PROTOCOL_MAX = 255;

/** The object `fou`. */
export const ipFou: IpObject = (io, words, options) => {
  const verb = words[0] ?? 'show';
  const rest = words.slice(1);
  const family = options.family === 'inet6' || rest.includes('-6') ? 'inet6' : 'inet';
  const own = rest.filter((word) => word !== '-6');
  if (isShortFor(verb, 'add')) return change(io, own, family, 'add');
  if (isShortFor(verb, 'delete')) return change(io, own, family, 'delete');
  if (isShortFor(verb, 'show') || isShortFor(verb, 'list') || verb === 'lst') {
    return succeed(io, io.machine.kernel.fouPorts().map(portLine).join(''));
  }
  fail(io, `Command "${verb}" is unknown, try "ip fou help".`, 255);
};

function portLine({ port, protocol, family }: FouPort): string {
  const kind = protocol === undefined ? 'gue' : `ipproto ${protocol}`;
  return `port ${port} ${kind}${family === 'inet6' ? ' -6' : ''}\n`;
}

function change(
  io: CommandIo,
  words: readonly string[],
  family: FouPort['family'],
  how: 'add' | 'delete',
): void {
  const read = readPort(words, how);
  if (typeof read === 'string') {
    fail(io, read, read.startsWith('Error') ? 255 : 1);
    return;
  }
  const { kernel } = io.machine;
  const isDone =
    how === 'add'
      ? kernel.addFouPort({ family, ...read }) === 'ok'
      : kernel.deleteFouPort({ family, port: read.port });
  const problem = errnoText(how === 'add' ? 'EADDRINUSE' : 'EINVAL');
  if (isDone) io.exit(0);
  else fail(io, `RTNETLINK answers: ${problem}\nError talking to the kernel`, 2);
}

function readPort(
  words: readonly string[],
  how: 'add' | 'delete',
): Omit<FouPort, 'family'> | string {
  let port: number | undefined;
  let protocol: number | undefined;
  let isGue = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (word === 'gue') isGue = true;
    else if (word === 'port') {
      const text = words[++i] ?? '';
      port = Number(text);
      if (!/^\d+$/.test(text) || port < 1 || port > PORT_MAX) {
        return `Error: argument "${text}" is wrong: invalid port`;
      }
    } else if (word === 'ipproto') {
      const text = words[++i] ?? '';
      protocol = PROTOCOLS.get(text) ?? Number(text);
      if (!Number.isInteger(protocol) || protocol < 1 || protocol > PROTOCOL_MAX) {
        return `Error: argument "${text}" is wrong: invalid ipproto`;
      }
    } else return `fou: unknown command "${word}"?`;
  }
  if (port === undefined) return 'fou: missing port';
  if (how === 'add' && !isGue && protocol === undefined) return 'fou: must set ipproto or gue';
  if (isGue && protocol !== undefined) return 'fou: cannot set gue and ipproto';
  return protocol === undefined ? { port } : { port, protocol };
}
