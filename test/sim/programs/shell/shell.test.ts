import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../../../daemon/wire/text.ts';
import { parseLine } from '../../../../sim/programs/shell/parse-line.ts';
import { Lab } from '../../host/lab.ts';

const lab = new Lab([
  {
    name: 'a',
    addresses: ['192.168.0.1/24'],
    more: {
      programs: [{ kind: 'http', name: 'nginx', options: { port: 80 } }],
      names: [['web', 0xc0a80002 as never]],
    },
  },
  { name: 'b', addresses: ['192.168.0.2/24'] },
]);
lab.run(3);

/** Exit code, stdout and stderr of a line on host a. */
function run(line: string): readonly [number, string, string] {
  const { exitCode, stdout, stderr } = lab.exec('a', line);
  return [exitCode, stdout, stderr];
}

describe('the language of the shell', () => {
  test.each<[string, readonly [number, string, string]]>([
    ['', [0, '', '']],
    ['# only a comment', [0, '', '']],
    ['foo', [127, '', 'bash: foo: command not found\n']],
    ['/opt/foo', [127, '', 'bash: /opt/foo: No such file or directory\n']],
    ['/usr/bin/echo a', [0, 'a\n', '']],
    ['sudo -u root echo a', [0, 'a\n', '']],
    ['false; echo $?', [0, '1\n', '']],
    ['false && echo no', [1, '', '']],
    ['false || echo yes', [0, 'yes\n', '']],
    ['true && false || echo third', [0, 'third\n', '']],
    [`echo 'a  b' "c $? d" e\\ f`, [0, 'a  b c 0 d e f\n', '']],
    ["echo 'a;b|c'#d # e", [0, 'a;b|c#d\n', '']],
    ['printf "a\\nb\\nab\\n" | grep a | wc -l', [0, '2\n', '']],
    ['echo /etc/host* /etc/h?stname', [0, '/etc/hostname /etc/hostname\n', '']],
    ['echo "/etc/host*" /nosuch/*.conf \\*', [0, '/etc/host* /nosuch/*.conf *\n', '']],
    [
      'cat /proc/sys/net/ipv4/conf/*/arp_announce | sort -u; ls /proc/sys/net/ipv4/conf/e*/forwarding',
      [0, '0\n/proc/sys/net/ipv4/conf/eth0/forwarding\n', ''],
    ],
    ['foo 2>/dev/null', [127, '', '']],
    ['foo 2>&1 | cat', [0, 'bash: foo: command not found\n', '']],
    ['cat /nosuch >/dev/null', [1, '', 'cat: /nosuch: No such file or directory\n']],
    ['cat < /nosuch', [1, '', 'bash: /nosuch: No such file or directory\n']],
    ['sh -c "echo in; exit" ', [127, 'in\n', 'bash: exit: command not found\n']],
    ['bash -c "false || true"', [0, '', '']],
    ['a |', [2, '', 'bash: syntax error: unexpected end of file\n']],
    ['| a', [2, '', "bash: syntax error near unexpected token `|'\n"]],
    ['echo >', [2, '', "bash: syntax error near unexpected token `newline'\n"]],
    ['echo "a', [2, '', 'bash: unexpected EOF while looking for matching `"\'\n']],
    ['sleep 1 &', [2, '', 'bash: jobs in the background are not simulated\n']],
    ['echo $HOME', [2, '', 'bash: $HOME: substitution is not simulated\n']],
  ])('%s', (line, expected) => {
    expect(run(line)).toEqual(expected);
  });

  test('> writes anew, >> adds, < reads', () => {
    run('echo one > /tmp/f; echo two >> /tmp/f');
    expect(run('cat < /tmp/f')).toEqual([0, 'one\ntwo\n', '']);
    run('echo three > /tmp/f');
    expect(run('cat /tmp/f; ls /tmp')).toEqual([0, 'three\nf\n', '']);
  });

  test('no line throws, whatever it holds', () => {
    for (const line of ['\\', '"', "'\\", '$?$?', '>>>', '&&&', '((', 'a>b>c', '\u0000', '💥|💥']) {
      expect(() => parseLine(line)).not.toThrow();
      expect(() => lab.exec('a', line)).not.toThrow();
    }
  });

  test('a command that takes time delays the next, and Ctrl+C ends the line', () => {
    const begun = lab.seconds;
    expect(run('sleep 2; date +%S > /tmp/when; cat /tmp/when')[0]).toBe(0);
    expect(lab.seconds - begun).toBeCloseTo(2, 1);
    let code = -1;
    const handle = lab.host('a').exec('sleep 100; echo never', (result) => {
      code = result.exitCode;
    });
    lab.run(1);
    expect(handle.running).toBe(true);
    handle.cancel();
    expect([code, handle.running]).toEqual([130, false]);
  });
});

