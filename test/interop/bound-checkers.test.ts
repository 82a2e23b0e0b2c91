/**
 * Checkers that leave by a way of their own on a real host: `fwmark`, `bind_if`, `bindto` and `bind_port`. Two providers, two
 * routers with the same address behind them: only mark or device decide who is asked.
 */

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Lab, type Running, until } from './lab.ts';
import { end, eventFor, inLab, startProbe, submit } from './probe.ts';
import { whyNot } from './requirements.ts';

const MISSING = whyNot('root', 'namespaces', 'koffi', 'build', 'socat', 'openssl');
const TARGET = '10.99.0.1';
const MARK = 7;
const READY = { withinMs: 15_000 };

/** A second network card of `host` on the same bridge. */
function addSecondCard(lab: Lab, host: string, ...addresses: readonly string[]): void {
  const port = `two-${host}`;
  const peer = ['peer', 'name', 'eth1', 'netns', lab.namespaceOf(host)];
  lab.exec('sw', ['ip', 'link', 'add', port, 'type', 'veth', ...peer]);
  lab.exec('sw', ['ip', 'link', 'set', port, 'master', 'br0', 'up']);
  lab.exec(host, ['ip', 'link', 'set', 'eth1', 'up']);
  for (const address of addresses) lab.exec(host, ['ip', 'address', 'add', address, 'dev', 'eth1']);
}

/**
 * A host that answers on the target address with its name, and with the address and port that it sees. UDP by RECVFROM: a LISTEN
 * that forks is deaf for a moment after each datagram. What answers one takes it first: socat gives up when it cannot hand it on.
 */
async function addServer(lab: Lab, name: string, address: string): Promise<Running[]> {
  lab.addHost(name, `${address}/24`, `${TARGET}/32`);
  const words = `echo ${name} $SOCAT_PEERADDR $SOCAT_PEERPORT`;
  const answer = `SYSTEM:${words}`;
  const certificate = join(lab.folder, 'pem');
  const services = [
    ['TCP-LISTEN:80,fork,reuseaddr', answer],
    [`UDP-RECVFROM:53,bind=${TARGET},fork`, `SYSTEM:head -c 1 >/dev/null; ${words}`],
    [`OPENSSL-LISTEN:443,fork,reuseaddr,verify=0,cert=${certificate}`, answer],
  ];
  const servers = services.map((line) => lab.start(name, ['socat', ...line]));
  const listening = (): string => lab.exec(name, ['ss', '-Hltun']);
  await until(
    `${name} listens`,
    () => [/:80 /, /:53 /, /:443 /].every((port) => port.test(listening())),
    READY,
  );
  return servers;
}

