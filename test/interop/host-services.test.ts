/** Scripts, FIFOs, files and the sockets of checkers on a real host. */

import { chmodSync, readFileSync, readlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { IpvsChannel } from '../../daemon/linux/ipvs-channel.ts';
import {
  ipvsNamespacePath,
  ownNamespacePath,
} from '../../daemon/linux/native/network-namespace.ts';
import { until } from './lab.ts';
import { end, eventFor, inLab, startProbe, submit } from './probe.ts';
import { whyNot } from './requirements.ts';

const MISSING = whyNot('root', 'namespaces', 'koffi', 'build');

const SCRIPT = { kind: 'script-run', purpose: 'check', subject: 'chk' };

describe('services of a real host', () => {
  test('scripts: exit code, words without a shell, not found, killed with their children', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('a');
      const out = `${lab.folder}/words`;
      const script = lab.file('write.sh', `#!/bin/sh\necho "$1|$2" > ${out}\nexit 3\n`);
      chmodSync(script, 0o755);
      const probe = await startProbe(lab, 'a');
      submit(probe, { ...SCRIPT, id: 1, arguments: [script, '$(id)', 'a b'] });
      submit(probe, { ...SCRIPT, id: 2, arguments: ['/nonexistent/check'] });
      const limit = 300_000;
      submit(probe, { ...SCRIPT, id: 3, arguments: ['sh', '-c', 'sleep 61 & sleep 62'], limit });
      const stubborn = "trap '' TERM; while :; do sleep 0.1; done";
      submit(probe, { ...SCRIPT, id: 4, arguments: ['sh', '-c', stubborn], limit });
      submit(probe, { ...SCRIPT, id: 5, arguments: ['true'], user: 'nobody' });
      submit(probe, { ...SCRIPT, id: 6, arguments: ['id'], user: 'no-such-user' });
      const bare = lab.file('bare', 'exit 1\n');
      chmodSync(bare, 0o755);
      submit(probe, { ...SCRIPT, id: 7, arguments: [bare] });
      const outcome = async (id: number): Promise<unknown> =>
        (await eventFor(probe, 'script-exited', id))['outcome'];
      expect(await outcome(1)).toEqual({ kind: 'exit', code: 3 });
      expect(readFileSync(out, 'utf8')).toBe('$(id)|a b\n');
      expect(await outcome(2)).toMatchObject({ kind: 'not-run' });
      expect(await outcome(3)).toEqual({ kind: 'signal', signal: 'TERM' });
      expect(await outcome(4)).toEqual({ kind: 'signal', signal: 'KILL' });
      expect(await outcome(5)).toEqual({ kind: 'exit', code: 0 });
      expect(await outcome(6)).toMatchObject({ kind: 'not-run', reason: 'no user no-such-user' });
      // No shell is asked what it makes of it: keepalived's exec fails, and its child ends with 0.
      expect(await outcome(7)).toEqual({ kind: 'exit', code: 0 });
      const left = lab.exec('a', ['sh', '-c', 'pgrep -f "sleep 6[12]" | wc -l']);
      // The pgrep's own shell has the words on its line too.
      expect(Number(left)).toBeLessThanOrEqual(1);
      expect(await end(probe)).toBe(7);
    });
  });

  test('a FIFO without a reader takes lines, and goes with the daemon', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('a');
      const path = `${lab.folder}/fifo`;
      const probe = await startProbe(lab, 'a');
      submit(probe, { kind: 'fifo-write', path, line: 'INSTANCE "VI_1" MASTER 100' });
      await until('it is there', () => lab.exec('a', ['ls', lab.folder]).includes('fifo'), {
        withinMs: 5000,
      });
      const line = lab.exec('a', ['sh', '-c', `read line < ${path}; echo "$line"`]);
      expect(line).toBe('INSTANCE "VI_1" MASTER 100\n');
      expect(await end(probe)).toBe(7);
      expect(lab.exec('a', ['ls', lab.folder])).not.toContain('fifo');
    });
  });

  test('TCP: connected, data, closed; refused; UDP and ICMP echo answer', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('a', '10.77.0.1/24');
      lab.addHost('server', '10.77.0.9/24');
      const server = lab.start('server', [
        process.execPath,
        '-e',
        `require('net').createServer((s) => { s.on('data', (d) => s.end('got ' + d)); }).listen(80, () => console.log('tcp'));
         const u = require('dgram').createSocket('udp4');
         u.on('message', (m, from) => u.send('pong', from.port, from.address));
         u.bind(53, () => console.log('udp'));`,
      ]);
      await until('it listens', () => /(tcp|udp)\s+(tcp|udp)/.test(server.output()), {
        withinMs: 10_000,
      });
      const probe = await startProbe(lab, 'a');
      const address = { ip: '10.77.0.9' };
      submit(probe, { kind: 'stream-open', id: 1, address, port: 80 });
      submit(probe, { kind: 'stream-open', id: 2, address, port: 81 });
      await eventFor(probe, 'stream-connected', 1);
      submit(probe, { kind: 'stream-send', id: 1, bytes: { hex: '6869' } });
      const data = await eventFor(probe, 'stream-data', 1);
      expect(data['bytes']).toBe(Buffer.from('got hi').toString('hex'));
      await eventFor(probe, 'stream-closed', 1);
      expect(await eventFor(probe, 'stream-failed', 2)).toMatchObject({ failure: 'refused' });

      const open = { kind: 'datagram-open', protocol: 'udp', family: 'inet' };
      submit(probe, { ...open, id: 3, remote: { address, port: 53 } });
      submit(probe, { kind: 'datagram-send', id: 3, bytes: { hex: '70' } });
      const pong = await eventFor(probe, 'datagram-received', 3);
      expect(pong).toMatchObject({ bytes: '706f6e67', from: { address: '10.77.0.9', port: 53 } });
      submit(probe, { ...open, id: 4, remote: { address, port: 54 } });
      submit(probe, { kind: 'datagram-send', id: 4, bytes: { hex: '70' } });
      expect(await eventFor(probe, 'datagram-failed', 4)).toMatchObject({ failure: 'refused' });

      const echo = { kind: 'datagram-open', protocol: 'icmp-echo', family: 'inet' };
      submit(probe, { ...echo, id: 5, remote: { address, port: 0 } });
      submit(probe, { kind: 'datagram-send', id: 5, bytes: { hex: '0800e5ca12340001' } });
      const reply = await eventFor(probe, 'datagram-received', 5);
      expect(reply).toMatchObject({ from: { address: '10.77.0.9' }, ttl: 64 });
      expect(String(reply['bytes'])).toMatch(/^0000/);
      expect(await end(probe)).toBe(7);
    });
  });

  test('net_namespace_ipvs: ipvsadm works in that namespace', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('a');
      const command = lab.file('ipvsadm', '#!/bin/sh\nreadlink /proc/self/ns/net; exit 1\n');
      chmodSync(command, 0o755);
      const start = ownNamespacePath();
      const where = async (name: string | undefined): Promise<string | undefined> => {
        const channel = new IpvsChannel({
          command,
          namespace: () => ipvsNamespacePath(name, start),
        });
        const said = await new Promise<string | undefined>((done) => channel.run(['-Z'], done));
        channel.close();
        return said;
      };
      const own = readlinkSync('/proc/self/ns/net');
      const theirs = lab.exec('a', ['readlink', '/proc/self/ns/net']).trim();
      expect(theirs).not.toBe(own);
      expect(await where(lab.namespaceOf('a'))).toBe(theirs);
      expect(await where(undefined)).toBe(own);
      expect(await where('')).toBe(own);
      expect(await where('no-such-namespace')).toMatch(/ended|no-such-namespace/);
    });
  });

  test('names are looked up as the host is configured to', async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      lab.addHost('a');
      const probe = await startProbe(lab, 'a');
      submit(probe, { kind: 'resolve', id: 1, name: 'localhost' });
      submit(probe, { kind: 'resolve', id: 2, name: 'no-such-host.invalid' });
      expect(await eventFor(probe, 'resolved', 2)).toMatchObject({ addresses: [] });
      const own = await eventFor(probe, 'resolved', 1);
      expect(own['addresses']).not.toEqual([]);
    });
  });
});
