/** Everything that can be done, as lines of the palette: what keys do, every cable, device, tab, moment and scenario. */

import type { Page } from '../store/context.ts';
import { KEYS } from '../store/keys.ts';
import type { LowerTab } from '../store/view.svelte.ts';
import { secondsText } from '../words/time-text.ts';
import { downloadPcapng } from './download.ts';
import { carryOut } from './intents.ts';

/** One line. */
export interface PaletteCommand {
  readonly id: string;
  readonly group: string;
  readonly words: string;
  /** The key that does the same. */
  readonly key?: string;
  readonly run: () => void;
}

/** Lines that are shown at once. */
const PALETTE_LINES_MAX = 60;

/** All lines of a page as it is now. */
export function paletteCommands(page: Page): readonly PaletteCommand[] {
  const { twin, view } = page;
  return [
    ...KEYS.filter((line) => line.intent !== 'palette').map((line) => ({
      id: `key ${line.key}`,
      group: 'do',
      words: line.words,
      key: line.shown,
      run: () => carryOut(line.intent, page),
    })),
    ...deviceCommands(page),
    ...cableCommands(page),
    ...tabCommands(page),
    ...momentCommands(page),
    command('file', 'save what was done as a scenario', () => {
      view.saveOpen = true;
    }),
    command('file', 'download all frames as pcapng', () => downloadPcapng(twin)),
    ...(['system', 'light', 'dark'] as const).map((theme) =>
      command('look', `theme: ${theme}`, () => {
        view.theme = theme;
      }),
    ),
    ...twin.scenarios.map((choice) =>
      command('open', `${choice.name}${choice.group === '' ? '' : ` (${choice.group})`}`, () => {
        view.selection = { kind: 'none' };
        view.packet = undefined;
        twin.send({ type: 'open', scenario: choice.id });
      }),
    ),
  ];
}

/** Lines that have every word of a search, wherever it stands. */
export function matchingCommands(
  commands: readonly PaletteCommand[],
  search: string,
): readonly PaletteCommand[] {
  const words = search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return commands
    .filter(({ group, words: text }) => {
      const whole = `${group} ${text}`.toLowerCase();
      return words.every((word) => whole.includes(word));
    })
    .slice(0, PALETTE_LINES_MAX);
}

function command(group: string, words: string, run: () => void): PaletteCommand {
  return { id: `${group} ${words}`, group, words, run };
}

function deviceCommands({ twin, view }: Page): readonly PaletteCommand[] {
  return twin.topology.nodes.flatMap((node) => {
    const host = twin.hosts.get(node.name);
    const off = host?.power === 'off' || twin.switches.get(node.name)?.powered === false;
    return [
      command('select', node.name, () => view.selectNode(node.name)),
      command('power', `${off ? 'on' : 'off'} ${node.name}`, () => twin.togglePower(node.name)),
      ...(node.kind === 'host'
        ? [
            command('terminal', node.name, () => {
              view.selectNode(node.name);
              view.hostTab = 'terminal';
            }),
          ]
        : []),
    ];
  });
}

function cableCommands({ twin, view }: Page): readonly PaletteCommand[] {
  return twin.topology.cables.flatMap((cable) => {
    const verb = twin.cables.get(cable.id)?.plugged === false ? 'plug in' : 'unplug';
    const words = `${cable.a} – ${cable.b}`;
    return [
      command('cable', `${verb} ${words}`, () => twin.togglePlug(cable.id)),
      command('select', `cable ${words}`, () => view.selectCable(cable.id)),
    ];
  });
}

function tabCommands({ view }: Page): readonly PaletteCommand[] {
  const tabs: readonly LowerTab[] = ['packets', 'events', 'devices', 'verdicts'];
  return tabs.map((tab) =>
    command('show', tab, () => {
      view.tab = tab;
    }),
  );
}

function momentCommands({ twin, view }: Page): readonly PaletteCommand[] {
  const marked = view.marks.map((at) => ({ at, text: 'marked' }));
  return [...twin.lanes.marks.slice(-100), ...marked].map(({ at, text }, index) => ({
    ...command('go to', `${secondsText(at, 3)} s: ${text}`, () => twin.send({ type: 'seek', at })),
    id: `moment ${index}`,
  }));
}
