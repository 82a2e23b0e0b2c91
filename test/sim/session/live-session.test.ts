import { describe, expect, it } from 'vitest';
import { openSession, presentOf } from './session-kit.ts';

const SECOND = 1_000_000;

describe('a live session', () => {
  it('begins paused at the start and tells what stands on the floor', () => {
    const page = openSession();
    expect(page.last('state')).toMatchObject({ at: 0, playing: false, branch: 0, end: 0 });
    const { topology, scenario } = page.last('welcome');
    expect(scenario?.name).toContain('three servers');
    expect(topology?.nodes.map((node) => [node.name, node.role])).toEqual([
      ['srv-1', 'router'],
      ['srv-2', 'router'],
      ['srv-3', 'router'],
      ['laptop', 'client'],
      ['sw1', 'switch'],
    ]);
    expect(topology?.cables.map((cable) => cable.id)).toContain('srv-1:eth1-sw1:1');
  });

  it('plays as fast as it was told, and not when paused', () => {
    const page = openSession();
    page.session.advance(100_000);
    expect(page.last('state').at).toBe(0);
    page.say({ type: 'speed', factor: 10 });
    page.say({ type: 'play' });
    page.session.advance(100_000);
    expect(page.last('state').at).toBe(SECOND);
    page.say({ type: 'pause' });
    page.session.advance(100_000);
    expect(page.last('state').at).toBe(SECOND);
  });

  it('shows the failover that the scenario makes', () => {
    const page = openSession();
    page.say({ type: 'subscribe', views: { lanes: true, events: true } });
    page.say({ type: 'seek', at: 20 * SECOND });
    const hosts = new Map(
      page.heard.flatMap((message) =>
        message.type === 'nodes' ? message.hosts.map((host) => [host.name, host] as const) : [],
      ),
    );
    expect(hosts.get('srv-1')).toMatchObject({ power: 'off', vips: [] });
    expect(hosts.get('srv-2')).toMatchObject({ vips: ['192.168.0.200'] });
    expect(hosts.get('srv-2')?.instances[0]).toMatchObject({ state: 'MASTER', vrid: 88 });
    const third = hosts.get('srv-3')?.instances[0];
    expect(third?.timerDueAt).toBeGreaterThan(20 * SECOND);
    // Three adverts and the skew of priority 90.
    expect((third?.timerDueAt ?? 0) - (third?.timerSetAt ?? 0)).toBe(3_648_437);
    const { lanes } = page.last('lanes');
    const owners = lanes.vips[0]?.spans.map((span) => span.value);
    expect(owners).toEqual([['srv-1'], [], ['srv-2']]);
    expect(lanes.traffic[0]?.outages).toHaveLength(1);
    expect(lanes.marks.filter((mark) => mark.kind === 'failover')).toHaveLength(2);
  });

  it.each([1, 5, 12.345_678, 13.5])(
    'is the same at %d s after going forward and back',
    (seconds) => {
      const page = openSession();
      const at = Math.round(seconds * SECOND);
      page.say({ type: 'seek', at });
      const first = presentOf(page.session);
      page.say({ type: 'seek', at: at + 5 * SECOND });
      expect(presentOf(page.session)).not.toBe(first);
      page.say({ type: 'seek', at });
      expect(presentOf(page.session)).toBe(first);
    },
  );

  it.each(['event', 'advert'] as const)(
    'one %s forward and back again is the same present',
    (unit) => {
      const page = openSession();
      page.say({ type: 'seek', at: 9_700_000 });
      for (let round = 0; round < 5; round++) {
        page.say({ type: 'step', unit, direction: 'forward' });
        const before = presentOf(page.session);
        page.say({ type: 'step', unit, direction: 'forward' });
        expect(presentOf(page.session)).not.toBe(before);
        page.say({ type: 'step', unit, direction: 'back' });
        expect(presentOf(page.session)).toBe(before);
      }
    },
  );

  it('steps to the next and previous failover', () => {
    const page = openSession();
    page.say({ type: 'failover', direction: 'next' });
    const first = page.last('state').at;
    page.say({ type: 'failover', direction: 'next' });
    const second = page.last('state').at;
    expect(first).toBeLessThan(5 * SECOND);
    expect(second).toBeGreaterThan(12 * SECOND);
    expect(second).toBeLessThan(14 * SECOND);
    page.say({ type: 'failover', direction: 'previous' });
    expect(page.last('state')).toMatchObject({ at: first, branch: 0 });
    page.say({ type: 'failover', direction: 'next' });
    expect(page.last('state').at).toBe(second);
  });

  it('stays where it is when no further failover comes', () => {
    const page = openSession();
    page.say({ type: 'seek', at: 60 * SECOND });
    const present = presentOf(page.session);
    page.say({ type: 'failover', direction: 'next' });
    expect(page.last('state')).toMatchObject({ at: 60 * SECOND, end: 60 * SECOND });
    expect(page.last('state').stopped).toContain('no further failover');
    expect(presentOf(page.session)).toBe(present);
    page.say({ type: 'act', action: 'power-off', args: 'srv-1' });
    expect(page.last('state')).toMatchObject({ branch: 0 });
    expect(page.last('state').stopped).toBeUndefined();
  });

  it('replays what was done by hand when time goes back before it and forward again', () => {
    const page = openSession();
    page.say({ type: 'seek', at: 5 * SECOND });
    page.say({ type: 'act', action: 'unplug', args: 'srv-1:eth1' });
    page.say({ type: 'seek', at: 9 * SECOND });
    const present = presentOf(page.session);
    page.say({ type: 'seek', at: 4 * SECOND });
    expect(page.last('state')).toMatchObject({ at: 4 * SECOND, end: 9 * SECOND, branch: 0 });
    page.say({ type: 'seek', at: 9 * SECOND });
    expect(presentOf(page.session)).toBe(present);
  });

  it('begins a new branch with a click in the past and says so', () => {
    const page = openSession();
    page.say({ type: 'seek', at: 5 * SECOND });
    page.say({ type: 'act', action: 'unplug', args: 'srv-1:eth1' });
    page.say({ type: 'seek', at: 9 * SECOND });
    page.say({ type: 'seek', at: 3 * SECOND });
    const heard = page.say({ type: 'act', action: 'freeze', args: 'srv-2' });
    expect(heard.find((message) => message.type === 'branch')).toMatchObject({
      branch: 1,
      from: 3 * SECOND + 1,
    });
    page.say({ type: 'seek', at: 9 * SECOND });
    const { lan } = page.session.open?.timeline.run ?? {};
    expect(lan?.hosts.get('srv-2')?.power).toBe('frozen');
    expect(lan?.cableAt('srv-1', 'eth1')?.plugged).toBe(true);
  });

  it('refuses names that are not there, bad arguments and files', () => {
    const page = openSession();
    const code = (message: Parameters<typeof page.say>[0]) =>
      page.say({ ...message, id: 7 }).find((one) => one.type === 'problem');
    expect(code({ type: 'act', action: 'unplug', args: 'srv-9:eth1' })).toMatchObject({
      re: 7,
      code: 'unknown-name',
    });
    expect(
      code({ type: 'act', action: 'loss', args: { cable: 'srv-1', rate: 'much' } }),
    ).toMatchObject({
      code: 'bad-arguments',
    });
    const reload = { host: 'srv-1', file: '../../../etc/passwd' };
    expect(code({ type: 'act', action: 'reload', args: reload })).toMatchObject({
      code: 'bad-arguments',
    });
    expect(code({ type: 'exec', terminal: 't', host: 'nobody', line: 'id' })).toMatchObject({
      code: 'unknown-name',
    });
    expect(page.last('state').at).toBe(0);
  });

  it('lets a viewer look and not touch', () => {
    const page = openSession();
    const guest = new (page.constructor as typeof import('./session-kit.ts').TestViewer)(
      page.session,
      'view',
    );
    expect(guest.say({ type: 'play' })).toContainEqual(
      expect.objectContaining({ type: 'problem', code: 'not-allowed' }),
    );
    expect(page.last('state').playing).toBe(false);
    page.say({ type: 'seek', at: SECOND });
    expect(guest.last('state')).toEqual(page.last('state'));
  });

  it('runs commands in terminals and prints as they print', () => {
    const page = openSession();
    page.say({ type: 'seek', at: 8 * SECOND });
    page.say({ type: 'exec', terminal: 't', host: 'laptop', line: 'ping 192.168.0.200' });
    page.say({ type: 'seek', at: 9_500_000 });
    const printed = () =>
      page.heard.flatMap((one) => (one.type === 'output' ? one.text : [])).join('');
    expect(printed().match(/icmp_seq=/g)).toHaveLength(2);
    page.say({ type: 'cancel', terminal: 't' });
    expect(page.last('exit')).toMatchObject({ terminal: 't', code: 0 });
    expect(printed()).toContain('2 packets transmitted, 2 received');
  });

  it('hears no terminal twice when time goes back', () => {
    const page = openSession();
    page.say({ type: 'seek', at: 8 * SECOND });
    page.say({ type: 'exec', terminal: 't', host: 'laptop', line: 'ip -4 addr' });
    const count = () => page.heard.filter((one) => one.type === 'output').length;
    const before = count();
    expect(before).toBeGreaterThan(0);
    page.say({ type: 'seek', at: 2 * SECOND });
    page.say({ type: 'seek', at: 8 * SECOND + 1 });
    expect(count()).toBe(before);
  });

  it('tells the chain of causes of a lost packet back to the pulled cable', () => {
    const page = openSession();
    page.say({ type: 'seek', at: 6 * SECOND });
    page.say({ type: 'subscribe', views: { packets: { filter: 'vrrp && frame.lost' } } });
    page.say({ type: 'act', action: 'mute', args: 'srv-1:eth1' });
    page.say({ type: 'seek', at: 8 * SECOND });
    const lost = page.heard.findLast((one) => one.type === 'packets')?.rows.at(-1);
    expect(lost).toMatchObject({ protocol: 'VRRP', lost: 'muted' });
    page.say({ type: 'packet', packet: lost?.id ?? 0 });
    const { detail } = page.last('packet-detail');
    expect(detail.causes.map((cause) => cause.text)).toEqual([
      'lost on srv-1:eth1-sw1:1: muted',
      expect.stringMatching(/^srv-1:eth1-sw1:1: cable impaired/),
      expect.stringMatching(/mute srv-1:eth1/),
    ]);
  });

  it("tells a frame's way: sent, flooded, arrived", () => {
    const page = openSession();
    page.say({ type: 'seek', at: 8 * SECOND });
    page.say({ type: 'subscribe', views: { packets: { filter: 'vrrp' } } });
    page.say({ type: 'packet', packet: page.last('packets').rows.at(0)?.id ?? 0 });
    const { hops } = page.last('packet-detail').detail;
    expect(hops.map((hop) => [hop.node, hop.tone])).toEqual([
      ['srv-1', 'sent'],
      ['sw1', 'forwarded'],
      ['srv-2', 'delivered'],
      ['srv-3', 'delivered'],
      ['laptop', 'delivered'],
    ]);
    expect(hops[1]?.text).toMatch(/^flooded to ports 2, 3, 4: multicast$/);
  });

  it('tells which kernel rule dropped a frame', () => {
    const page = openSession();
    page.say({ type: 'seek', at: 6 * SECOND });
    const line = 'sysctl -w net.ipv4.conf.all.arp_ignore=8';
    page.say({ type: 'exec', terminal: 't', host: 'srv-1', line });
    page.say({ type: 'exec', terminal: 'u', host: 'laptop', line: 'arping -c 1 192.168.0.101' });
    page.say({ type: 'seek', at: 8 * SECOND });
    page.say({
      type: 'subscribe',
      views: { packets: { filter: 'arp.dst.proto_ipv4 == 192.168.0.101' } },
    });
    const asked = page.last('packets').rows.findLast((row) => row.from === 'laptop:eth0');
    page.say({ type: 'packet', packet: asked?.id ?? 0 });
    const { hops } = page.last('packet-detail').detail;
    expect(hops.find((hop) => hop.node === 'srv-1')).toMatchObject({
      tone: 'dropped',
      text: 'dropped: arp_ignore',
    });
    expect(hops.find((hop) => hop.node === 'sw1')?.text).toContain('broadcast');
  });

  it('tells what an event changed: before and after, and nothing that it did not', () => {
    const page = openSession();
    page.say({ type: 'subscribe', views: { events: true } });
    page.say({ type: 'seek', at: 15 * SECOND });
    const rows = page.heard.flatMap((one) => (one.type === 'events' ? one.rows : []));
    const changesOf = (kind: string, text: RegExp) => {
      const row = rows.find((one) => one.kind === kind && one.at > SECOND && text.test(one.text));
      page.say({ type: 'event', event: row?.id ?? -1 });
      return page.last('event-detail').changes;
    };
    expect(changesOf('daemon', /BACKUP -> MASTER/)).toContainEqual({
      node: 'srv-1',
      what: 'VI_1 (VRID 88) state',
      before: 'BACKUP',
      after: 'MASTER',
    });
    expect(changesOf('power', /off/)).toContainEqual({
      node: 'srv-1',
      what: 'power',
      before: 'on',
      after: 'off',
    });
    const learned = changesOf('neighbour', /192.168.0.200.*REACHABLE/);
    expect(learned.map((one) => one.node)).toEqual(['laptop']);
    expect(page.last('state').at).toBe(15 * SECOND);
  });

  it('notices that a client still sends to the old holder', () => {
    const page = openSession();
    page.say({ type: 'seek', at: 8 * SECOND });
    // srv-1 loses its network, srv-2 takes over, the laptop has heard no gratuitous ARP yet.
    page.say({ type: 'act', action: 'unplug', args: 'srv-1:eth1' });
    page.say({ type: 'seek', at: 9 * SECOND });
    page.say({ type: 'failover', direction: 'next' });
    const { insights } = page.last('nodes');
    expect(insights).toEqual([
      expect.objectContaining({
        kind: 'arp-switch-disagree',
        nodes: ['laptop', 'srv-1', 'srv-2'],
        since: page.last('state').at,
        text: expect.stringMatching(
          /^laptop has 192.168.0.200 at .*, which is srv-1; srv-2 holds it$/,
        ),
      }),
    ]);
    page.say({ type: 'seek', at: page.last('state').at + SECOND });
    expect(page.last('nodes').insights).toEqual([]);
  });

  it('pings with two clicks', () => {
    const page = openSession();
    page.say({ type: 'seek', at: 6 * SECOND });
    page.say({ type: 'ping', from: 'laptop', to: 'srv-3' });
    expect(page.last('pings').pings).toMatchObject([{ outcome: 'running', from: 'laptop' }]);
    page.say({ type: 'seek', at: 7 * SECOND });
    expect(page.last('pings').pings).toMatchObject([{ outcome: 'answered' }]);
  });

  it('reloads an edited keepalived.conf, with its problems known before', () => {
    const page = openSession();
    page.say({ type: 'seek', at: 6 * SECOND });
    page.say({ type: 'config', host: 'srv-2' });
    const { text } = page.last('config');
    expect(text).toContain('vrrp_instance');
    const edited = text.replace(/priority \d+/, 'priority 250');
    page.say({ type: 'check-config', host: 'srv-2', text: `${edited}\nnonsense 'here'\n` });
    expect(page.last('config-problems').problems).not.toEqual([]);
    page.say({ type: 'reload-config', host: 'srv-2', text: `# it's edited\n${edited}` });
    page.say({ type: 'seek', at: 12 * SECOND });
    page.say({ type: 'config', host: 'srv-2' });
    expect(page.last('config').text).toContain("# it's edited\n");
    const host = page.session.open?.timeline.run.lan.hosts.get('srv-2');
    expect(host?.keepalived()?.instances[0]).toMatchObject({ basePriority: 250 });
  });

  it('writes the captured frames as pcapng', () => {
    const page = openSession();
    page.say({ type: 'seek', at: 6 * SECOND });
    const parts = page
      .say({ type: 'pcapng', filter: 'arp' })
      .filter((one) => one.type === 'pcapng');
    expect(parts.at(-1)).toMatchObject({ last: true, fileName: 'lantwin.pcapng' });
    const bytes = Buffer.concat(parts.map((one) => Buffer.from(one.base64, 'base64')));
    expect(bytes.subarray(0, 4).toString('hex')).toBe('0a0d0d0a');
  });

  it('keeps a packet list that can be scrolled and filtered, and counts all that match', () => {
    const page = openSession();
    page.say({ type: 'seek', at: 200 * SECOND });
    page.say({ type: 'subscribe', views: { packets: { filter: 'icmp' } } });
    const first = page.last('packets');
    expect(first).toMatchObject({ how: 'reset', omitted: 0 });
    expect(first.rows).toHaveLength(500);
    for (let i = 0; i < 20; i++) page.session.advance(0);
    const { matching, total } = page.last('packets');
    expect(matching).toBeGreaterThan(5000);
    expect(total).toBeGreaterThan(matching);
    const before = first.rows[0]?.id ?? 0;
    page.say({ type: 'packet-page', id: 4, before, count: 100 });
    const page1 = page.last('packets');
    expect(page1).toMatchObject({ how: 'page', re: 4 });
    expect(page1.rows).toHaveLength(100);
    expect(page1.rows.every((row) => row.id < before && row.protocol === 'ICMP')).toBe(true);
    const after = page1.rows.at(-1)?.id ?? 0;
    page.say({ type: 'packet-page', after, count: 1 });
    expect(page.last('packets').rows).toEqual([first.rows[0]]);
  });

  it('says where a filter is wrong and keeps the one before', () => {
    const page = openSession();
    page.say({ type: 'seek', at: 6 * SECOND });
    page.say({ type: 'subscribe', views: { packets: { filter: 'vrrp' } } });
    page.say({ type: 'subscribe', views: { packets: { filter: 'vrrp &&' } } });
    expect(page.last('filter')).toMatchObject({ problem: { at: 7 } });
    page.say({ type: 'seek', at: 9 * SECOND });
    const rows = page.heard.flatMap((one) => (one.type === 'packets' ? one.rows : []));
    expect(rows.length).toBeGreaterThan(10);
    expect(new Set(rows.map((row) => row.protocol))).toEqual(new Set(['VRRP']));
  });

  it('judges the expectations of the file while time passes', () => {
    const page = openSession();
    const verdicts = () => new Set(page.last('verdicts').verdicts.map((one) => one.verdict));
    expect(verdicts()).toEqual(new Set(['pending']));
    page.say({ type: 'seek', at: 20 * SECOND });
    expect(verdicts()).toEqual(new Set(['pending', 'pass']));
    page.say({ type: 'seek', at: 60 * SECOND });
    expect(verdicts()).toEqual(new Set(['pass']));
    page.say({ type: 'seek', at: 9 * SECOND });
    page.say({ type: 'act', action: 'stop', args: 'srv-2' });
    page.say({ type: 'seek', at: 20 * SECOND });
    expect(verdicts()).toContain('fail');
  });
});
