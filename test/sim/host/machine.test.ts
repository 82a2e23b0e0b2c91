import { describe, expect, test } from 'vitest';
import type { DurationUs } from '../../../daemon/base/time.ts';
import { parseIp, parsePrefix } from '../../../daemon/wire/ip-address.ts';
import { decodeUtf8, encodeUtf8 } from '../../../daemon/wire/text.ts';
import type { HostSpec } from '../../../sim/host/host-spec.ts';
import { Lab, type LabHost } from './lab.ts';

function one(more: Partial<HostSpec> = {}, files: Record<string, string> = {}): Lab {
  const host: LabHost = { name: 'a', addresses: ['192.168.0.101/24'], files, more };
  return new Lab([host, { name: 'b', addresses: ['192.168.0.102/24'] }]);
}

function nginx(options: Record<string, unknown>): Partial<HostSpec> {
  return { programs: [{ kind: 'http', name: 'nginx', options }] };
}

describe('power', () => {
  test('power-off takes the light of the far end, power-on brings it back', () => {
    const lab = one();
    lab.run(1);
    const port = () => lab.lan.switches.get('sw1')?.ports.find((p) => p.name === '1')?.carrier;
    expect(port()).toBe(true);
    lab.host('a').powerOff();
    lab.run(0.1);
    expect([port(), lab.host('a').power, lab.host('a').kernel]).toEqual([false, 'off', undefined]);
    lab.host('a').powerOn();
    lab.run(0.1);
    expect([port(), lab.host('a').power]).toEqual([true, 'on']);
  });

  test('a boot takes its boot time, and a plug pulled meanwhile ends it', () => {
    const lab = one({ bootTime: 2_000_000 as DurationUs });
    expect(lab.host('a').power).toBe('booting');
    lab.run(1.9);
    expect(lab.host('a').kernel).toBeUndefined();
    lab.run(0.2);
    expect(lab.host('a').power).toBe('on');
    lab.host('a').powerOff();
    lab.host('a').powerOn();
    lab.run(1);
    lab.host('a').powerOff();
    lab.run(5);
    expect(lab.host('a').power).toBe('off');
  });

  test('only the disk survives a reboot: not /tmp, /run, addresses, routes, sysctls', () => {
    const lab = one();
    lab.run(1);
    lab.out('a', 'echo one > /etc/one; echo two > /tmp/two; echo three > /run/three');
    lab.out('a', 'ip addr add 10.9.9.9/24 dev eth0; sysctl -w net.ipv4.ip_forward=1');
    lab.host('a').reboot();
    lab.run(1);
    expect(lab.out('a', 'cat /etc/one /tmp/two /run/three')).toBe('one\n');
    expect(lab.out('a', 'ip -br addr show dev eth0')).not.toContain('10.9.9.9');
    expect(lab.out('a', 'sysctl -n net.ipv4.ip_forward')).toBe('0\n');
    expect(lab.out('a', 'ip -br addr show dev eth0')).toContain('192.168.0.101/24');
  });

  test('addresses of lo are there at every boot, behind 127.0.0.1', () => {
    const vip = parsePrefix('192.168.0.200/32');
    if (vip === undefined) throw new Error('not a prefix');
    const lab = new Lab([
      { name: 'a', addresses: ['192.168.0.101/24'], more: { loopbackAddresses: [vip] } },
    ]);
    lab.run(1);
    expect(lab.out('a', 'ip -4 -br addr show dev lo')).toMatch(
      /127\.0\.0\.1\/8 192\.168\.0\.200\/32/,
    );
    lab.host('a').reboot();
    lab.run(1);
    expect(lab.out('a', 'ip -4 -br addr show dev lo')).toContain('192.168.0.200/32');
  });

  test('the shell of a machine without power answers like ssh', () => {
    const lab = one();
    lab.host('a').powerOff();
    expect(lab.exec('a', 'true')).toEqual({
      exitCode: 255,
      stdout: '',
      stderr: 'ssh: connect to host a port 22: No route to host\n',
    });
  });

  test('a command that runs ends with the power', () => {
    const lab = one();
    lab.run(1);
    let ended = 0;
    lab.host('a').exec('ping 192.168.0.102', () => ended++);
    lab.run(1);
    lab.host('a').powerOff();
    lab.run(10);
    expect(ended).toBe(1);
  });

  test('a frozen machine answers nothing and goes on with what it did', () => {
    const lab = one();
    lab.run(1);
    lab.host('a').freeze();
    expect(lab.exec('b', 'ping -c 1 -W 1 192.168.0.101').exitCode).toBe(1);
    lab.host('a').resume();
    expect(lab.exec('b', 'ping -c 1 -W 1 192.168.0.101').exitCode).toBe(0);
  });

  test('the clock of a machine stands still while it is frozen, and a step may move it', () => {
    const lab = one();
    lab.run(1);
    lab.host('a').freeze();
    lab.run(5);
    lab.host('a').resume();
    expect(lab.out('a', 'date +%T')).toBe('00:00:01\n');
    lab.host('a').jumpClock(3_600_000_000 as DurationUs);
    expect(lab.out('a', 'date')).toBe('Mon Jan  1 01:00:01 UTC 2024\n');
  });
});

