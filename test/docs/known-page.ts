/** The page about what keepalived itself is known for, made of the list that `explore` classifies by. */

import {
  KNOWN_BEHAVIOUR,
  type KnownBehaviour,
} from '../../sim/scenario/explore/known-behaviour.ts';
import { MADE } from './tables.ts';

const INTRODUCTION = [
  'What the real keepalived does that breaks an invariant of `lantwin explore`. A finding that is one of these is named in the report, counted, and',
  'written as a scenario like all others. Each is tied to a recording of keepalived 2.2.7 (`test/reference/traces`), a scenario of this repository,',
  'or both; the section is that of the fact sheet on keepalived that the recordings belong to.',
].join('\n');

/** The page. */
export function knownPage(): string {
  return ['# What keepalived is known for', MADE, INTRODUCTION, ...KNOWN_BEHAVIOUR.map(section)]
    .join('\n\n')
    .concat('\n');
}

function section(one: KnownBehaviour): string {
  const recordings = one.recordings.map((name) => `\`${name}\``).join(', ');
  const scenarios = one.scenarios.map((path) => `- [${path.replace(/^.*\//, '')}](../${path})`);
  return [
    `## \`${one.code}\``,
    `${one.title.charAt(0).toUpperCase()}${one.title.slice(1)}.`,
    one.words,
    `Fact sheet: section ${one.section}. Recordings: ${recordings}.`,
    scenarios.join('\n'),
  ].join('\n\n');
}
