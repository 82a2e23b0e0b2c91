/** A recording as a scenario file: the laboratory's LAN and what was done in it, as a user would write it down. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

/** Where the recordings lie. */
export const TRACES = join(import.meta.dirname, 'traces');

const eventsSchema = z.object({
  title: z.string(),
  nodes: z.array(z.string()),
  ping: z.object({ at: z.number() }).optional(),
  end: z.number(),
  events: z.array(
    z.object({
      at: z.number(),
      do: z.string(),
      node: z.string(),
      config: z.string().optional(),
      ready: z.number().optional(),
      signal: z.string().optional(),
      up: z.boolean().optional(),
    }),
  ),
});

type Deed = z.infer<typeof eventsSchema>['events'][number];

/** The text of the scenario; its configuration files lie in the recording's folder. */
export function scenarioOfRecording(id: string): string {
  const text = readFileSync(join(TRACES, id, 'events.json'), 'utf8');
  const recording = eventsSchema.parse(JSON.parse(text));
  const hosts = recording.nodes.map((node, index) => {
    const number = 11 + index;
    const nic = `{ eth0: { mac: '02:00:00:00:00:${number}', address: 192.168.100.${number}/24 } }`;
    const config = `{ config: ${node}.conf, enabled: false }`;
    return `    ${node}: { nics: ${nic}, keepalived: ${config} }`;
  });
  const steps = recording.events.map(
    (deed) => `  - { at: ${momentOf(deed)}us, do: ${wordsOf(deed)} }`,
  );
  const names = [...recording.nodes, 'client'];
  return [
    `name: ${JSON.stringify(recording.title)}`,
    'jitter: none',
    'lan:',
    '  switches: { br0: {} }',
    '  hosts:',
    ...hosts,
    "    client: { nics: { eth0: { mac: '02:00:00:00:00:50', address: 192.168.100.50/24 } } }",
    '  cables:',
    ...names.map((name) => `    - [${name}:eth0, br0:${name}]`),
    'traffic:',
    '  pings: { ping: 192.168.100.100, from: client, every: 50ms }',
    'steps:',
    ...steps,
    `until: ${Math.ceil(recording.end)}s`,
    '',
  ].join('\n');
}

function momentOf(deed: Deed): number {
  return Math.round((deed.do === 'start' ? (deed.ready ?? deed.at) : deed.at) * 1_000_000);
}

function wordsOf(deed: Deed): string {
  switch (deed.do) {
    case 'start':
      return `{ start: ${deed.node} }`;
    case 'signal':
      return deed.signal === 'KILL' ? `{ kill: ${deed.node} }` : `{ stop: ${deed.node} }`;
    case 'carrier':
      return `{ ${deed.up === true ? 'replug' : 'unplug'}: ${deed.node}:eth0 }`;
    case 'neigh-flush':
      return `{ exec: { host: ${deed.node}, command: ip neigh flush all } }`;
    case 'port-detach':
      return `{ port-down: br0:${deed.node} }`;
    default:
      throw new Error(`no scenario has a word for ${deed.do}`);
  }
}
