/** The machine of a real host alone: what the daemon's commands do, and what its events say. */

import { describe, expect, test } from 'vitest';
import { until } from './lab.ts';
import { end, inLab, startProbe, submit } from './probe.ts';
import { whyNot } from './requirements.ts';

const MISSING = whyNot('root', 'namespaces', 'koffi', 'build');
const GROUP = { ip: '224.0.0.18' };

/** A VRRPv2 advert, IP header included, with both checksums right. */
function advert(options: { readonly from: string; readonly to: string }): string {
  const ip = Buffer.alloc(20);
  ip.set([0x45, 0xc0, 0, 40, 0, 1, 0, 0, 255, 112]);
  ip.set(options.from.split('.').map(Number), 12);
  ip.set(options.to.split('.').map(Number), 16);
  ip.writeUInt16BE(checksum(ip), 10);
  const vrrp = Buffer.alloc(20);
  vrrp.set([0x21, 51, 100, 1, 0, 1, 0, 0, 10, 77, 0, 100]);
  vrrp.writeUInt16BE(checksum(vrrp), 6);
  return Buffer.concat([ip, vrrp]).toString('hex');
}

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function gratuitousArp(mac: string, address: string): string {
  const own = mac.replaceAll(':', '');
  const ip = Buffer.from(address.split('.').map(Number)).toString('hex');
  return `ffffffffffff${own}08060001080006040001${own}${ip}ffffffffffff${ip}`;
}

