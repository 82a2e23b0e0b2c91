/**
 * Five routers lose power one after another, and each time the next one takes the address within its own master-down
 * interval. LAN, keepalived.conf files, steps and bounds come out of one list: what would be five copies in YAML is a
 * loop here.
 */

import { type Duration, type ScenarioDocument, scenario } from 'lantwin';

const VIP = '192.168.0.200';
const PRIORITIES = [250, 200, 150, 100, 50];
/** Time between two power failures, seconds: longer than any bound, so that everything is settled. */
const PAUSE = 10;

const routers = PRIORITIES.map((priority, index) => ({
  name: `r${index + 1}`,
  priority,
  address: `192.168.0.${index + 11}/24`,
}));

const hosts: ScenarioDocument['lan']['hosts'] = {
  laptop: { nics: { eth0: '192.168.0.50/24' } },
  ...Object.fromEntries(
    routers.map(({ name, address }) => [
      name,
      { nics: { eth0: address }, keepalived: `./${name}.conf` },
    ]),
  ),
};

/** Configurations that exist in this program only; a file beside it would do as well. */
const files = Object.fromEntries(
  routers.map(({ name, priority }) => [
    `./${name}.conf`,
    `vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    priority ${priority}
    virtual_ipaddress {
        ${VIP}/24
    }
}
`,
  ]),
);

export const oneAfterAnother = scenario(
  {
    name: 'five routers fail one after another',
    lan: {
      switches: { sw1: {} },
      hosts,
      cables: Object.keys(hosts).map((host, port) => [`${host}:eth0`, `sw1:${port + 1}`]),
    },
    traffic: { pings: { ping: VIP, from: 'laptop', every: '100ms' } },
    steps: routers.slice(1).map((next, index) => ({
      at: seconds(PAUSE * (index + 1)),
      do: { 'power-off': `r${index + 1}` },
      expect: [{ within: seconds(masterDown(next.priority) + 0.1), vip: VIP, owner: next.name }],
    })),
    always: [{ 'masters-at-most': 1, vrid: 51, 'except-for': '10ms' }],
    finally: [
      { traffic: 'pings', 'longest-outage-at-most': seconds(masterDown(PRIORITIES.at(-1)) + 0.2) },
    ],
  },
  { from: import.meta.url, files },
);

/** RFC 9568 section 6.1: three advert intervals of 1 s, and a skew that is longer for the weaker. */
function masterDown(priority = 0): number {
  return 3 + (256 - priority) / 256;
}

function seconds(value: number): Duration {
  return `${Math.ceil(value * 1000)}ms`;
}
