/** Binding, refusing, backlog, resets, ICMP errors, windows: the rules around a connection. */

import { describe, expect, test } from 'vitest';
import type { Kernel } from '../../../../sim/kernel/kernel.ts';
import type { TcpListenOptions } from '../../../../sim/kernel/socket-api.ts';
import { ip4, prefix } from '../small-lan.ts';
import {
  bytes,
  connect,
  exchange,
  ip,
  makeSmallLan,
  pair,
  type Recorded,
  segmentsOf,
  sentBy,
  serve,
} from './tcp-lan.ts';

const listen = (kernel: Kernel, options: Partial<TcpListenOptions>) => {
  const result = kernel.listenTcp({ family: 'inet', port: 80, onAccept: () => ({}), ...options });
  return typeof result === 'string' ? result : 'ok';
};

describe('binding', () => {
  test.each<[string, Partial<TcpListenOptions>[], string]>([
    ['any twice', [{}, {}], 'EADDRINUSE'],
    ['any and one of the addresses', [{}, { address: ip('10.0.0.1') }], 'EADDRINUSE'],
    ['one address and then any', [{ address: ip('10.0.0.1') }, {}], 'EADDRINUSE'],
    ['two different addresses', [{ address: ip('10.0.0.1') }, { address: ip('127.0.0.1') }], 'ok'],
    ['two links', [{ link: 'eth0' }, { link: 'lo' }], 'ok'],
    ['a link and any', [{ link: 'eth0' }, {}], 'EADDRINUSE'],
    ['an address of somebody else', [{ address: ip('10.0.0.77') }], 'EADDRNOTAVAIL'],
    ['0.0.0.0 is any', [{}, { address: ip('0.0.0.0') }], 'EADDRINUSE'],
    ['a dual IPv6 socket and then IPv4', [{ family: 'inet6' }, {}], 'EADDRINUSE'],
    ['an IPv6-only socket and then IPv4', [{ family: 'inet6', ipv6Only: true }, {}], 'ok'],
    ['a link that is not there', [{ link: 'eth7' }], 'ENODEV'],
    ['an address of the other family', [{ address: ip('::1') }], 'EINVAL'],
    ['port 0', [{ port: 0 }], 'EINVAL'],
  ])('%s', (_name, calls, expected) => {
    const { a } = pair();
    const results = calls.map((options) => listen(a, options));
    expect(results.at(-1)).toBe(expected);
    for (const earlier of results.slice(0, -1)) expect(earlier).toBe('ok');
  });

  test('an address of nobody can be bound with ip_nonlocal_bind, and serves once it is added', () => {
    const { lan, a, b } = pair();
    expect(listen(b, { address: ip('10.0.0.200') })).toBe('EADDRNOTAVAIL');
    b.setSysctl('net.ipv4.ip_nonlocal_bind', '1');
    serve(b, 80, (own) => ({ onData: () => own.socket.send(bytes('b')) }), {
      address: ip('10.0.0.200'),
    });
    b.addAddress('eth0', prefix('10.0.0.200/24'));
    const client = connect(a, '10.0.0.200', 80, {
      react: { onConnected: () => client.socket.send(bytes('?')) },
    });
    lan.runTo(1);
    expect(client.text).toBe('b');
  });

  test('a closed listener frees its port at once, connections in TIME_WAIT are no obstacle', () => {
    const { lan, a, b } = pair();
    const { listener, accepted } = serve(b, 80, (own) => ({
      onData: () => own.socket.close(),
    }));
    const client = connect(a, '10.0.0.2', 80, {
      react: {
        onConnected: () => client.socket.send(bytes('x')),
        onClosed: () => client.socket.close(),
      },
    });
    lan.runTo(1);
    expect(accepted).toHaveLength(1);
    expect(b.tcpSockets().map((row) => row.state)).toContain('TIME_WAIT');
    listener.close();
    expect(listen(b, {})).toBe('ok');
  });
});