describe('commands about processes', () => {
  test('pidof, pgrep, killall -0 and kill -0 find what runs and nothing else', () => {
    const [, pids] = run('pidof nginx');
    expect(pids).toMatch(/^\d+ \d+\n$/);
    expect(run('pgrep nginx')[1].trim().split('\n').toReversed().join(' ')).toBe(pids.trim());
    expect(run('pgrep -x ngin')[0]).toBe(1);
    expect(run('killall -0 nginx')).toEqual([0, '', '']);
    expect(run('killall nosuch')).toEqual([1, '', 'nosuch: no process found\n']);
    expect(run('kill -0 99999')).toEqual([1, '', 'bash: kill: (99999) - No such process\n']);
    expect(run('kill -FOO 1')[0]).toBe(1);
    expect(run('ps -ef')[1]).toContain('nginx: master process /usr/sbin/nginx\n');
  });

  test('ss shows who listens, arp who is known', () => {
    expect(run('ss -lnt')[1]).toContain('LISTEN 0      511');
    run('ping -c 1 web');
    expect(run('arp -n')[1]).toBe(
      'Address                  HWtype  HWaddress           Flags Mask            Iface\n' +
        '192.168.0.2              ether   02:00:00:00:00:12   C                     eth0\n',
    );
    expect(run('arp -an')[1]).toBe('? (192.168.0.2) at 02:00:00:00:00:12 [ether] on eth0\n');
  });

  test('keepalived says its version on stderr', () => {
    expect(run('keepalived --version')).toEqual([0, '', 'Keepalived v2.2.7 (01/16,2022)\n']);
  });
});

describe('ping', () => {
  test('names come from the host’s table, others cannot be resolved', () => {
    expect(run('ping -c 1 web')[1]).toContain('PING web (192.168.0.2) 56(84) bytes of data.\n');
    expect(run('ping -c 1 nosuch')[2]).toBe('ping: nosuch: Temporary failure in name resolution\n');
  });

  test('Ctrl+C prints the statistics of what was sent', () => {
    let text = '';
    const handle = lab.host('a').exec('ping 192.168.0.2', (result) => {
      text = result.stdout;
    });
    lab.run(2.5);
    handle.cancel();
    expect(text).toContain('3 packets transmitted, 3 received, 0% packet loss, time 2000ms\n');
  });

  test('the host itself and IPv6 neighbours answer', () => {
    expect(run('ping -c 1 192.168.0.1')[0]).toBe(0);
    expect(run('ping -c 1 127.0.0.1')[0]).toBe(0);
    const [code, text] = run('ping -6 -c 1 -I eth0 fe80::ff:fe00:12');
    expect([code, text]).toEqual([0, expect.stringContaining('64 bytes from fe80::ff:fe00:12')]);
  });

  // Recorded of iputils 20221126 between two network namespaces with an MTU of 1500.
  test.each([
    [
      'ping -M do -s 1473 -c 2 192.168.0.2',
      1,
      '2 packets transmitted, 0 received, +2 errors, 100%',
      'ping: local error: message too long, mtu=1500\n'.repeat(2),
    ],
    [
      'ping -q -M do -s 1473 -c 2 -W 1 192.168.0.2',
      1,
      '2 packets transmitted, 0 received, 100%',
      '',
    ],
    ['ping -M do -s 1472 -c 1 192.168.0.2', 0, '1480 bytes from 192.168.0.2: icmp_seq=1', ''],
    ['ping -M do -s 3000 -c 1 192.168.0.1', 0, '3008 bytes from 192.168.0.1: icmp_seq=1', ''],
    ['ping -M want -s 3000 -c 1 192.168.0.2', 0, '3008 bytes from 192.168.0.2: icmp_seq=1', ''],
    ['ping -M dont -s 65507 -c 1 192.168.0.2', 0, '65515 bytes from 192.168.0.2: icmp_seq=1', ''],
    [
      'ping -s 65508 -c 1 192.168.0.2',
      1,
      '0 received, +1 errors, 100%',
      'ping: local error: message too long, mtu=1500\n',
    ],
    ['ping -s 70000 -c 1 -W 1 192.168.0.2', 1, '70000(70028) bytes of data.', ''],
    [
      'ping -M do -s 65508 -c 1 127.0.0.1',
      1,
      '+1 errors',
      'ping: local error: message too long, mtu=65535\n',
    ],
    [
      'ping -M do -s 1453 -c 1 -I eth0 fe80::ff:fe00:12',
      1,
      '+1 errors',
      'ping: local error: message too long, mtu: 1500\n',
    ],
    ['ping -M foo -c 1 192.168.0.2', 2, '', 'ping: invalid -M argument: foo\n'],
    ['ping -s 1x 192.168.0.2', 1, '', "ping: invalid argument: '1x'\n"],
    [
      'ping -t 300 192.168.0.2',
      1,
      '',
      "ping: invalid argument: '300': out of range: 0 <= value <= 255\n",
    ],
    ['ping -W -1 192.168.0.2', 2, '', 'ping: bad linger time: -1\n'],
  ])('%s', (command, code, text, error) => {
    expect(run(command)).toEqual([code, expect.stringContaining(text), error]);
  });
  test('-M says whether routers may cut', () => {
    let seen = '';
    lab.host('b').exec('tcpdump -i eth0 -n -v -c 3 icmp and src 192.168.0.1', (ended) => {
      seen = ended.stdout;
    });
    for (const word of ['dont', 'want', 'do']) run(`ping -M ${word} -c 1 192.168.0.2`);
    expect(seen.match(/flags \[\w+\]/g)).toEqual(['flags [none]', 'flags [DF]', 'flags [DF]']);
  });

  test('lost answers are counted', () => {
    lab.lan.cableAt('b', 'eth0')?.impair('both', { muted: true });
    const [code, text] = run('ping -c 4 -i 0.2 -W 1 192.168.0.2');
    lab.lan.cableAt('b', 'eth0')?.impair('both', { muted: undefined });
    expect(code).toBe(1);
    expect(text).toContain('4 packets transmitted, 0 received, 100% packet loss, time 600ms\n');
  });
});

