import { describe, expect, it } from 'vitest';
import type { ServiceKey } from '../../../../sim/kernel/ipvs/ipvs-state.ts';
import type { Kernel } from '../../../../sim/kernel/kernel.ts';
import type { TcpSocket } from '../../../../sim/kernel/socket-api.ts';
import { ip, makeSmallLan, prefix, type SmallLan } from '../small-lan.ts';

const VIP = ip('10.10.0.100');
const SERVICE: ServiceKey = { kind: 'address', protocol: 6, address: VIP, port: 80 };
const WITH = { scheduler: 'rr', schedulerFlags: 0, onePacket: false };
const text = (value: string) => new Uint8Array([...value].map((each) => each.charCodeAt(0)));
const words = (bytes: Uint8Array) => String.fromCharCode(...bytes);

/** Answers each message with its own name, and closes when the client does. */
function serve(kernel: Kernel, name: string): void {
  kernel.listenTcp({
    family: 'inet',
    port: 80,
    onAccept: (socket) => ({
      onData: () => void socket.send(text(name)),
      onClosed: () => socket.close(),
    }),
  });
}

/** A real server that owns the VIP without telling anyone. */
function addServer(lan: SmallLan, name: string, address: string): Kernel {
  const kernel = lan.addHost(name, {
    address,
    sysctl: { 'net.ipv4.conf.all.arp_ignore': '1', 'net.ipv4.conf.all.arp_announce': '2' },
  });
  kernel.addAddress('lo', prefix('10.10.0.100/32'));
  serve(kernel, name);
  return kernel;
}

interface Talk {
  readonly heard: string[];
  socket?: TcpSocket;
}

function talk(client: Kernel, port: number): Talk {
  const result: Talk = { heard: [] };
  const socket = client.connectTcp({
    address: VIP,
    port: 80,
    from: { port },
    handlers: {
      onConnected: () => result.heard.push('connected'),
      onData: (bytes) => result.heard.push(words(bytes)),
      onClosed: () => result.heard.push('closed'),
      onError: (error) => result.heard.push(error),
    },
  });
  if (typeof socket === 'string') throw new Error(socket);
  result.socket = socket;
  return result;
}

function states(kernel: Kernel): string[] {
  return kernel.ipvs.connections().map((each) => `${each.clientPort} ${each.state}`);
}

