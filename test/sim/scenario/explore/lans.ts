/** The LANs on which planted bugs are looked for. */

import { encodeUtf8 } from '../../../../daemon/wire/text.ts';
import { scenarioNodes } from '../../../../sim/scenario/checks/scenario-nodes.ts';
import type { SearchOptions } from '../../../../sim/scenario/explore/explore.ts';
import { searchBase } from '../../../../sim/scenario/explore/plan.ts';
import { loadText } from '../load-text.ts';
import { breaking, type Planted } from './planted.ts';

function conf(priority: number, more = ''): string {
  return `vrrp_instance VI {
  state BACKUP
  interface eth0
  virtual_router_id 7
  priority ${priority}
  ${more}
  virtual_ipaddress {
    10.0.0.100/24
  }
}
`;
}

const AH = 'authentication { auth_type AH auth_pass secret }'
  .replace(/([{}]) ?/g, '$1\n')
  .replace(' auth_pass', '\nauth_pass');

function groupConf(priority: number): string {
  const inside = conf(priority)
    .replace('VI ', 'INSIDE ')
    .replace('eth0', 'eth1')
    .replace('_id 7', '_id 8')
    .replace('10.0.0.100', '10.1.0.100');
  const outside = conf(priority).replace('VI ', 'OUTSIDE ');
  return `vrrp_sync_group BOTH {\n  group {\n    OUTSIDE\n    INSIDE\n  }\n}\n${outside}${inside}`;
}

/** Files of the made-up folder. */
export const FILES: Readonly<Record<string, string>> = {
  'a.conf': conf(150),
  'b.conf': conf(100),
  'a-ah.conf': conf(150, AH),
  'b-ah.conf': conf(100, AH),
  'a-group.conf': groupConf(150),
  'b-group.conf': groupConf(100),
};

/** Two routers, an idle host and a client. */
export const PAIR = `name: a pair
lan:
  switches: { sw1: {} }
  hosts:
    a: { nics: { eth0: 10.0.0.1/24 }, keepalived: a.conf }
    b: { nics: { eth0: 10.0.0.2/24 }, keepalived: b.conf }
    idle: { nics: { eth0: 10.0.0.3/24 } }
    client: { nics: { eth0: 10.0.0.50/24 } }
  cables:
    - [a:eth0, sw1:1]
    - [b:eth0, sw1:2]
    - [idle:eth0, sw1:3]
    - [client:eth0, sw1:4]
traffic:
  vip: { ping: 10.0.0.100, from: client, every: 200ms, timeout: 500ms }
  other: { ping: 10.0.0.3, from: client, every: 1s }
`;

const GROUP = `name: a pair with two sides
lan:
  switches: { out: {}, in: {} }
  hosts:
    a: { nics: { eth0: 10.0.0.1/24, eth1: 10.1.0.1/24 }, keepalived: a-group.conf }
    b: { nics: { eth0: 10.0.0.2/24, eth1: 10.1.0.2/24 }, keepalived: b-group.conf }
    client: { nics: { eth0: 10.0.0.50/24 } }
  cables:
    - [a:eth0, out:1]
    - [b:eth0, out:2]
    - [client:eth0, out:3]
    - [a:eth1, in:1]
    - [b:eth1, in:2]
traffic:
  vip: { ping: 10.0.0.100, from: client, every: 200ms, timeout: 500ms }
`;

/** Nothing but orderly restarts: priority 0 tells the BACKUP at once. */
const RESTARTS = `${PAIR}always:
  - { black-hole-at-most: 2s, traffic: vip, from: 15s }
`;

const LANS: Readonly<Record<Planted['lan'], string>> = {
  pair: PAIR,
  group: GROUP,
  ah: PAIR.replace('a.conf', 'a-ah.conf').replace('b.conf', 'b-ah.conf'),
  restarts: RESTARTS,
};

/** A search on one of them, with a broken daemon if one is given. */
export function searchOf(
  more: Partial<SearchOptions> = {},
  planted?: Planted,
  lan: Planted['lan'] = planted?.lan ?? 'pair',
): SearchOptions {
  const { scenario, sources, problems } = loadText(LANS[lan], FILES);
  if (scenario === undefined) throw new Error(JSON.stringify(problems));
  const configs = scenarioNodes(scenario, sources).map((node) => node.config);
  const wrap = planted === undefined ? undefined : breaking(planted);
  const kinds = lan === 'restarts' ? { kinds: ['restart', 'reload', 'clock-jump'] } : {};
  return { base: searchBase(scenario, configs, wrap), seed: 1, ...kinds, ...more };
}

/** Reads files of the made-up folder. */
export function readFile(path: string): Uint8Array | undefined {
  const text = Reflect.get(FILES, path.replace(/^\.\//, ''));
  return typeof text === 'string' ? encodeUtf8(text) : undefined;
}
