import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../../daemon/config/load-config.ts';
import type { CheckedNode } from '../../../../sim/scenario/checks/check.ts';
import {
  CHECK_TABLE,
  checkPage,
  pageOf,
  runChecks,
} from '../../../../sim/scenario/checks/run-checks.ts';
import { scenarioNodes } from '../../../../sim/scenario/checks/scenario-nodes.ts';
import { loadText } from '../load-text.ts';

const BASE = `global_defs {
  enable_script_security
}
vrrp_instance VI {
  state BACKUP
  interface eth0
  virtual_router_id 51
  priority 150
  advert_int 1
  authentication {
    auth_type PASS
    auth_pass secret
  }
  virtual_ipaddress {
    10.0.0.100
    10.0.0.101
  }
}
`;
const OTHER = BASE.replace('priority 150', 'priority 100');

function configOf(text: string) {
  return loadConfig({
    path: 'x.conf',
    readFile: (path) => (path === 'x.conf' ? new TextEncoder().encode(text) : undefined),
    expandPattern: () => [],
    hostname: 'x',
    random: { uint32: () => 0 },
  });
}

function check(...texts: readonly string[]) {
  const nodes = texts.map(
    (text, i): CheckedNode => ({
      name: `n${i + 1}`,
      file: `n${i + 1}.conf`,
      config: configOf(text).config,
    }),
  );
  const sources = new Map(texts.map((text, i) => [`n${i + 1}.conf`, text] as const));
  return runChecks(nodes, { sources });
}

/** Each found problem as `CODE FILE:LINE`. */
const found = (...texts: readonly string[]) =>
  check(...texts).map((one) => `${one.code} ${one.file}:${one.line}`);

const TRACKED = (weight: number) =>
  `vrrp_script chk {\n  script "/bin/true"\n  weight ${weight}\n}\n${BASE.replace(
    '  advert_int 1',
    '  advert_int 1\n  track_script {\n    chk\n  }',
  )}`;
const UNICAST = (text: string, own: string, peers: string) =>
  text.replace('  advert_int 1', `  unicast_src_ip ${own}\n  unicast_peer {\n    ${peers}\n  }`);