describe('boot configuration', () => {
  test('/etc/sysctl.conf is applied at boot, so that it survives a reboot', () => {
    const lab = one();
    lab.run(1);
    lab.out('a', 'echo "net.ipv4.ip_nonlocal_bind=1" | sudo tee -a /etc/sysctl.conf');
    expect(lab.out('a', 'sysctl -n net.ipv4.ip_nonlocal_bind')).toBe('0\n');
    expect(lab.out('a', 'sudo sysctl -p')).toBe('net.ipv4.ip_nonlocal_bind = 1\n');
    lab.host('a').reboot();
    lab.run(1);
    expect(lab.out('a', 'sysctl net.ipv4.ip_nonlocal_bind')).toBe(
      'net.ipv4.ip_nonlocal_bind = 1\n',
    );
  });

  test('a mistake in /etc/sysctl.conf is a line of the journal and not the end of the file', () => {
    const lab = one({}, { '/etc/sysctl.conf': 'rubbish\nnet.nope = 1\nnet.ipv4.ip_forward = 1\n' });
    lab.run(1);
    const lines = lab
      .host('a')
      .journal()
      .map((line) => line.text);
    expect(lines).toContain('sysctl: /etc/sysctl.conf(1): invalid syntax, continuing...');
    expect(lines).toContain('sysctl: cannot stat /proc/sys/net/nope: No such file or directory');
    expect(lab.out('a', 'cat /proc/sys/net/ipv4/ip_forward')).toBe('1\n');
  });

  test('aliases go with the carrier only with ifdown, and do not come back by themselves', () => {
    const addresses = ['192.168.0.101/24', { prefix: '192.168.0.220/24', label: 'eth0:1' }];
    const lab = new Lab([
      { name: 'keeps', addresses },
      { name: 'drops', addresses: addresses.map(shift), more: { onCarrierLoss: 'ifdown' } },
    ]);
    lab.run(1);
    const show = (name: string) => lab.out(name, 'ip addr show dev eth0');
    expect(show('drops')).toContain('scope global secondary eth0:1');
    for (const name of ['keeps', 'drops']) lab.lan.cableAt(name, 'eth0')?.unplug();
    lab.run(1);
    for (const name of ['keeps', 'drops']) lab.lan.cableAt(name, 'eth0')?.replug();
    lab.run(1);
    expect(show('keeps')).toContain('secondary eth0:1');
    expect(show('drops')).not.toContain('eth0:1');
    expect(show('drops')).toContain('inet 192.168.0.111/24');
  });

  test('routes of the boot configuration are there, and come back after a reboot', () => {
    const destination = { address: parseIp('0.0.0.0') as never, length: 0 };
    const lab = one({ routes: [{ destination, via: parseIp('192.168.0.1') as never }] });
    lab.run(1);
    const before = lab.out('a', 'ip route');
    expect(before).toContain('default via 192.168.0.1 dev eth0 \n');
    lab.host('a').reboot();
    lab.run(1);
    expect(lab.out('a', 'ip route')).toBe(before);
  });
});

