/** iproute2's `ip`: options in front, then an object, each in a file of its own. Wording of 6.1. */

import type { IpFamily } from '../../../daemon/wire/ip-address.ts';
import { ipAddress } from './ip-address.ts';
import { ipFou } from './ip-fou.ts';
import { ipLink } from './ip-link.ts';
import { ipNeighbour } from './ip-neighbour.ts';
import { ipRoute } from './ip-route.ts';
import { ipRule } from './ip-rule.ts';
import { type CommandIo, fail, isShortFor, type ShellCommand } from './shell-command.ts';

/** What the options in front of the object say. */
export interface IpOptions {
  readonly family: IpFamily | undefined;
  readonly brief: boolean;
  readonly statistics: boolean;
  readonly oneLine: boolean;
  readonly details: boolean;
}

/** One object of `ip`: the words behind it, and the options in front. */
export type IpObject = (io: CommandIo, words: readonly string[], options: IpOptions) => void;

/** In the order in which iproute2 tries abbreviations. */
const OBJECTS: readonly (readonly [string, IpObject])[] = [
  ['address', ipAddress],
  ['route', ipRoute],
  ['rule', ipRule],
  ['neighbor', ipNeighbour],
  ['neighbour', ipNeighbour],
  ['link', ipLink],
  ['fou', ipFou],
];

/** The command. */
export const ip: ShellCommand = (io) => {
  const words = [...io.words];
  const options = takeOptions(words);
  if (typeof options === 'string') return fail(io, options, 255);
  const name = words.shift();
  if (name === undefined) return fail(io, USAGE, 255);
  if (name === '-V' || name === '-Version') {
    io.out('ip utility, iproute2-6.1.0\n');
    return io.exit(0);
  }
  const object = OBJECTS.find(([full]) => isShortFor(name, full));
  if (object === undefined) return fail(io, `Object "${name}" is unknown, try "ip help".`, 1);
  object[1](io, words, options);
};

const USAGE = `Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }
where  OBJECT := { address | fou | link | neighbor | route | rule }`;

function takeOptions(words: string[]): IpOptions | string {
  const options = {
    family: undefined as IpFamily | undefined,
    brief: false,
    statistics: false,
    oneLine: false,
    details: false,
  };
  while (words[0]?.startsWith('-') && words[0] !== '-V' && words[0] !== '-Version') {
    const raw = words.shift() as string;
    const word = raw.startsWith('--') ? raw.slice(1) : raw;
    if (word === '-4') options.family = 'inet';
    else if (word === '-6') options.family = 'inet6';
    else if (isShortFor(word, '-family')) {
      const family = words.shift();
      if (family !== 'inet' && family !== 'inet6')
        return `Error: argument "${family ?? ''}" is wrong: invalid protocol family`;
      options.family = family;
    } else if (word.length > 2 && isShortFor(word, '-brief')) options.brief = true;
    else if (isShortFor(word, '-stats') || isShortFor(word, '-statistics'))
      options.statistics = true;
    else if (isShortFor(word, '-oneline')) options.oneLine = true;
    else if (isShortFor(word, '-details')) options.details = true;
    else if (!/^-(c|color|N|n|t|r|a)/.test(word))
      return `Option "${raw}" is unknown, try "ip -help".`;
  }
  return options;
}
