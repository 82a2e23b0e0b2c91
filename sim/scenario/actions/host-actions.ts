/** Actions on whole machines, their clocks and their addresses. */

import * as z from 'zod';
import { type DurationUs, formatSeconds } from '../../../daemon/base/time.ts';
import { formatPrefix, type IpPrefix } from '../../../daemon/wire/ip-address.ts';
import { prefix, signedDuration, table, text } from '../schema/units.ts';
import {
  type ActionContext,
  type ActionRow,
  hostOf,
  hostRow,
  hostsSchema,
  named,
} from './action.ts';

/** `freeze` and `resume` after reading: hosts, or one program of one host. */
interface FreezeArguments {
  readonly hosts: readonly string[];
  readonly program?: string;
}

function freezeSchema(): z.ZodType<FreezeArguments> {
  return z.union([
    hostsSchema(),
    table(
      {
        host: text('The host.', 'the name of a host'),
        program: text('One program alone (SIGSTOP, SIGCONT) instead of the whole machine.'),
      },
      'A program of a host.',
    ).transform((args) => ({ hosts: [args.host], program: args.program })),
  ]);
}

function freezeRow(name: 'freeze' | 'resume', summary: string): ActionRow<FreezeArguments> {
  return {
    name,
    summary,
    schema: freezeSchema(),
    targets: (args) => named('host', args.hosts, args.program === undefined ? undefined : 'host'),
    perform: (context, args) => {
      for (const name of args.hosts) freeze(context, name, args.program);
    },
    words: (args) =>
      [...args.hosts, ...(args.program === undefined ? [] : [args.program])].join(' '),
  };

  function freeze(context: ActionContext, hostName: string, program: string | undefined): void {
    const host = hostOf(context, hostName);
    if (program !== undefined) {
      const result = host.signal(program, name === 'freeze' ? 'STOP' : 'CONT');
      if (!result.ok) context.refused(`${hostName}: ${result.message}`);
    } else if (name === 'freeze') host.freeze();
    else host.resume();
  }
}

const clockJump: ActionRow<{ readonly host: string; readonly by: DurationUs }> = {
  name: 'clock-jump',
  summary: "Moves a host's wall clock; timers are unaffected.",
  schema: table(
    {
      host: text('The host.', 'the name of a host'),
      by: signedDuration("How far, such as '1h' or '-30s'."),
    },
    'Host and distance.',
  ),
  targets: (args) => named('host', [args.host], 'host'),
  perform: (context, args) => hostOf(context, args.host).jumpClock(args.by),
  words: (args) => `${args.host} by ${formatSeconds(args.by)} s`,
};

/** `address-add` and `address-del` after reading. */
interface AddressArguments {
  readonly host: string;
  readonly nic: string;
  readonly address: IpPrefix;
  readonly label?: string | undefined;
}

const addressShape = {
  host: text('The host.', 'the name of a host'),
  nic: text('The interface.'),
  address: prefix('The address with its prefix length.'),
};

const addressAdd: ActionRow<AddressArguments> = {
  name: 'address-add',
  summary: 'Adds an address to an interface, as an operator would with `ip address add`.',
  schema: table({ ...addressShape, label: text('Its label.').optional() }, 'The address.'),
  targets: (args) => [{ kind: 'nic', name: `${args.host}:${args.nic}`, path: ['nic'] }],
  perform: (context, args) => {
    const kernel = hostOf(context, args.host).kernel;
    if (kernel === undefined) return context.refused(`${args.host} is not running`);
    const { address, length } = args.address;
    const label = args.label === undefined ? {} : { label: args.label };
    const outcome = kernel.addAddress(args.nic, { address, length, ...label });
    if (outcome !== 'ok') context.refused(`${args.host}: address ${outcome}`);
  },
  words: (args) => `${args.host} ${args.nic} ${formatPrefix(args.address)}`,
};

const addressDelete: ActionRow<AddressArguments> = {
  name: 'address-del',
  summary: 'Takes an address from an interface, as with `ip address del`.',
  schema: table(addressShape, 'The address.'),
  targets: (args) => [{ kind: 'nic', name: `${args.host}:${args.nic}`, path: ['nic'] }],
  perform: (context, args) => {
    const kernel = hostOf(context, args.host).kernel;
    if (kernel === undefined) return context.refused(`${args.host} is not running`);
    const found = kernel.deleteAddress(args.nic, args.address);
    if (!found) context.refused(`${args.host}: ${args.nic} has no ${formatPrefix(args.address)}`);
  },
  words: (args) => `${args.host} ${args.nic} ${formatPrefix(args.address)}`,
};

/** All actions on machines. */
export const HOST_ACTIONS = {
  'power-off': hostRow('power-off', 'Pulls the power plug of a host.', (host) => host.powerOff()),
  'power-on': hostRow('power-on', 'Boots a host.', (host) => host.powerOn()),
  reboot: hostRow('reboot', 'Restarts a host in an orderly way.', (host, context) => {
    if (host.power === 'off') context.refused(`${host.name} has no power`);
    else host.reboot();
  }),
  freeze: freezeRow('freeze', 'Stops a whole machine (or one program) in its tracks.'),
  resume: freezeRow('resume', 'Lets a frozen machine or program go on.'),
  'clock-jump': clockJump,
  'address-add': addressAdd,
  'address-del': addressDelete,
};