describe('refusing', () => {
  test('ip_local_port_range bounds the ports of connections and datagrams; reserved ones are left out', () => {
    const { a, b } = pair();
    serve(b, 80, () => ({}));
    expect(a.sysctl('net.ipv4.ip_local_port_range')).toBe('32768\t60999');
    for (const wrong of ['5', '3000 2000', '80 2000', '1024 70000', '1024-2000']) {
      expect(a.setSysctl('net.ipv4.ip_local_port_range', wrong), wrong).toBe(false);
    }
    expect(a.setSysctl('net.ipv4.ip_local_port_range', '40000 40003')).toBe(true);
    expect(a.setSysctl('net.ipv4.ip_local_reserved_ports', '40002,40000-40001')).toBe(true);
    expect(a.sysctl('net.ipv4.ip_local_reserved_ports')).toBe('40000-40002');
    expect(connect(a, '10.0.0.2', 80).socket.localPort).toBe(40_003);
    const more = { address: ip('10.0.0.2'), port: 80, handlers: {} };
    expect(a.connectTcp(more)).toBe('EADDRNOTAVAIL');
    expect(a.openUdp({ family: 'inet', onDatagram: () => {} })).toMatchObject({ port: 40_003 });
    expect(a.openUdp({ family: 'inet', onDatagram: () => {} })).toBe('EADDRINUSE');
    expect(a.setSysctl('net.ipv4.ip_local_reserved_ports', '')).toBe(true);
    expect(connect(a, '10.0.0.2', 80).socket.localPort).toBeLessThan(40_003);
  });

  test.each([
    ['0: never', '0', 30],
    ['1: after a second', '1', 1.2],
    ['2, the default: not but over loopback', '2', 30],
  ])('tcp_tw_reuse %s', (_name, value, tried) => {
    const { lan, a, b } = pair();
    a.setSysctl('net.ipv4.tcp_tw_reuse', value);
    a.setSysctl('net.ipv4.ip_local_port_range', '40000 40000');
    for (const kernel of [a, b])
      serve(kernel, 80, (own) => ({ onClosed: () => own.socket.close() }));
    const open = (to: string): Recorded | string => {
      try {
        return connect(a, to, 80);
      } catch (error) {
        return (error as Error).message;
      }
    };
    const visit = (to: string): void => {
      const first = connect(a, to, 80);
      lan.runTo(lan.engine.now / 1e6 + 0.1);
      first.socket.close();
      lan.runTo(lan.engine.now / 1e6 + 0.1);
      expect(open(to)).toBe('EADDRNOTAVAIL');
      lan.runTo(lan.engine.now / 1e6 + tried);
    };
    visit('10.0.0.2');
    const second = open('10.0.0.2');
    if (value !== '1') expect(second).toBe('EADDRNOTAVAIL');
    else {
      lan.runTo(lan.engine.now / 1e6 + 0.1);
      expect((second as Recorded).events).toEqual(['connected']);
    }
    visit('127.0.0.1');
    expect(typeof open('127.0.0.1')).toBe(value === '0' ? 'string' : 'object');
  });

  test('a port without a listener answers with a reset', () => {
    const { lan, a, b } = pair();
    const client = connect(a, '10.0.0.2', 81);
    lan.runTo(1);
    expect(client.events).toEqual(['ECONNREFUSED']);
    expect(exchange(lan)).toEqual(['a S', 'b R.']);
    expect(b.dropCounters().get('tcp:no-socket')).toBe(1);
  });

  test('a host that does not answer ARP is "no route to host" after three requests', () => {
    const { lan, a } = pair();
    const client = connect(a, '10.0.0.9', 80);
    lan.runTo(2.9);
    expect(client.events).toEqual([]);
    lan.runTo(4);
    expect(client.events).toEqual(['EHOSTUNREACH']);
  });

  test('no route at all is told by the call itself', () => {
    const { a } = pair();
    const handlers = {};
    expect(a.connectTcp({ address: ip('192.0.2.1'), port: 80, handlers })).toBe('ENETUNREACH');
    expect(a.connectTcp({ address: ip('224.0.0.1'), port: 80, handlers })).toBe('ENETUNREACH');
    expect(a.connectTcp({ address: ip('10.0.0.2'), port: 0, handlers })).toBe('EINVAL');
  });

  test('an ICMP error ends a handshake, but not an established connection', () => {
    const lan = makeSmallLan();
    const a = lan.addHost('a', { address: '10.0.0.1/24' });
    const router = lan.addHost('r', {
      address: '10.0.0.254/24',
      sysctl: { 'net.ipv4.ip_forward': '1' },
    });
    router.addAddress('eth0', prefix('10.0.1.254/24'));
    const b = lan.addHost('b', { address: '10.0.1.2/24' });
    for (const [host, gateway] of [
      [a, '10.0.0.254'],
      [b, '10.0.1.254'],
    ] as const) {
      host.addRoute(
        {
          family: 'inet',
          destination: prefix('0.0.0.0/0'),
          table: 'main',
          type: 'unicast',
          gateway: ip4(gateway),
          link: 'eth0',
          scope: 'global',
          metric: 0,
          protocol: 'boot',
        },
        'add',
      );
    }
    const dead = connect(a, '10.0.1.9', 80);
    serve(b, 80);
    const client = connect(a, '10.0.1.2', 80);
    lan.runTo(10);
    expect(dead.events).toEqual(['EHOSTUNREACH']);
    expect(client.events).toEqual(['connected']);
    lan.cable('b').unplug();
    router.flushNeighbours();
    client.socket.send(bytes('x'));
    lan.runTo(60);
    expect(client.events).toEqual(['connected']);
    lan.runTo(1300);
    // The soft error is what the program hears at the end, not "timed out".
    expect(client.events).toEqual(['connected', 'EHOSTUNREACH']);
  });
});

