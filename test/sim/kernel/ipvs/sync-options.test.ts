import { describe, expect, it } from 'vitest';
import { readUint16 } from '../../../../daemon/wire/integers.ts';
import { formatIp } from '../../../../daemon/wire/ip-address.ts';
import { readIpv4 } from '../../../../daemon/wire/ipv4-address.ts';
import type { SyncOptions } from '../../../../sim/kernel/ipvs/sync-daemon.ts';
import { ip, makeSmallLan, prefix } from '../small-lan.ts';

const VIP = ip('10.10.0.100');
const SERVICE = { kind: 'address', protocol: 6, address: VIP, port: 80 } as const;

/** A client that goes on talking through a master; what the master announces, and what backups take over. */
function announce(
  master: Partial<SyncOptions>,
  backups: readonly Partial<SyncOptions>[],
  more: { readonly sysctl?: Record<string, string>; readonly persistenceSeconds?: number } = {},
) {
  const lan = makeSmallLan();
  const client = lan.addHost('client', { address: '10.10.0.1/24' });
  const server = lan.addHost('server', {
    address: '10.10.0.11/24',
    sysctl: { 'net.ipv4.conf.all.arp_ignore': '1', 'net.ipv4.conf.all.arp_announce': '2' },
  });
  server.addAddress('lo', prefix('10.10.0.100/32'));
  server.listenTcp({ family: 'inet', port: 80, onAccept: () => ({}) });
  const directors = [master, ...backups].map((options, index) => {
    const { sysctl = {}, ...persistence } = more;
    const kernel = lan.addHost(`director${index}`, { address: `10.10.0.25${index}/24`, sysctl });
    const service = { scheduler: 'rr', schedulerFlags: 0, onePacket: false, ...persistence };
    kernel.ipvs.addService(SERVICE, service);
    const place = { address: ip('10.10.0.11'), port: 80 };
    kernel.ipvs.addServer(SERVICE, place, { method: 'dr', weight: 1 });
    const role = index === 0 ? 'master' : 'backup';
    kernel.ipvs.startDaemon({ role, link: 'eth0', syncId: 0, ...options });
    return kernel;
  });
  directors[0]?.addAddress('eth0', prefix('10.10.0.100/32'));
  lan.runTo(1);
  const socket = client.connectTcp({ address: VIP, port: 80, handlers: {} });
  if (typeof socket === 'string') throw new Error(socket);
  for (let round = 1; round < 6; round++) {
    lan.runTo(1 + round / 5);
    socket.send(new Uint8Array(10));
  }
  lan.runTo(6);
  const packets = lan.frames
    .filter(({ from, frame }) => from === 'director0' && frame[23] === 17)
    .map(({ frame }) => ({
      to: `${formatIp(readIpv4(frame, 30))}:${readUint16(frame, 36)}`,
      source: formatIp(readIpv4(frame, 26)),
      ttl: frame[22],
      syncId: frame[43],
      group: [...frame.subarray(0, 6)]
        .map((octet) => octet.toString(16).padStart(2, '0'))
        .join(':'),
    }));
  return { packets, taken: directors.slice(1).map((each) => each.ipvs.connections().length) };
}

describe('options of the synchronisation daemon stand in its packets', () => {
  it('by default 224.0.0.81:8848 with TTL 1', () => {
    const { packets, taken } = announce({ syncId: 7 }, [{ syncId: 7 }, { syncId: 8 }, {}]);
    expect(packets.length).toBeGreaterThan(0);
    expect(packets[0]).toEqual({
      to: '224.0.0.81:8848',
      source: '10.10.0.250',
      ttl: 1,
      syncId: 7,
      group: '01:00:5e:00:00:51',
    });
    // A backup with syncid 0 takes whatever comes.
    expect(taken).toEqual([1, 0, 1]);
  });

  it('group, port, TTL and syncid as given; a backup elsewhere hears nothing', () => {
    const options = { syncId: 3, group: ip('239.1.2.3'), port: 9000, ttl: 5 };
    const { packets, taken } = announce(options, [
      options,
      { syncId: 3 },
      { ...options, port: 9001 },
      { ...options, group: ip('239.1.2.4') },
    ]);
    expect(packets[0]).toEqual({
      to: '239.1.2.3:9000',
      source: '10.10.0.250',
      ttl: 5,
      syncId: 3,
      group: '01:00:5e:01:02:03',
    });
    expect(taken).toEqual([1, 0, 0, 0]);
  });
});

it.each([
  ['3 50', 1],
  ['7 50', 1],
  ['8 50', 0],
  ['1 2', 1],
])('sync_threshold %s: %i of a connection with seven packets is announced', (value, count) => {
  const sysctl = { 'net.ipv4.vs.sync_threshold': value };
  expect(announce({}, [{}], { sysctl }).taken).toEqual([count]);
});

it.each([
  ['0', 2],
  ['1', 1],
])('sync_persist_mode %s: of a template and its connection %i are announced', (value, count) => {
  const sysctl = { 'net.ipv4.vs.sync_persist_mode': value };
  expect(announce({}, [{}], { sysctl, persistenceSeconds: 60 }).taken).toEqual([count]);
});

it.each([
  ['0', 1],
  ['1', 0],
])(
  'backup_only %s: a director whose daemon is a backup schedules %i connections',
  (value, count) => {
    const lan = makeSmallLan();
    const client = lan.addHost('client', { address: '10.10.0.1/24' });
    const director = lan.addHost('director', {
      address: '10.10.0.250/24',
      sysctl: { 'net.ipv4.vs.backup_only': value },
    });
    director.addAddress('eth0', prefix('10.10.0.100/32'));
    director.ipvs.addService(SERVICE, { scheduler: 'rr', schedulerFlags: 0, onePacket: false });
    const place = { address: ip('10.10.0.11'), port: 80 };
    director.ipvs.addServer(SERVICE, place, { method: 'dr', weight: 1 });
    director.ipvs.startDaemon({ role: 'backup', link: 'eth0', syncId: 0 });
    client.connectTcp({ address: VIP, port: 80, handlers: {} });
    lan.runTo(0.5);
    expect(director.ipvs.connections()).toHaveLength(count);
  },
);
