import { describe, expect, test } from 'vitest';
import type { DurationUs, TimeUs } from '../../../daemon/base/time.ts';
import { type IpAddress, parseIp } from '../../../daemon/wire/ip-address.ts';
import { EchoTraffic } from '../../../sim/programs/echo-traffic.ts';
import { Lab } from '../host/lab.ts';

function start(): { lab: Lab; traffic: EchoTraffic } {
  const lab = new Lab([
    { name: 'a', addresses: ['192.168.0.1/24'] },
    { name: 'b', addresses: ['192.168.0.2/24'] },
    { name: 'c', addresses: ['192.168.0.3/24'] },
  ]);
  const traffic = new EchoTraffic({
    engine: lab.engine,
    host: lab.host('a'),
    destination: parseIp('192.168.0.2') as IpAddress,
    every: 100_000 as DurationUs,
    size: 56,
    startAt: 1_000_000 as TimeUs,
    identifier: 77,
  });
  return { lab, traffic };
}

describe('echo traffic', () => {
  test('a healthy LAN answers each request, by one station, without an outage', () => {
    const { lab, traffic } = start();
    lab.run(3.05);
    expect(traffic.echoes).toHaveLength(21);
    expect(traffic.answerCount).toBe(21);
    expect(traffic.outages(lab.engine.now)).toEqual([]);
    expect(traffic.answerRuns).toMatchObject([{ mac: 0x02_00_00_00_00_12, count: 21 }]);
  });

  test('an outage runs from the last answer before it to the next answer', () => {
    const { lab, traffic } = start();
    lab.run(2.05);
    lab.lan.cableAt('b', 'eth0')?.unplug();
    lab.run(1);
    expect(traffic.outages(lab.engine.now)).toMatchObject([{ to: undefined }]);
    lab.lan.cableAt('b', 'eth0')?.replug();
    lab.run(2);
    const outages = traffic.outages(lab.engine.now);
    expect(outages).toHaveLength(1);
    // Answers at 2.0 s and 3.1 s; the cable was out at the requests of 2.1 .. 3.0 s. The first
    // answer
    // after it takes 200 us more: losing the carrier flushed the neighbours, so ARP comes first.
    expect(traffic.longestOutage(lab.engine.now)).toBe(1_100_200);
    expect(outages[0]?.lost).toBe(10);
  });

  test('before the first answer there is no outage', () => {
    const { lab, traffic } = start();
    lab.lan.cableAt('b', 'eth0')?.unplug();
    lab.run(5);
    expect([traffic.outages(lab.engine.now), traffic.firstAnswerAt]).toEqual([[], undefined]);
  });

  test('who answers changes when the address moves to another machine', () => {
    const { lab, traffic } = start();
    lab.run(2.05);
    lab.host('b').powerOff();
    lab.out('c', 'ip addr add 192.168.0.2/24 dev eth0; arping -U -c 1 -I eth0 192.168.0.2');
    lab.run(1);
    expect(traffic.answerRuns.map((run) => run.mac)).toEqual([
      0x02_00_00_00_00_12, 0x02_00_00_00_00_13,
    ]);
  });

  test('a reboot of the sender is a gap in what was sent, and it goes on by itself', () => {
    const { lab, traffic } = start();
    lab.run(2.05);
    lab.host('a').powerOff();
    lab.run(1);
    lab.host('a').powerOn();
    lab.run(1);
    const notSent = traffic.echoes.filter((echo) => echo.outcome === 'not-sent');
    expect(notSent).toHaveLength(10);
    expect(traffic.echoes.at(-1)?.outcome).toBe('answered');
  });
});