describe('the backlog', () => {
  test('connections wait for accept, one more than the backlog; further SYNs are not answered', () => {
    const { lan, a, b } = pair();
    const { listener, accepted } = serve(b, 80, undefined, { backlog: 2 });
    listener.setAccepting(false);
    // One after the other: of those that shake hands at once, some would be answered by SYN cookies.
    const clients = [1, 2, 3, 4].map((nth) => {
      lan.runTo(nth / 10);
      return connect(a, '10.0.0.2', 80);
    });
    lan.runTo(0.5);
    expect(accepted).toHaveLength(0);
    expect(clients.map((each) => each.events)).toEqual([
      ['connected'],
      ['connected'],
      ['connected'],
      [],
    ]);
    expect(b.tcpSockets()[0]).toMatchObject({ state: 'LISTEN', receiveQueue: 3, sendQueue: 2 });
    listener.setAccepting(true);
    lan.runTo(5);
    expect(accepted).toHaveLength(4);
    expect(clients[3]?.events).toEqual(['connected']);
  });

  test('closing the listener resets those that were never accepted', () => {
    const { lan, a, b } = pair();
    const { listener } = serve(b, 80);
    listener.setAccepting(false);
    const client = connect(a, '10.0.0.2', 80);
    lan.at(1, () => listener.close());
    lan.runTo(2);
    expect(client.events).toEqual(['connected', 'ECONNRESET']);
  });
});

describe('resets', () => {
  function joined(): { lan: ReturnType<typeof pair>['lan']; client: Recorded; server: Recorded } {
    const { lan, a, b } = pair();
    const { accepted } = serve(b, 80);
    const client = connect(a, '10.0.0.2', 80);
    lan.runTo(1);
    const server = accepted[0];
    if (server === undefined) throw new Error('not accepted');
    return { lan, client, server };
  }

  test('abort tells the peer', () => {
    const { lan, client, server } = joined();
    server.socket.abort();
    lan.runTo(2);
    expect(client.events).toEqual(['connected', 'ECONNRESET']);
    expect(server.events).toEqual([]);
    expect(sentBy(lan, 'b').at(-1)).toBe('R.');
  });

  test('closing with unread data resets', () => {
    const { lan, client, server } = joined();
    server.socket.setReading(false);
    client.socket.send(bytes('nobody reads me'));
    lan.runTo(2);
    server.socket.close();
    lan.runTo(3);
    expect(client.events).toEqual(['connected', 'ECONNRESET']);
  });

  test('data for a program that has closed resets', () => {
    const { lan, client, server } = joined();
    server.socket.close();
    lan.runTo(2);
    expect(client.events).toEqual(['connected', 'closed']);
    expect(client.socket.state).toBe('CLOSE_WAIT');
    client.socket.send(bytes('too late'));
    lan.runTo(3);
    expect(client.events).toEqual(['connected', 'closed', 'EPIPE']);
    expect(client.socket.state).toBe('CLOSED');
  });

  test('closing at the same time leads both through CLOSING to TIME_WAIT', () => {
    const { lan, client, server } = joined();
    client.socket.close();
    server.socket.close();
    expect(client.socket.state).toBe('FIN_WAIT1');
    lan.runTo(2);
    expect([client.socket.state, server.socket.state]).toEqual(['TIME_WAIT', 'TIME_WAIT']);
    lan.runTo(80);
    expect([client.socket.state, server.socket.state]).toEqual(['CLOSED', 'CLOSED']);
  });

  test('a closed connection waits 60 s in FIN_WAIT2 for a peer that never closes', () => {
    const { lan, client } = joined();
    client.socket.close();
    lan.runTo(55);
    expect(client.socket.state).toBe('FIN_WAIT2');
    lan.runTo(70);
    expect(client.socket.state).toBe('CLOSED');
  });

  test('a host that was rebooted answers old connections with a reset', () => {
    const { lan, a, b } = pair();
    serve(b, 80);
    const client = connect(a, '10.0.0.2', 80);
    lan.runTo(1);
    b.halt();
    const again = lan.addHost('b2', { address: '10.0.0.2/24', mac: '02:00:00:00:00:22' });
    a.setNeighbour('eth0', ip('10.0.0.2'), again.link('eth0')?.mac as never, 'PERMANENT');
    client.socket.send(bytes('hello?'));
    lan.runTo(2);
    expect(client.events).toEqual(['connected', 'ECONNRESET']);
  });
});