describe('checks across configurations', () => {
  test('two nodes that agree have no problem', () => {
    expect(found(BASE, OTHER)).toEqual([]);
    expect(
      found(UNICAST(BASE, '10.0.0.1', '10.0.0.2'), UNICAST(OTHER, '10.0.0.2', '10.0.0.1')),
    ).toEqual([]);
  });
  // proves: check:vrid-mismatch
  test('one address under two VRIDs', () => {
    expect(found(BASE, OTHER.replace('id 51', 'id 52'))).toEqual(['check:vrid-mismatch n2.conf:7']);
  });
  // proves: check:auth-mismatch
  test('passwords that differ within 8 bytes', () => {
    expect(found(BASE, OTHER.replace('secret', 'Secret'))).toEqual([
      'check:auth-mismatch n2.conf:12',
    ]);
    const long = (end: string) => BASE.replace('secret', `secret12${end}`);
    expect(found(long('a'), long('b').replace('150', '100'))).toEqual([]);
  });
  // proves: check:interval-mismatch
  test('advert intervals that differ', () => {
    const other = OTHER.replace('advert_int 1', 'advert_int 2');
    expect(found(BASE, other)).toEqual(['check:interval-mismatch n2.conf:9']);
  });
  // proves: check:version-mismatch
  test('versions that differ', () => {
    const plain = (text: string) => text.replace(/ {2}authentication[^}]*\}\n/, '');
    const other = plain(OTHER).replace('global_defs {', 'global_defs {\n  vrrp_version 3');
    expect(found(plain(BASE), other)).toEqual(['check:version-mismatch n2.conf:5']);
  });
  // proves: check:address-lists-differ
  test('an address that one node lacks', () => {
    const [problem] = check(BASE, OTHER.replace('    10.0.0.101\n', '    10.0.0.102\n'));
    expect(problem).toMatchObject({
      code: 'check:address-lists-differ',
      file: 'n2.conf',
      line: 14,
    });
    expect(problem?.message).toContain('lacks 10.0.0.101 and has 10.0.0.102 besides');
  });
  // proves: check:vrid-twice
  test('one VRID for two routers without a common address', () => {
    const other = OTHER.replace('10.0.0.100', '10.0.0.200').replace('10.0.0.101', '10.0.0.201');
    expect(found(BASE, other)).toEqual(['check:vrid-twice n2.conf:7']);
    expect(found(BASE, other.replace('id 51', 'id 60'))).toEqual([]);
  });
  test('one VRID on two LANs, or in two multicast groups, is no problem', () => {
    const other = OTHER.replace('10.0.0.100', '10.1.0.100').replace('10.0.0.101', '10.1.0.101');
    expect(found(BASE, other)).toEqual([]);
    const elsewhere = OTHER.replace('10.0.0.100', '10.0.0.200')
      .replace('10.0.0.101', '10.0.0.201')
      .replace('advert_int 1', 'advert_int 1\n  mcast_dst_ip 224.0.0.99');
    expect(found(BASE, elsewhere)).toEqual([]);
  });
  test('of three nodes only the odd one is shown', () => {
    const odd = OTHER.replace('advert_int 1', 'advert_int 2');
    const third = OTHER.replace('priority 100', 'priority 50');
    expect(found(BASE, odd, third)).toEqual(['check:interval-mismatch n2.conf:9']);
    expect(found(odd, BASE, third)).toEqual(['check:interval-mismatch n1.conf:9']);
  });
  test('fe80::1 as the gateway of two VLANs is no common address', () => {
    const vlan = (text: string, vrid: number, net: number) =>
      text
        .replace(/ {2}authentication[^}]*\}\n/, '')
        .replace('eth0', `eth0.${net}`)
        .replace('id 51', `id ${vrid}`)
        .replace('10.0.0.100', 'fe80::1/64')
        .replace('10.0.0.101', `2001:db8:${net}::1/64`);
    const both = (text: string) => vlan(text, 51, 1) + vlan(text, 52, 2).replace('VI ', 'VJ ');
    expect(found(both(BASE), both(OTHER))).toEqual([]);
  });
  const PAIR = (text: string, first: number, second: number, group = true) =>
    text.replace(/priority \d+/, `priority ${first}`) +
    text
      .replace(/global_defs[^}]*\}\n/, '')
      .replace('VI ', 'VJ ')
      .replace('id 51', 'id 52')
      .replace(/priority \d+/, `priority ${second}`)
      .replaceAll('10.0.0.', '10.9.0.') +
    (group ? 'vrrp_sync_group G {\n  group {\n    VI\n    VJ\n  }\n}\n' : '');
  // proves: check:sync-group-order
  test('a sync group whose members want different nodes', () => {
    expect(found(PAIR(BASE, 150, 150), PAIR(BASE, 100, 100))).toEqual([]);
    expect(found(PAIR(BASE, 150, 100), PAIR(BASE, 100, 150))).toEqual([
      'check:sync-group-order n2.conf:23',
    ]);
    expect(found(PAIR(BASE, 150, 100, false), PAIR(BASE, 100, 150, false))).toEqual([]);
  });
  // proves: check:sync-group-differs
  test('a sync group on one node only', () => {
    expect(found(PAIR(BASE, 150, 150), PAIR(BASE, 100, 100, false))).toEqual([
      'check:sync-group-differs n2.conf:4',
    ]);
  });
  // proves: check:vmac-prefix
  test('a virtual MAC with an address that is not /32', () => {
    const vmac = BASE.replace('advert_int 1', 'use_vmac');
    expect(found(vmac)).toEqual([]);
    expect(found(vmac.replace('10.0.0.101', '10.0.0.101/24'))).toEqual([
      'check:vmac-prefix n1.conf:14',
    ]);
  });
  // proves: check:equal-priorities
  test('equal priorities', () => {
    expect(found(BASE, BASE)).toEqual(['check:equal-priorities n2.conf:8']);
    const sticky = BASE.replace('advert_int 1', 'nopreempt');
    expect(found(sticky, sticky)).toEqual([]);
  });
  // proves: check:weight-too-small
  test('a weight too small to change the MASTER', () => {
    expect(found(TRACKED(-20), OTHER)).toEqual(['check:weight-too-small n1.conf:15']);
    expect(found(TRACKED(-50), OTHER)).toHaveLength(1);
    expect(found(TRACKED(-51), OTHER)).toEqual([]);
    expect(found(TRACKED(20), OTHER)).toEqual(['check:weight-too-small n1.conf:15']);
  });
  // proves: check:nopreempt-ignores-weight
  test('a weight that a backup with nopreempt ignores', () => {
    const codes = found(TRACKED(-60), OTHER.replace('advert_int 1', 'nopreempt'));
    expect(codes).toContain('check:nopreempt-ignores-weight n1.conf:15');
  });
  // proves: check:nopreempt-without-effect
  test('nopreempt on the lowest priority alone', () => {
    const low = OTHER.replace('advert_int 1', 'nopreempt');
    expect(found(BASE, low)).toEqual(['check:nopreempt-without-effect n2.conf:9']);
    expect(found(BASE.replace('advert_int 1', 'nopreempt'), low)).toEqual([]);
    expect(found(BASE.replace('advert_int 1', 'nopreempt'), OTHER)).toEqual([]);
  });
  // proves: check:unicast-peer-missing
  test('a unicast list that leaves a node out', () => {
    const third = OTHER.replace('priority 100', 'priority 50');
    const codes = found(
      UNICAST(BASE, '10.0.0.1', '10.0.0.2'),
      UNICAST(OTHER, '10.0.0.2', '10.0.0.1\n    10.0.0.3'),
      UNICAST(third, '10.0.0.3', '10.0.0.1\n    10.0.0.2'),
    );
    expect(codes).toEqual(['check:unicast-peer-missing n1.conf:10']);
    const bare = (text: string, peers: string) =>
      UNICAST(text, '0', peers).replace('  unicast_src_ip 0\n', '');
    expect(
      found(
        bare(BASE, '10.0.0.2\n    10.0.0.3'),
        bare(OTHER, '10.0.0.1\n    10.0.0.3'),
        bare(third, '10.0.0.1'),
      ),
    ).toEqual(['check:unicast-peer-missing n3.conf:9']);
  });
  // proves: check:unicast-and-multicast
  test('unicast on one node only', () => {
    const codes = found(UNICAST(BASE, '10.0.0.1', '10.0.0.2'), OTHER);
    expect(codes).toEqual(['check:unicast-and-multicast n2.conf:4']);
  });
  // proves: check:strict-refuses-packets
  test('vrrp_strict without accept', () => {
    const strict = BASE.replace(/ {2}authentication[^}]*\}\n/, '').replace(
      'global_defs {',
      'global_defs {\n  vrrp_strict',
    );
    expect(found(strict)).toEqual(['check:strict-refuses-packets n1.conf:2']);
  });
  // proves: check:dr-arp
  test('a real server of direct routing that answers ARP for the address, or lacks it', () => {
    const scenario = (web: string) => `lan:
  switches: { sw1: {} }
  hosts:
    lb: { nics: { eth0: 10.0.0.1/24 }, files: { /etc/keepalived/keepalived.conf: { content: "virtual_server 10.0.0.9 80 {\\n  lb_algo rr\\n  lb_kind DR\\n  protocol TCP\\n  real_server 10.0.0.2 80 {\\n  }\\n}\\n" } } }
    web: { nics: { eth0: 10.0.0.2/24 }${web} }
  cables: [[lb:eth0, sw1:1], [web:eth0, sw1:2]]
until: 1s
`;
    const messages = (web: string) => {
      const { scenario: read, sources, problems } = loadText(scenario(web));
      if (read === undefined) throw new Error(JSON.stringify(problems));
      return runChecks(scenarioNodes(read, sources), { hosts: read.lan.hosts, sources }).map(
        (one) => `${one.code} ${one.message}`,
      );
    };
    expect(messages('')).toEqual([
      'check:dr-arp real server web has no 10.0.0.9 (on lo), so it drops what DR sends',
    ]);
    const onLo = ', addresses: { lo: 10.0.0.9/32 }';
    expect(messages(onLo)).toEqual([
      'check:dr-arp real server web has 10.0.0.9 and answers ARP for it beside the director',
    ]);
    const quiet =
      ', sysctl: { net.ipv4.conf.all.arp_ignore: 1, net.ipv4.conf.all.arp_announce: 2 }';
    expect(messages(onLo + quiet)).toEqual([]);
  });
});