/** A director with two ways to the target: the ordinary one, and one for marked packets and for eth1. */
async function twoWays(lab: Lab): Promise<void> {
  const pem = join(lab.folder, 'pem');
  const subject = ['-subj', '/CN=test', '-days', '2', '-keyout', pem, '-out', `${pem}.crt`];
  lab.exec('sw', ['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject]);
  lab.exec('sw', ['sh', '-c', `cat ${pem}.crt >> ${pem}`]);
  await addServer(lab, 'first', '10.77.0.11');
  await addServer(lab, 'second', '10.78.0.12');
  lab.addHost('d', '10.77.0.1/24');
  addSecondCard(lab, 'd', '10.78.0.1/24', '10.78.0.2/24');
  const route = (...words: readonly string[]): void => {
    lab.exec('d', ['ip', 'route', 'add', `${TARGET}/32`, ...words]);
  };
  route('via', '10.77.0.11');
  route('via', '10.78.0.12', 'dev', 'eth1', 'metric', '99');
  route('via', '10.78.0.12', 'dev', 'eth1', 'table', '77');
  lab.exec('d', ['ip', 'rule', 'add', 'fwmark', String(MARK), 'table', '77']);
  lab.exec('d', ['sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=0']);
}

let nextId = 1;

/** What the server says to a stream opened in this way. */
async function ask(probe: Running, way: object): Promise<string> {
  const id = nextId++;
  submit(probe, { kind: 'stream-open', id, address: { ip: TARGET }, port: 80, ...way });
  const { bytes } = await eventFor(probe, 'stream-data', id);
  submit(probe, { kind: 'stream-close', id, abort: true });
  return Buffer.from(String(bytes), 'hex').toString();
}

async function askDatagram(probe: Running, way: object): Promise<string> {
  const id = nextId++;
  const remote = { address: { ip: TARGET }, port: 53 };
  const open = { kind: 'datagram-open', id, protocol: 'udp', family: 'inet', remote };
  submit(probe, { ...open, ...way }, { kind: 'datagram-send', id, bytes: { hex: '78' } });
  const { bytes } = await eventFor(probe, 'datagram-received', id);
  submit(probe, { kind: 'datagram-close', id });
  return Buffer.from(String(bytes), 'hex').toString();
}

async function failureOf(probe: Running, way: object): Promise<unknown> {
  const id = nextId++;
  submit(probe, { kind: 'stream-open', id, address: { ip: TARGET }, port: 80, ...way });
  return (await eventFor(probe, 'stream-failed', id))['failure'];
}

describe.concurrent('checkers with a way of their own', () => {
  test('fwmark, bind_if, bindto and bind_port decide the way of TCP, TLS and UDP', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      await twoWays(lab);
      const probe = await startProbe(lab, 'd');
      const tls = { port: 443, tls: {} };
      const from = { address: { ip: '10.78.0.2' }, port: 4321 };

      expect(await ask(probe, {})).toMatch(/^first 10\.77\.0\.1 /);
      expect(await ask(probe, { mark: MARK })).toMatch(/^second 10\.78\.0\.1 /);
      expect(await ask(probe, { interface: 'eth1' })).toMatch(/^second 10\.78\.0\.1 /);
      expect(await ask(probe, { interface: 'eth1', from })).toBe('second 10.78.0.2 4321\n');
      expect(await ask(probe, tls)).toMatch(/^first /);
      expect(await ask(probe, { ...tls, mark: MARK })).toMatch(/^second /);
      expect(await ask(probe, { ...tls, interface: 'eth1' })).toMatch(/^second /);
      expect(await askDatagram(probe, {})).toMatch(/^first 10\.77\.0\.1 /);
      expect(await askDatagram(probe, { mark: MARK })).toMatch(/^second 10\.78\.0\.1 /);
      const local = { interface: 'eth1', local: from };
      expect(await askDatagram(probe, local)).toBe('second 10.78.0.2 4321\n');

      expect(await end(probe)).toBe(7);
    });
  });

  test('what fails on such a way is told as on any other, and what cannot be had is logged', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      await twoWays(lab);
      const probe = await startProbe(lab, 'd');
      expect(await failureOf(probe, { mark: MARK, port: 81 })).toBe('refused');
      lab.exec('d', ['ip', 'route', 'add', 'unreachable', TARGET, 'table', '78']);
      lab.exec('d', ['ip', 'rule', 'add', 'fwmark', '8', 'table', '78']);
      expect(await failureOf(probe, { mark: 8 })).toBe('unreachable');
      expect(await failureOf(probe, { interface: 'eth9' })).toBe('no-resource');
      const foreign = { from: { address: { ip: '192.0.2.1' } }, mark: MARK };
      expect(await failureOf(probe, foreign)).toBe('no-resource');
      const log = probe.output();
      expect(log).toContain("Checker can't bind to device eth9: No such device");
      expect(log).toContain('Checker bind failed: Cannot assign requested address');

      // Nobody answers there: given up before it is connected, and the probe ends in order.
      lab.exec('second', ['nft', 'add table ip t']);
      lab.exec('second', [
        'nft',
        'add chain ip t i { type filter hook input priority 0; policy drop; }',
      ]);
      submit(probe, {
        kind: 'stream-open',
        id: 901,
        address: { ip: TARGET },
        port: 80,
        mark: MARK,
      });
      submit(probe, {
        kind: 'stream-open',
        id: 902,
        address: { ip: TARGET },
        port: 80,
        mark: MARK,
      });
      submit(probe, { kind: 'stream-close', id: 901, abort: true });
      expect(await end(probe)).toBe(7);
    });
  });

  test('a TLS server that never answers is given up without harm', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('d', '10.77.0.1/24');
      lab.start('d', ['socat', 'TCP-LISTEN:444,fork,reuseaddr', 'SYSTEM:sleep 60']);
      const listening = (): boolean => lab.exec('d', ['ss', '-Hltn']).includes(':444');
      await until('it listens', listening, READY);
      const probe = await startProbe(lab, 'd');
      const silent = { kind: 'stream-open', address: { ip: '10.77.0.1' }, port: 444, tls: {} };
      submit(probe, { ...silent, id: 1 }, { ...silent, id: 2, interface: 'eth0' });
      const connected = (): boolean =>
        lab.exec('d', ['ss', '-Htn', 'dport = 444']).includes('ESTAB');
      await until('it is connected', connected, READY);
      submit(probe, { kind: 'stream-close', id: 1, abort: true });
      submit(probe, { kind: 'stream-close', id: 2, abort: true });
      expect(await end(probe), probe.output()).toBe(7);
    });
  });
});