describe('tcpdump', () => {
  test('shows frames that match, ends by -c, and counts', () => {
    let result = { stdout: '', stderr: '' };
    lab.host('b').exec('tcpdump -i eth0 -n -c 2 icmp', (ended) => {
      result = ended;
    });
    run('ping -c 1 192.168.0.2');
    expect(result.stdout.replaceAll(/^[\d:.]+|id \d+/gm, '_')).toBe(
      '_ IP 192.168.0.1 > 192.168.0.2: ICMP echo request, _, seq 1, length 64\n' +
        '_ IP 192.168.0.2 > 192.168.0.1: ICMP echo reply, _, seq 1, length 64\n',
    );
    expect(result.stderr).toBe(
      'tcpdump: verbose output suppressed, use -v[v]... for full protocol decode\n' +
        'listening on eth0, link-type EN10MB (Ethernet), snapshot length 262144 bytes\n' +
        '2 packets captured\n2 packets received by filter\n0 packets dropped by kernel\n',
    );
  });

  test('an unknown device and a wrong filter are refused in tcpdump’s words', () => {
    expect(run('tcpdump -i eth9 -n')[2]).toBe(
      'tcpdump: eth9: No such device exists\n(No such device exists)\n',
    );
    expect(run('tcpdump -i eth0 -n "foo bar"')[2]).toContain("can't parse filter expression");
  });
});

describe('files', () => {
  test('cat, ls, rm, cp, tee, head, tail, grep', () => {
    lab.host('a').writeFile('/etc/x/one.conf', encodeUtf8('1\n2\n3\n'));
    expect(run('ls /etc/x')[1]).toBe('one.conf\n');
    expect(run('head -n 1 /etc/x/one.conf; tail -1 /etc/x/one.conf')[1]).toBe('1\n3\n');
    run('cp /etc/x/one.conf /etc/x/two.conf; echo 4 | sudo tee -a /etc/x/two.conf');
    expect(run('grep -c . /etc/x/two.conf')[1]).toBe('4\n');
    expect(run('rm /etc/x/two.conf; ls /etc/x; rm /etc/x/two.conf')).toEqual([
      1,
      'one.conf\n',
      "rm: cannot remove '/etc/x/two.conf': No such file or directory\n",
    ]);
    expect(run('ls /nosuch')).toEqual([
      2,
      '',
      "ls: cannot access '/nosuch': No such file or directory\n",
    ]);
  });

  test('a sysctl is a file below /proc/sys', () => {
    run('echo 1 > /proc/sys/net/ipv4/ip_forward');
    expect(run('sysctl net.ipv4.ip_forward; cat /proc/sys/net/ipv4/ip_forward')[1]).toBe(
      'net.ipv4.ip_forward = 1\n1\n',
    );
  });
});