describe('the window', () => {
  test('closes when the program does not read, is probed, and opens again', () => {
    const { lan, a, b } = pair();
    const { accepted } = serve(b, 80);
    const client = connect(a, '10.0.0.2', 80);
    lan.runTo(1);
    const server = accepted[0];
    server?.socket.setReading(false);
    const text = 'x'.repeat(200_000);
    client.socket.send(bytes(text));
    lan.runTo(30);
    const last = segmentsOf(lan, 'b').at(-1);
    expect(last?.segment.window).toBe(0);
    const probes = segmentsOf(lan, 'a').filter(
      ({ at, segment }) => at > 2e6 && segment.payload.length === 0,
    );
    expect(probes.length).toBeGreaterThanOrEqual(5);
    expect(server?.text).toBe('');
    server?.socket.setReading(true);
    lan.runTo(31);
    expect(server?.text).toBe(text);
    expect(client.events).toEqual(['connected']);
  });
});

describe('other ways', () => {
  test('loopback: both ends on one host, with the large segments of lo', () => {
    const { lan, a } = pair();
    const { accepted } = serve(a, 80, (own) => ({ onData: () => own.socket.send(bytes('yes')) }));
    const client = connect(a, '127.0.0.1', 80, {
      react: { onConnected: () => client.socket.send(bytes('x'.repeat(60_000))) },
    });
    lan.runTo(1);
    expect(accepted[0]?.text).toHaveLength(60_000);
    expect(client.text).toMatch(/^yes/);
    expect(lan.frames.filter(({ frame }) => frame[23] === 6)).toHaveLength(0);
  });

  test('IPv6: global and link-local addresses', () => {
    const lan = makeSmallLan();
    const a = lan.addHost('a', { ipv6: true });
    const b = lan.addHost('b', { ipv6: true });
    a.addAddress('eth0', prefix('2001:db8::1/64'));
    b.addAddress('eth0', prefix('2001:db8::2/64'));
    lan.runTo(5);
    const { accepted } = serve(b, 80, (own) => ({ onData: () => own.socket.send(bytes('six')) }), {
      family: 'inet6',
    });
    const linkLocal = b.link('eth0')?.addresses.find((each) => each.scope === 'link')?.address;
    const clients = [
      connect(a, '2001:db8::2', 80, {
        react: { onConnected: () => clients[0]?.socket.send(bytes('?')) },
      }),
      connect(a, '::1', 80, {
        address: linkLocal as never,
        link: 'eth0',
        react: { onConnected: () => clients[1]?.socket.send(bytes('?')) },
      }),
    ];
    lan.runTo(7);
    expect(clients.map((each) => each.text)).toEqual(['six', 'six']);
    expect(accepted).toHaveLength(2);
  });

  test('a connection whose own address was taken away sends nothing, and goes on when it is back', () => {
    const { lan, a, b } = pair();
    b.addAddress('eth0', prefix('10.0.0.200/32'));
    const { accepted } = serve(b, 80);
    connect(a, '10.0.0.200', 80);
    lan.runTo(1);
    const server = accepted[0];
    b.deleteAddress('eth0', prefix('10.0.0.200/32'));
    server?.socket.send(bytes('late'));
    lan.runTo(2);
    expect(sentBy(lan, 'b').filter((line) => line.endsWith(' 4'))).toEqual([]);
    b.addAddress('eth0', prefix('10.0.0.200/32'));
    lan.runTo(10);
    expect(sentBy(lan, 'b').filter((line) => line.endsWith(' 4'))).toHaveLength(1);
    expect(server?.socket.unacknowledged).toBe(0);
  });

  test('TCP progress confirms the neighbour: no unicast ARP while a connection is in use', () => {
    const { lan, a, b } = pair();
    serve(b, 80, (own) => ({ onData: () => own.socket.send(bytes('y')) }));
    const client = connect(a, '10.0.0.2', 80);
    for (let at = 1; at < 300; at++) lan.at(at, () => client.socket.send(bytes('x')));
    lan.runTo(300);
    const asked = lan.frames.filter(({ text, at }) => text.includes('who-has') && at > 1e6);
    expect(asked.map(({ text }) => text)).toEqual([]);
  });

  test('same seed, same bytes', () => {
    const run = (seed: number) => {
      const { lan, a, b } = pair({ seed });
      serve(b, 80, (own) => ({ onData: () => own.socket.send(bytes('y'.repeat(9000))) }));
      const client = connect(a, '10.0.0.2', 80, {
        react: { onConnected: () => client.socket.send(bytes('x')) },
      });
      lan.runTo(1);
      return lan.frames.map(({ at, frame }) => `${at} ${[...frame].join(' ')}`);
    };
    expect(run(5)).toEqual(run(5));
    expect(run(5)).not.toEqual(run(6));
  });
});