describe('what the reader of one file finds has a page too', () => {
  const codes = (text: string) => configOf(text).problems.map((one) => one.code);
  // proves: check:password-cut check:password-truncated check:value-cut check:preempt
  test('values and words that keepalived drops', () => {
    expect(codes(BASE.replace('secret', 'abc#def'))).toEqual(['config:password-cut']);
    expect(codes(BASE.replace('secret', 'secret1234'))).toEqual(['config:password-truncated']);
    expect(codes(BASE.replace('10.0.0.101', '10.0.0.101#spare'))).toEqual(['config:value-cut']);
    const master = BASE.replace('state BACKUP', 'state MASTER\n  nopreempt');
    expect(codes(master)).toEqual(['config:preempt']);
  });
  // proves: check:script-security
  test('scripts without script security, once', () => {
    const loose = TRACKED(-60).replace('  enable_script_security\n', '');
    expect(codes(loose)).toEqual(['config:script-security']);
    expect(found(loose, OTHER)).toEqual([]);
  });
  // proves: check:duplicate-address check:ipv6-version-2 check:not-link-local
  test('addresses', () => {
    expect(codes(BASE.replace('10.0.0.101', '10.0.0.100'))).toEqual(['config:duplicate-address']);
    const six = BASE.replace(/ {2}authentication[^}]*\}\n/, '')
      .replace('10.0.0.100', '2001:db8::1/64')
      .replace('    10.0.0.101\n', '');
    expect(codes(six)).toEqual(['config:not-link-local']);
    expect(codes(six.replace('2001:db8::1', 'fe80::1'))).toEqual([]);
    const two = six.replace('state BACKUP', 'state BACKUP\n  version 2');
    expect(codes(two)).toContain('config:ipv6-version-2');
  });
  // proves: check:own-address-as-peer check:source-not-here
  test('unicast addresses', () => {
    expect(codes(UNICAST(BASE, '10.0.0.1', '10.0.0.1'))).toEqual(['config:own-address-as-peer']);
    const scenario = `lan:
  switches: { sw1: {} }
  hosts:
    lb: { nics: { eth0: 10.0.0.7/24 }, files: { /etc/keepalived/keepalived.conf: { content: ${JSON.stringify(UNICAST(BASE, '10.0.0.1', '10.0.0.2'))} } } }
  cables: [[lb:eth0, sw1:1]]
until: 1s
`;
    const { problems } = loadText(scenario);
    expect(problems.map((one) => one.code)).toContain('config:source-not-here');
  });
  // proves: check:swallowed-block
  test('blocks that a missing brace hides', () => {
    const open = `global_defs {\n  router_id x\nvrrp_script s {\n  script /bin/true\n}\n${BASE}`;
    const { config, problems } = configOf(open);
    expect(config.vrrp.instances).toEqual([]);
    const lost = problems.filter((one) => one.code === 'config:swallowed-block');
    const said = 'stands inside the braces of global_defs (line 1): keepalived does not read it';
    expect(lost.map((one) => `${one.line}:${one.column} ${one.message}`)).toEqual([
      `3:1 vrrp_script s ${said}`,
      `6:1 global_defs ${said}`,
      `9:1 vrrp_instance VI ${said}`,
    ]);
    const [unknown] = problems;
    expect(unknown?.hint).toBe("vrrp_script belongs at the top level: a '}' is missing further up");
    expect(codes(open.replace('x\n', 'x\n}\n'))).toEqual(['config:unused-script']);
  });
  // proves: check:undefined-use
  test('uses of what other hosts define', () => {
    const use = BASE.replace('priority 150', 'priority $PRIO');
    expect(codes(`@x $PRIO=150\n${use}`)).toEqual([]);
    expect(codes(`@y $PRIO=150\n${use}`)).toContain('config:undefined-use');
  });
  // proves: check:missing-include check:big-weight check:http-without-url
  test('includes and services', () => {
    expect(codes(`include gone.conf\n${BASE}`)).toEqual(['config:missing-include']);
    const service = (server: string) =>
      `virtual_server 10.0.0.9 80 {\n  lb_algo rr\n  lb_kind DR\n  protocol TCP\n  real_server 10.0.0.2 80 {\n${server}\n  }\n}\n`;
    expect(codes(service('    weight 70000'))).toEqual(['config:big-weight']);
    expect(codes(service('    HTTP_GET {\n    }'))).toContain('config:http-without-url');
    expect(codes(service('    HTTP_GET {\n    url {\n path /\n }\n    }'))).toEqual([]);
  });
});

describe('the table of checks', () => {
  test('has a test for every row', () => {
    const source = readFileSync(new URL(import.meta.url), 'utf8');
    for (const { code } of CHECK_TABLE) {
      expect(source, code).toMatch(
        new RegExp(`proves:.* ?check:${code.replace(/^[a-z]+:/, '')}( |\\n)`),
      );
    }
  });
  test('has a page for every row, as the table has it (UPDATE_GOLDEN=1 writes them)', async () => {
    const { mkdirSync, readdirSync, writeFileSync } = await import('node:fs');
    const folder = new URL('../../../../docs/checks/', import.meta.url);
    if (process.env['UPDATE_GOLDEN'] === '1') {
      mkdirSync(folder, { recursive: true });
      for (const one of CHECK_TABLE) writeFileSync(new URL(pageOf(one), folder), checkPage(one));
    }
    const names = CHECK_TABLE.map(pageOf);
    expect(readdirSync(folder).toSorted()).toEqual(names.toSorted());
    for (const one of CHECK_TABLE) {
      expect(readFileSync(new URL(pageOf(one), folder), 'utf8')).toBe(checkPage(one));
    }
  });
});
