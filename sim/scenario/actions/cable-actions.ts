/** Actions on cables: pulled, silently dead, dead in one direction, lossy, slow. */

import * as z from 'zod';
import { type DurationUs, formatSeconds } from '../../../daemon/base/time.ts';
import type { Impairments, Probability } from '../../lan/lan-api.ts';
import { duration, oneOrMore, percent, table, text, whole } from '../schema/units.ts';
import {
  type ActionRow,
  cableOf,
  directionOf,
  directionSchema,
  type NamedEnd,
  named,
} from './action.ts';

const CABLE = "The cable, named by one of its ports such as 'srv-1:eth1'.";

function cableText() {
  return text(CABLE, "a port such as 'srv-1:eth1' that names the cable");
}

function cableRow(
  name: string,
  summary: string,
  perform: (end: NamedEnd) => void,
): ActionRow<{ readonly cables: readonly string[] }> {
  return {
    name,
    summary,
    schema: oneOrMore(cableText(), 'Cable or cables.').transform((cables) => ({ cables })),
    targets: (args) => named('cable', args.cables),
    perform: (context, args) => {
      for (const cable of args.cables) perform(cableOf(context, cable));
    },
    words: (args) => args.cables.join(', '),
  };
}

/** An impairing row after reading. */
interface Impairing<T> {
  readonly cable: string;
  readonly amount: T;
  readonly direction: 'both' | 'out' | 'in';
}

function impairingRow<T>(row: {
  readonly name: string;
  readonly summary: string;
  readonly schema: ActionRow<Impairing<T>>['schema'];
  readonly change: (amount: T) => Change;
  readonly words: (amount: T) => string;
}): ActionRow<Impairing<T>> {
  const { name, summary, schema, change, words } = row;
  return {
    name,
    summary,
    schema,
    targets: (args) => [{ kind: 'cable', name: args.cable, path: ['cable'] }],
    perform: (context, args) => {
      const end = cableOf(context, args.cable);
      end.cable.impair(directionOf(end, args.direction), change(args.amount));
    },
    words: (args) => `${args.cable} ${words(args.amount)}${directionWords(args.direction)}`,
  };
}

function chanceRow(
  name: 'loss' | 'corrupt' | 'duplicate' | 'reorder',
  summary: string,
): ActionRow<Impairing<Probability>> {
  const shape = {
    cable: cableText(),
    rate: percent("How many of the frames; '0%' heals."),
    direction: directionSchema(),
  };
  return impairingRow({
    name,
    summary,
    schema: table(shape, summary).transform(({ cable, rate, direction = 'both' }) => ({
      cable,
      amount: rate,
      direction,
    })),
    change: (rate) => ({ [name]: rate.numerator === 0 ? undefined : rate }),
    words: (rate) => `${(rate.numerator * 100) / rate.denominator}%`,
  });
}

function delayRow(
  name: 'delay' | 'jitter',
  key: 'extraDelay' | 'jitter',
  summary: string,
): ActionRow<Impairing<DurationUs>> {
  const shape = {
    cable: cableText(),
    by: duration("How much; '0s' heals."),
    direction: directionSchema(),
  };
  return impairingRow({
    name,
    summary,
    schema: table(shape, summary).transform(({ cable, by, direction = 'both' }) => ({
      cable,
      amount: by,
      direction,
    })),
    change: (by) => ({ [key]: by === 0 ? undefined : by }),
    words: (by) => `${formatSeconds(by)} s`,
  });
}

type Change = { readonly [K in keyof Impairments]: Impairments[K] | undefined };

function directionWords(direction: 'both' | 'out' | 'in'): string {
  return direction === 'both' ? '' : ` (${direction})`;
}

const oneWay: ActionRow<{ readonly cable: string; readonly dead: 'out' | 'in' }> = {
  name: 'one-way',
  summary: 'The cable goes silently dead in one direction; both carriers stay.',
  schema: z
    .union([
      cableText(),
      table(
        {
          cable: cableText(),
          dead: z
            .enum(['out', 'in'], { error: "expected 'out' or 'in'" })
            .describe(
              "'out' (default): nothing that the named port sends arrives; 'in': it hears nothing.",
            )
            .optional(),
        },
        'The cable and the dead direction.',
      ),
    ])
    .transform((args) =>
      typeof args === 'string'
        ? { cable: args, dead: 'out' as const }
        : { cable: args.cable, dead: args.dead ?? ('out' as const) },
    ),
  targets: (args) => [{ kind: 'cable', name: args.cable, path: ['cable'] }],
  perform: (context, args) => {
    const end = cableOf(context, args.cable);
    end.cable.impair(directionOf(end, args.dead), { muted: true });
  },
  words: (args) => `${args.cable} (${args.dead} dead)`,
};

/** `flap` after reading. */
interface FlapArguments {
  readonly cable: string;
  readonly times: number;
  readonly down: DurationUs;
  readonly up: DurationUs;
}

const flap: ActionRow<FlapArguments> = {
  name: 'flap',
  summary: 'The cable loses its signal and gets it back, several times.',
  schema: table(
    {
      cable: cableText(),
      times: whole('How often.', { min: 1, max: 10_000 }),
      down: duration('How long it is out each time.'),
      up: duration('How long it is back in between; the same as down by default.').optional(),
    },
    'How the cable flaps.',
  ).transform((args) => ({ ...args, up: args.up ?? args.down })),
  targets: (args) => [{ kind: 'cable', name: args.cable, path: ['cable'] }],
  perform: (context, args) => {
    const { cable } = cableOf(context, args.cable);
    for (let round = 0; round < args.times; round++) {
      const start = round * (args.down + args.up);
      context.after(start as DurationUs, () => cable.unplug());
      context.after((start + args.down) as DurationUs, () => cable.replug());
    }
  },
  words: (args) => `${args.cable}, ${args.times} times`,
};

/** All actions on cables. */
export const CABLE_ACTIONS = {
  unplug: cableRow('unplug', 'Pulls the cable: both ends lose their carrier.', (end) =>
    end.cable.unplug(),
  ),
  replug: cableRow('replug', 'Plugs the cable in again.', (end) => end.cable.replug()),
  mute: cableRow('mute', 'The cable goes silently dead both ways; the carriers stay.', (end) =>
    end.cable.impair('both', { muted: true }),
  ),
  unmute: cableRow('unmute', 'Ends mute and one-way.', (end) =>
    end.cable.impair('both', { muted: undefined }),
  ),
  'one-way': oneWay,
  loss: chanceRow('loss', 'The cable loses frames at random.'),
  delay: delayRow('delay', 'extraDelay', 'Frames take longer.'),
  jitter: delayRow('jitter', 'jitter', 'Frames take up to that much longer, at random.'),
  corrupt: chanceRow('corrupt', 'Bits of frames are turned over at random.'),
  duplicate: chanceRow('duplicate', 'Frames arrive twice at random.'),
  reorder: chanceRow('reorder', 'Frames are overtaken by later ones at random.'),
  flap,
};