describe('machine of a real host', () => {
  for (const driver of ['raw-socket', 'koffi'] as const) {
    test(`a VRRP advert sent by one probe is heard by another: ${driver}`, async (context) => {
      const missing = MISSING ?? (driver === 'koffi' ? undefined : whyNot('raw-socket'));
      context.skip(missing !== undefined, missing);
      await inLab(async (lab) => {
        lab.addHost('a', '10.77.0.1/24');
        lab.addHost('b', '10.77.0.2/24');
        const [a, b] = [await startProbe(lab, 'a', driver), await startProbe(lab, 'b', driver)];
        expect(b.output()).toContain(`"driver":"${driver}"`);
        const open = { kind: 'vrrp-open', interface: 'eth0', family: 'inet', protocol: 112 };
        submit(b, { ...open, id: 1, group: GROUP });
        submit(a, { ...open, id: 1, group: GROUP });
        await until('b is a member', () => lab.exec('b', ['ip', 'maddr']).includes('224.0.0.18'), {
          withinMs: 5000,
        });
        const packet = advert({ from: '10.77.0.1', to: '224.0.0.18' });
        submit(a, { kind: 'ip-send', interface: 'eth0', packet: { hex: packet } });
        await until('b hears it', () => b.output().includes('"kind":"vrrp-packet"'), {
          withinMs: 5000,
          explain: () => `a: ${a.output()}\nb: ${b.output()}`,
        });
        // The header checksum and total length are the kernel's business with IP_HDRINCL.
        expect(b.output()).toContain(`"packet":"${packet}"`);
        expect(a.output(), 'nobody hears himself').not.toContain('vrrp-packet');
        submit(b, { kind: 'vrrp-close', id: 1 });
        await until('b has left', () => !lab.exec('b', ['ip', 'maddr']).includes('224.0.0.18'), {
          withinMs: 5000,
        });
        expect(await end(a)).toBe(7);
        expect(await end(b)).toBe(7);
      });
    });
  }

  test('IPv6 adverts pass AF_PACKET with header and hop limit, other IPv6 does not', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('a', 'fe80::a/64');
      lab.addHost('b', 'fe80::b/64');
      const [a, b] = [await startProbe(lab, 'a'), await startProbe(lab, 'b')];
      const open = { kind: 'vrrp-open', interface: 'eth0', family: 'inet6', protocol: 112 };
      submit(b, { ...open, id: 1, group: { ip: 'ff02::12' } });
      await until('b is a member', () => lab.exec('b', ['ip', 'maddr']).includes('ff02::12'), {
        withinMs: 5000,
      });
      lab.exec('a', ['ping', '-c', '1', '-W', '3', 'fe80::b%eth0']);
      const payload = `31${'33'.repeat(7)}`;
      const source = `fe80${'00'.repeat(13)}0a`;
      const group = `ff02${'00'.repeat(13)}12`;
      const packet = `600000000008${'70'}ff${source}${group}${payload}`;
      submit(a, { kind: 'ip-send', interface: 'eth0', packet: { hex: packet } });
      await until('b hears it', () => b.output().includes(`"packet":"${packet}"`), {
        withinMs: 5000,
        explain: () => `a: ${a.output()}\nb: ${b.output()}`,
      });
      expect(b.output().match(/vrrp-packet/g)).toHaveLength(1);
    });
  });

  test('a gratuitous ARP leaves through AF_PACKET and moves the neighbour entry', async (context) => {
    const missing = MISSING ?? whyNot('ping');
    context.skip(missing !== undefined, missing);
    await inLab(async (lab) => {
      lab.addHost('a', '10.77.0.1/24');
      lab.addHost('client', '10.77.0.50/24');
      const probe = await startProbe(lab, 'a');
      lab.exec('client', [
        'ip',
        'neigh',
        'add',
        '10.77.0.100',
        'lladdr',
        '02:00:00:00:00:99',
        'dev',
        'eth0',
        'nud',
        'stale',
      ]);
      const frame = gratuitousArp(lab.macOf('a'), '10.77.0.100');
      submit(probe, { kind: 'frame-send', interface: 'eth0', frame: { hex: frame } });
      const mac = lab.macOf('a');
      await until('the client learned', () => lab.exec('client', ['ip', 'neigh']).includes(mac), {
        withinMs: 5000,
        explain: () => probe.output(),
      });
    });
  });

  test('addresses are set before the next command and told by netlink in order', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('a', '10.77.0.1/24');
      const probe = await startProbe(lab, 'a');
      const spec = (last: number): object => ({
        interface: 'eth0',
        address: { ip: `10.77.0.${last}` },
        length: 24,
        scope: 'global',
        label: `eth0:${last}`,
      });
      submit(
        probe,
        { kind: 'address-add', id: 1, address: spec(101) },
        { kind: 'address-add', id: 2, address: spec(102) },
        { kind: 'address-add', id: 3, address: spec(101) },
        { kind: 'address-delete', id: 4, address: spec(101) },
        { kind: 'address-delete', id: 5, address: spec(109) },
        { kind: 'log', process: 'vrrp', level: 'info', text: 'after all' },
      );
      await until('all done', () => probe.output().includes('after all'), { withinMs: 10_000 });
      await until('netlink told', () => probe.output().includes('address-removed'), {
        withinMs: 5000,
      });
      const lines = probe.output().trim().split('\n');
      const told = lines
        .map((line) => JSON.parse(line))
        .map((line) => line.event?.address?.label ?? line.event?.id ?? line.text)
        .filter((item) => item !== undefined);
      const addresses = told.filter((item) => String(item).startsWith('eth0:'));
      expect(addresses).toEqual(['eth0:101', 'eth0:102', 'eth0:101']);
      // Adding again is no failure; deleting what is not there is one, with iproute2's reason.
      expect(told.filter((item) => typeof item === 'number')).toEqual([5]);
      expect(probe.output()).toMatch(/"reason":"[^"]*(not found|Cannot assign)/);
      expect(lab.holds('a', '10.77.0.102')).toBe(true);
      expect(await end(probe)).toBe(7);
      expect(lab.holds('a', '10.77.0.102'), 'an exit leaves nothing behind').toBe(false);
      expect(lab.holds('a', '10.77.0.1')).toBe(true);
    });
  });

  test('carrier loss, renaming and removal of an interface become events', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('a', '10.77.0.1/24');
      const probe = await startProbe(lab, 'a');
      const events = (): string[] =>
        probe
          .output()
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line).event)
          .filter((event) => event !== undefined)
          .map((event) => `${event.kind} ${event.interface}`);
      lab.exec('sw', ['ip', 'link', 'set', 'to-a', 'down']);
      await until('told', () => events().includes('link-changed eth0'), { withinMs: 5000 });
      lab.exec('a', ['ip', 'link', 'set', 'eth0', 'down']);
      lab.exec('a', ['ip', 'link', 'set', 'eth0', 'name', 'lan9']);
      await until('renamed', () => events().includes('link-changed lan9'), { withinMs: 5000 });
      expect(events()).toContain('link-removed eth0');
      lab.exec('a', ['ip', 'link', 'del', 'lan9']);
      await until('removed', () => events().includes('link-removed lan9'), { withinMs: 5000 });
    });
  });

  test('a failing ip program is told, and the queue goes on', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('a', '10.77.0.1/24');
      const probe = await startProbe(lab, 'a');
      submit(
        probe,
        { kind: 'route-add', id: 1, family: 'inet', words: ['10.1.0.0/16', 'via', '1.2.3.4'] },
        { kind: 'route-add', id: 2, family: 'inet', words: ['10.2.0.0/16', 'dev', 'eth0'] },
        { kind: 'route-add', id: 3, family: 'inet', words: ['a b', 'dev', 'eth0'] },
        { kind: 'log', process: 'vrrp', level: 'info', text: 'after all' },
      );
      await until('all done', () => probe.output().includes('after all'), { withinMs: 10_000 });
      expect(probe.output()).toMatch(/"id":1,"reason":"[^"]*(unreachable|invalid gateway)/i);
      expect(probe.output()).toMatch(/"id":3,"reason":"refused/);
      expect(probe.output()).not.toContain('"id":2');
      expect(lab.exec('a', ['ip', 'route'])).toContain('10.2.0.0/16');
    });
  });

  test('drop rules keep an address from answering, and an exit removes them', async (context) => {
    const missing = MISSING ?? whyNot('nft', 'ping');
    context.skip(missing !== undefined, missing);
    await inLab(async (lab) => {
      lab.addHost('a', '10.77.0.1/24', 'fd77::1/64');
      lab.addHost('client', '10.77.0.50/24', 'fd77::50/64');
      const probe = await startProbe(lab, 'a');
      const answers = (address: string): boolean => {
        const words = ['sh', '-c', `ping -c 1 -W 1 ${address} || true`];
        return lab.exec('client', words).includes(' 1 received');
      };
      expect(answers('10.77.0.1') && answers('fd77::1')).toBe(true);
      for (const ip of ['10.77.0.1', 'fd77::1']) {
        const rule = { kind: 'drop-address', address: { ip }, interface: 'eth0' };
        submit(probe, { kind: 'firewall-add', rule });
      }
      submit(
        probe,
        { kind: 'firewall-add', rule: { kind: 'igmp-on-base', interface: 'vrrp.7', base: 'eth0' } },
        { kind: 'log', process: 'vrrp', level: 'info', text: 'after all' },
      );
      await until('all done', () => probe.output().includes('after all'), { withinMs: 10_000 });
      expect(probe.output()).not.toContain('nftables:');
      expect(lab.exec('a', ['nft', 'list', 'ruleset'])).toContain('device "eth0" drop');
      expect(answers('10.77.0.1') || answers('fd77::1')).toBe(false);
      expect(await end(probe)).toBe(7);
      expect(lab.exec('a', ['nft', 'list', 'ruleset'])).not.toContain('lantwin');
      expect(answers('10.77.0.1') && answers('fd77::1')).toBe(true);
    });
  });

  test('deadlines are met within a few milliseconds and never early', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('a', '10.77.0.1/24');
      const probe = await startProbe(lab, 'a');
      const late = (): number[] =>
        [...probe.output().matchAll(/"late":(-?\d+)/g)].map((match) => Number(match[1]));
      for (let round = 1; round <= 20; round++) {
        probe.input(`${JSON.stringify({ wake: 20_000 + round * 777 })}\n`);
        await until('woken', () => late().length >= round, { withinMs: 5000 });
      }
      const sorted = late().sort((a, b) => a - b);
      expect(sorted[0]).toBeGreaterThanOrEqual(0);
      // Measured on an idle machine: 10 to 150 µs. The bound leaves room for a busy one.
      expect(sorted[10]).toBeLessThan(5000);
    });
  });
});
