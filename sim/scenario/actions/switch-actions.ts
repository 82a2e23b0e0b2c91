/** Actions on switches, hubs and their ports. */

import * as z from 'zod';
import type { SwitchApi } from '../../lan/lan-api.ts';
import { flag, oneOrMore, table, text } from '../schema/units.ts';
import { type ActionRow, named, splitPort, switchOf } from './action.ts';

function portText() {
  return text("A port of a switch such as 'sw1:3'.", "a port of a switch such as 'sw1:3'");
}

function portRow(
  name: string,
  summary: string,
  perform: (found: SwitchApi, port: string) => void,
): ActionRow<{ readonly ports: readonly string[] }> {
  return {
    name,
    summary,
    schema: oneOrMore(portText(), 'Port or ports.').transform((ports) => ({ ports })),
    targets: (args) => named('switch-port', args.ports),
    perform: (context, args) => {
      for (const name of args.ports) {
        const { node, port } = splitPort(name);
        perform(switchOf(context, node), port ?? '');
      }
    },
    words: (args) => args.ports.join(', '),
  };
}

function switchRow(
  name: string,
  summary: string,
  perform: (found: SwitchApi) => void,
): ActionRow<{ readonly switches: readonly string[] }> {
  return {
    name,
    summary,
    schema: oneOrMore(text('A switch.', 'the name of a switch'), 'Switch or switches.').transform(
      (switches) => ({ switches }),
    ),
    targets: (args) => named('switch', args.switches),
    perform: (context, args) => {
      for (const name of args.switches) perform(switchOf(context, name));
    },
    words: (args) => args.switches.join(', '),
  };
}

/** `mcast-filter` after reading. */
interface FilterArguments {
  readonly ports: readonly string[];
  readonly on: boolean;
  readonly long: boolean;
}

const multicastFilter: ActionRow<FilterArguments> = {
  name: 'mcast-filter',
  summary: 'A switch stops delivering multicast out of a port (on: false ends it).',
  schema: z.union([
    oneOrMore(portText(), 'Port or ports.').transform((ports) => ({
      ports,
      on: true,
      long: false,
    })),
    table(
      { port: portText(), on: flag('false takes the filter away; true by default.').optional() },
      'Port and whether the filter is on.',
    ).transform((args) => ({ ports: [args.port], on: args.on ?? true, long: true })),
  ]),
  targets: (args) => named('switch-port', args.ports, args.long ? 'port' : undefined),
  perform: (context, args) => {
    for (const name of args.ports) {
      const { node, port } = splitPort(name);
      switchOf(context, node).setMulticastDelivery(port ?? '', !args.on);
    }
  },
  words: (args) => `${args.ports.join(', ')} ${args.on ? 'on' : 'off'}`,
};

/** All actions on switches. */
export const SWITCH_ACTIONS = {
  'port-down': portRow('port-down', 'Switches a port off: its far end loses the carrier.', (s, p) =>
    s.setPortUp(p, false),
  ),
  'port-up': portRow('port-up', 'Switches a port on.', (s, p) => s.setPortUp(p, true)),
  'port-block': portRow(
    'port-block',
    'A port passes nothing (spanning tree); its carrier stays.',
    (s, p) => s.setPortForwarding(p, false),
  ),
  'port-forward': portRow('port-forward', 'A blocked port forwards again.', (s, p) =>
    s.setPortForwarding(p, true),
  ),
  'mcast-filter': multicastFilter,
  'flush-fdb': switchRow('flush-fdb', 'A switch forgets what it learned.', (s) => s.flushTable()),
  'switch-off': switchRow('switch-off', 'A switch loses power.', (s) => s.setPower(false)),
  'switch-on': switchRow('switch-on', 'A switch gets power again.', (s) => s.setPower(true)),
};
