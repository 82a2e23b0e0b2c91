// Command lines of random words: nothing throws, and no text of ours shows a value that is not there. Some never end
// (ping without -c, tcpdump without packets); the machine is left to them for ten seconds.
import seedrandom from 'seedrandom';
import { expect, test } from 'vitest';
import { commandNames } from '../../../../sim/programs/shell/command-table.ts';
import { Lab } from '../../host/lab.ts';

const WORDS = [
  'add addr address del show link set up down dev eth0 lo route replace via default neigh flush all rule from to table',
  '10.0.0.9 10.0.0.1/24 192.168.0.2 192.168.0.1/24 ::1 fe80::1/64 fd00::2 -4 -6 -o -br -s -d -h -V --help -c 1 3 -i 0.1',
  '-w 2 -W -I -f -q -n -e -t -u -A -D -E -a -r -g -m -L -Ln -S -C -Z -x -y --rate --stats --timeout --persistent-conn',
  '--set 900 120 300 --start-daemon master --mcast-interface --syncid rr wrr lc sh mh -p 80 10.0.0.9:80 192.168.0.2:80',
  '[::1]:80 fwmark 0 255 256 -1 65536 99999999999 abc type macvlan vlan id 5 mode private name vm0 02:00:00:00:00:99',
  'mtu 1500 nomaster nud permanent lladdr proto static scope global host metric 20 onlink src nodad label eth0:1 brd +',
  'peer -P INPUT FORWARD OUTPUT -j DROP ACCEPT MARK --set-mark tcp udp icmp 112 vrrp --dport 80:90 --sport ! 224.0.0.18',
  'mangle nat raw filter -N -X -F net.ipv4.ip_forward net.ipv4.conf.all.arp_ignore=1 http://192.168.0.2/ -k -H Host:a',
  '--max-time 0.5 --interface -X POST any -vv -nn port and or not arp icmp6 ( ) start stop restart status enable',
  'keepalived nginx nosuch --since now -9 -TERM /etc/hosts /proc/net/arp /proc /tmp /nosuch * $? ; && || | > /tmp/y',
  '2>&1 "x y" \'z\' \\ # é -- = , . .. / ~ 1.5 1e3',
].flatMap((line) => line.split(' '));

/** They end the machine. */
const LEFT_OUT = new Set(['reboot', 'poweroff', 'shutdown', 'halt']);
const LARGE = ['ip', 'ip', 'ip', 'ip', 'ipvsadm', 'ipvsadm', 'iptables', 'ping', 'arping', 'curl'];
const NAMES = [...LARGE, ...LARGE, ...commandNames().filter((name) => !LEFT_OUT.has(name))];

function freshLab(): Lab {
  const programs = [{ kind: 'http', name: 'nginx', options: { port: 80 } }];
  const lab = new Lab([
    { name: 'a', addresses: ['192.168.0.1/24'], more: { programs } },
    { name: 'b', addresses: ['192.168.0.2/24'], more: { programs } },
  ]);
  lab.run(3);
  return lab;
}

test.each([1, 2, 3, 4])('a thousand lines, seed %i', (seed) => {
  const random = seedrandom(`lines:${seed}`);
  const pick = (list: readonly string[]) => list[Math.floor(random() * list.length)] ?? '';
  let lab = freshLab();
  for (let made = 0; made < 1000; made++) {
    // What a line leaves behind meets the next ones, for a while.
    if (made % 50 === 0) lab = freshLab();
    const count = Math.floor(random() * 8);
    const line = [pick(NAMES), ...Array.from({ length: count }, () => pick(WORDS))].join(' ');
    let text: string | undefined;
    lab.host('a').exec(line, ({ stdout, stderr }) => {
      text = stdout + stderr;
    });
    for (let tenths = 0; text === undefined && tenths < 100; tenths++) lab.run(0.1);
    if (text === undefined) lab = freshLab();
    expect(text ?? '', line).not.toMatch(/undefined|\[object|\bNaN\b|Infinity/);
  }
});