describe('a director on a LAN', () => {
  const setUp = () => {
    const lan = makeSmallLan();
    const client = lan.addHost('client', { address: '10.10.0.1/24' });
    const director = lan.addHost('director', { address: '10.10.0.254/24' });
    director.addAddress('eth0', prefix('10.10.0.100/32'));
    addServer(lan, 'rs1', '10.10.0.11/24');
    director.ipvs.addService(SERVICE, WITH);
    return { lan, client, director };
  };
  const add = (director: Kernel, address: string, method: 'dr' | 'nat', port = 80) =>
    director.ipvs.addServer(SERVICE, { address: ip(address), port }, { method, weight: 1 });

  it('DR: the server answers the client itself and the director sees half of it', () => {
    const { lan, client, director } = setUp();
    add(director, '10.10.0.11', 'dr');
    const first = talk(client, 40001);
    lan.runTo(1);
    first.socket?.send(text('hello'));
    lan.runTo(2);
    expect(first.heard).toEqual(['connected', 'rs1']);
    expect(states(director)).toEqual(['40001 ESTABLISHED']);
    first.socket?.close();
    lan.runTo(3);
    expect(states(director)).toEqual(['40001 FIN_WAIT']);
    const answers = lan.frames.filter((each) => each.from === 'director' && each.frame[23] === 6);
    expect(answers.every(({ frame }) => frame[22] === 63)).toBe(true);
    lan.runTo(200);
    expect(states(director)).toEqual([]);
  });

  it('local node: the director serves every second client itself, and sees both directions', () => {
    const { lan, client, director } = setUp();
    serve(director, 'director');
    add(director, '127.0.0.1', 'dr');
    add(director, '10.10.0.11', 'dr');
    const talks = [talk(client, 46000), talk(client, 46001)];
    lan.runTo(1);
    for (const each of talks) each.socket?.send(text('hello'));
    lan.runTo(2);
    expect(talks.map((each) => each.heard[1])).toEqual(['rs1', 'director']);
    for (const each of talks) each.socket?.close();
    lan.runTo(3);
    expect(states(director)).toEqual(['46000 FIN_WAIT', '46001 TIME_WAIT']);
  });

  it('local node by NAT: the port is changed on the way in and back on the way out', () => {
    const { lan, client, director } = setUp();
    director.listenTcp({
      family: 'inet',
      port: 8088,
      onAccept: (socket) => ({ onData: () => void socket.send(text('on 8088')) }),
    });
    add(director, '10.10.0.254', 'nat', 8088);
    const only = talk(client, 46010);
    lan.runTo(1);
    only.socket?.send(text('hello'));
    lan.runTo(2);
    expect(only.heard).toEqual(['connected', 'on 8088']);
  });

  it('a client on the director itself is scheduled too, though a server with the VIP cannot answer', () => {
    const { lan, director } = setUp();
    add(director, '10.10.0.11', 'nat', 80);
    const only = talk(director, 46020);
    lan.runTo(1);
    only.socket?.send(text('hello'));
    lan.runTo(2);
    // The server owns the VIP and answers the VIP, which is itself: as real, it hears nothing.
    expect(states(director)).toEqual(['46020 SYN_RECV']);
  });

  it('no usable server: refused by ICMP, six times at once, then one per second', () => {
    const { lan, client, director } = setUp();
    const talks: Talk[] = [];
    for (let index = 0; index < 8; index++) talks.push(talk(client, 42000 + index));
    lan.runTo(0.5);
    const refused = talks.filter((each) => each.heard.includes('ECONNREFUSED'));
    expect(refused).toHaveLength(6);
    expect(director.dropCounters().get('ipvs:no-server')).toBe(8);
  });

  it('NAT with the client in the server net: the server answers directly, the client resets', () => {
    const { lan, client, director } = setUp();
    add(director, '10.10.0.11', 'nat');
    const only = talk(client, 40010);
    lan.runTo(0.9);
    expect(only.heard).toEqual([]);
    expect(states(director)[0]).toMatch(/SYN_RECV|CLOSE/);
  });
});

describe('the synchronisation daemon', () => {
  it('a connection that has talked survives a failover, a handshake alone does not', () => {
    const lan = makeSmallLan();
    const client = lan.addHost('client', { address: '10.10.0.1/24' });
    const directors = ['10.10.0.251/24', '10.10.0.252/24'].map((address, index) => {
      const kernel = lan.addHost(`director${index + 1}`, { address });
      kernel.ipvs.addService(SERVICE, WITH);
      for (const server of ['10.10.0.11', '10.10.0.12']) {
        const which = { address: ip(server), port: 80 };
        kernel.ipvs.addServer(SERVICE, which, { method: 'dr', weight: 1 });
      }
      return kernel;
    });
    const [first, second] = directors as [Kernel, Kernel];
    first.addAddress('eth0', prefix('10.10.0.100/32'));
    addServer(lan, 'rs1', '10.10.0.11/24');
    addServer(lan, 'rs2', '10.10.0.12/24');
    first.ipvs.startDaemon({ role: 'master', link: 'eth0', syncId: 7 });
    second.ipvs.startDaemon({ role: 'backup', link: 'eth0', syncId: 7 });
    lan.runTo(1);
    const quiet = talk(client, 50001);
    const busy = talk(client, 50002);
    lan.runTo(2);
    for (let round = 0; round < 5; round++) {
      busy.socket?.send(text('more'));
      lan.runTo(2.1 + round / 10);
    }
    lan.runTo(6);
    expect(states(second)).toEqual(['50002 ESTABLISHED']);
    const server = second.ipvs.service(SERVICE)?.first;
    const counts = [server?.activeConnections, server?.next?.activeConnections];
    expect(counts.sort()).toEqual([0, 1]);

    first.deleteAddress('eth0', prefix('10.10.0.100/32'));
    second.addAddress('eth0', prefix('10.10.0.100/32'));
    client.flushNeighbours();
    busy.socket?.send(text('again'));
    quiet.socket?.send(text('anyone?'));
    const before = busy.heard.length;
    lan.runTo(8);
    expect(quiet.heard).toContain('ECONNRESET');
    expect(busy.heard.slice(before).join('')).toMatch(/^rs[12]$/);
    expect(states(second)).toContain('50002 ESTABLISHED');
  });
});
