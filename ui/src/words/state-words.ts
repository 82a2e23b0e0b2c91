/** Words and glyphs for states: nothing on the page is said by colour alone. */

import type {
  CableView,
  HostView,
  ImpairmentView,
  SwitchView,
  VerdictView,
  VrrpStateName,
} from '../../../sim/session/protocol-views.ts';
import { lengthText } from './time-text.ts';

/** A shape of its own for each VRRP state. */
export function stateGlyph(state: VrrpStateName): string {
  const glyphs: Record<VrrpStateName, string> = {
    MASTER: '▲',
    BACKUP: '●',
    FAULT: '✖',
    INIT: '○',
    STOP: '■',
    GONE: '–',
  };
  return glyphs[state];
}

/** What a host's power says. */
export function powerWord(power: HostView['power']): string {
  const words = { on: 'on', off: 'power off', booting: 'booting', frozen: 'frozen' };
  return words[power];
}

/** What a verdict says, with its glyph. */
export function verdictWord(verdict: VerdictView['verdict']): string {
  const words = { pass: '✓ held', fail: '✗ failed', unknown: '? unknown', pending: '… pending' };
  return words[verdict];
}

/** The text beside a cable that is not as it should be; '' when all is well. */
export function cableNote(cable: CableView): string {
  const words: Record<CableView['light'], string> = {
    ok: '',
    unplugged: 'unplugged',
    'no-signal': '',
    muted: 'muted',
    'one-way': 'one way only',
    impaired: impairmentText(cable),
  };
  return words[cable.light];
}

/** The full sentence of a cable's state for names and panels. */
export function cableStateText(cable: CableView | undefined): string {
  if (cable === undefined) return 'unknown';
  if (cable.light === 'ok') return 'link up';
  if (cable.light === 'no-signal') return 'plugged in, no signal';
  return cableNote(cable);
}

/** `loss 5 %, delay 20 ms`, both directions in one where they are alike. */
export function impairmentText(cable: CableView): string {
  const [there, back] = [oneWayText(cable.aToB), oneWayText(cable.bToA)];
  if (there === back) return there === '' ? 'impaired' : there;
  const parts = [there === '' ? '' : `→ ${there}`, back === '' ? '' : `← ${back}`];
  return parts.filter((part) => part !== '').join('; ');
}

function oneWayText(way: ImpairmentView): string {
  const parts: string[] = [];
  if (way.muted === true) parts.push('muted');
  if (way.lossPercent) parts.push(`loss ${way.lossPercent} %`);
  if (way.corruptPercent) parts.push(`corrupt ${way.corruptPercent} %`);
  if (way.duplicatePercent) parts.push(`duplicate ${way.duplicatePercent} %`);
  if (way.reorderPercent) parts.push(`reorder ${way.reorderPercent} %`);
  if (way.delayUs) parts.push(`delay ${lengthText(way.delayUs)}`);
  if (way.jitterUs) parts.push(`jitter ${lengthText(way.jitterUs)}`);
  return parts.join(', ');
}

/** What a node that stands for the outside is. */
export const OUTSIDE_SENTENCE =
  'What is behind it is real: machines of a network that this LAN is joined to. Its cable can be pulled, the machines cannot be touched from here';

/** One sentence for a host: what a screen reader hears on its card. */
export function hostSentence(host: HostView): string {
  const parts = [host.name, powerWord(host.power)];
  for (const instance of host.instances) {
    parts.push(
      `${instance.state} of VRID ${instance.vrid}, priority ${instance.effectivePriority}`,
    );
  }
  if (host.vips.length > 0) parts.push(`holds ${host.vips.join(' and ')}`);
  return parts.join(', ');
}

/** One sentence for a switch. */
export function switchSentence(view: SwitchView): string {
  const up = view.ports.filter((port) => port.carrier).length;
  const power = view.powered ? '' : ', power off';
  return `${view.kind} ${view.name}, ${up} of ${view.ports.length} ports have a link${power}`;
}