describe('programs', () => {
  test('a service bound to a foreign address starts only with ip_nonlocal_bind', () => {
    const lab = one(nginx({ port: 80, address: '192.168.0.200' }));
    lab.run(1);
    const text =
      'nginx: [emerg] bind() to 192.168.0.200:80 failed (99: Cannot assign requested address)';
    expect(
      lab
        .host('a')
        .journal()
        .map((line) => line.text),
    ).toContain(text);
    expect(lab.host('a').unitState('nginx')?.active).toBe('failed');
    expect(lab.exec('a', 'pidof nginx').exitCode).toBe(1);
    lab.out('a', 'sysctl -w net.ipv4.ip_nonlocal_bind=1');
    expect(lab.exec('a', 'systemctl start nginx')).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect(lab.out('a', 'pidof nginx').split(' ')).toHaveLength(2);
  });

  test('with the address on the machine it starts without', () => {
    const lab = one(nginx({ port: 80, address: '192.168.0.200' }));
    lab.run(1);
    lab.out('a', 'ip addr add 192.168.0.200/32 dev eth0');
    expect(lab.exec('a', 'systemctl restart nginx').exitCode).toBe(0);
    expect(lab.host('a').unitState('nginx')?.active).toBe('active');
  });

  test('killing a program is a crash: the unit has failed and stays so', () => {
    const lab = one(nginx({}));
    lab.run(1);
    lab.out('a', 'killall -9 nginx');
    lab.run(5);
    expect(lab.host('a').unitState('nginx')?.active).toBe('failed');
    expect(lab.exec('a', 'systemctl is-active nginx')).toMatchObject({
      exitCode: 3,
      stdout: 'failed\n',
    });
    const events = lab.engine.log.events.filter((event) => event.kind === 'program');
    expect(events.map((event) => 'change' in event && event.change)).toEqual([
      'started',
      'crashed',
    ]);
  });

  test('enable and disable decide the start at boot, with systemd’s symlink lines', () => {
    const lab = one(nginx({}));
    lab.run(1);
    const link = '/etc/systemd/system/multi-user.target.wants/nginx.service';
    expect(lab.exec('a', 'systemctl disable nginx').stderr).toBe(`Removed "${link}".\n`);
    lab.host('a').reboot();
    lab.run(1);
    expect(lab.out('a', 'systemctl is-active nginx')).toBe('inactive\n');
    expect(lab.exec('a', 'systemctl enable nginx').stderr).toBe(
      `Created symlink ${link} → /lib/systemd/system/nginx.service.\n`,
    );
    lab.host('a').reboot();
    lab.run(1);
    expect(lab.out('a', 'systemctl is-active nginx')).toBe('active\n');
  });

  test('two services cannot have one port', () => {
    const programs = ['nginx', 'apache2'].map((name) => ({
      kind: 'http',
      name,
      options: { port: 80 },
    }));
    const lab = one({ programs });
    lab.run(1);
    const states = ['apache2', 'nginx'].map((name) => lab.host('a').unitState(name)?.active);
    expect(states).toEqual(['active', 'failed']);
  });

  test('keepalived without its file: start condition failed', () => {
    const lab = one();
    lab.run(1);
    expect(lab.exec('a', 'sudo service keepalived start').exitCode).toBe(0);
    lab.run(4);
    const status = lab.exec('a', 'systemctl status keepalived');
    expect(status.exitCode).toBe(3);
    expect(status.stdout).toContain(
      [
        '     Active: inactive (dead)',
        '  Condition: start condition failed at Mon 2024-01-01 00:00:01 UTC; 4s ago',
        '             └─ ConditionFileNotEmpty=/etc/keepalived/keepalived.conf was not met',
      ].join('\n'),
    );
  });

  test('unknown units are named as systemctl names them', () => {
    const lab = one();
    expect(lab.exec('a', 'systemctl start foo')).toEqual({
      exitCode: 5,
      stdout: '',
      stderr: 'Failed to start foo.service: Unit foo.service not found.\n',
    });
    expect(lab.exec('a', 'systemctl status foo').exitCode).toBe(4);
  });
});

test('files of a machine without power can be changed, and are there after the boot', () => {
  const lab = one();
  lab.host('a').powerOff();
  lab.host('a').writeFile('/etc/motd', encodeUtf8('hello\n'));
  lab.host('a').powerOn();
  lab.run(0.1);
  expect(lab.out('a', 'cat /etc/motd')).toBe('hello\n');
  expect(decodeUtf8(lab.host('a').readFile('/etc/hostname') ?? new Uint8Array(0))).toBe('a\n');
});

function shift(address: LabHost['addresses'][number]): LabHost['addresses'][number] {
  if (typeof address === 'string') return address.replace('.101/', '.111/');
  return { ...address, prefix: address.prefix.replace('.220/', '.221/') };
}
