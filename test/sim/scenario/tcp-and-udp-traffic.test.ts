/** Traffic over TCP, UDP and TLS: outcomes, who answers, how long it takes, and what `finally` says of it. */

import { describe, expect, test } from 'vitest';
import { runScenario } from '../../../sim/scenario/run.ts';
import { loadText } from './load-text.ts';

function run(options: { traffic: string; programs?: string; more?: string; jitter?: string }) {
  const { traffic, programs = '{ tcp-echo: {} }, { udp-echo: {} }', more = '' } = options;
  const { scenario, problems } = loadText(`
jitter: none
lan:
  switches: { sw1: {} }
  hosts:
    server: { nics: { eth0: 10.0.0.1/24 }, programs: [${programs}] }
    client: { nics: { eth0: 10.0.0.9/24 } }
  cables:
    - { endpoints: [server:eth0, sw1:1], delay: 5ms }
    - [client:eth0, sw1:2]
traffic: { talk: ${traffic} }
until: 10s
${more}
`);
  if (scenario === undefined) throw new Error(problems.map((one) => one.message).join('; '));
  const result = runScenario(scenario);
  const talk = result.traffic[0];
  if (talk === undefined) throw new Error('no traffic');
  return { talk, result };
}

describe.each(['tcp', 'udp'])('%s', (kind) => {
  test.each([false, true])('every request is answered, keep-alive %s', (keepAlive) => {
    const traffic = `{ ${kind}: '10.0.0.1:7', from: client, every: 100ms, keep-alive: ${keepAlive} }`;
    const { talk } = run({ traffic });
    expect(talk).toMatchObject({ sent: 101, lost: 0, failures: [], outages: [] });
    expect(talk.answeredBy).toEqual([{ host: 'unknown', answers: 100 }]);
    // One way takes 5.01 ms: a kept connection needs one round trip, a new one two.
    const [median] = talk.latency;
    const trips = kind === 'tcp' && !keepAlive ? 2 : 1;
    expect(median?.within).toBeGreaterThanOrEqual(10_020 * trips);
    expect(median?.within).toBeLessThan(10_020 * trips + 2_000);
  });

  test('a server that says its name is known by it', () => {
    const programs = `{ ${kind}-echo: { body: server 1 } }`;
    const traffic = `{ ${kind}: '10.0.0.1:7', from: client, every: 1s }`;
    expect(run({ traffic, programs }).talk.answeredBy).toEqual([{ host: 'server 1', answers: 10 }]);
  });

  test('a closed port refuses', () => {
    const { talk } = run({ traffic: `{ ${kind}: '10.0.0.1:9', from: client, every: 1s }` });
    expect(talk.answered).toBe(0);
    expect(talk.failures.map((one) => one.why)).toEqual(['refused']);
  });

  test('a pulled cable: nothing comes, and it goes on when the cable is back', () => {
    const more = `
steps:
  - { at: 3s, do: { unplug: server:eth0 } }
  - { at: 5s, do: { replug: server:eth0 } }
finally:
  - { traffic: talk, lost-at-most: 2, longest-outage-at-most: 3s }
  - { traffic: talk, lost-at-most: 30, longest-outage-at-most: 3s }
`;
    const traffic = `{ ${kind}: '10.0.0.1:7', from: client, every: 100ms, timeout: 200ms }`;
    const { talk, result } = run({ traffic, more });
    expect(talk.outages).toHaveLength(1);
    expect(result.expectations.map((one) => one.verdict)).toEqual(['fail', 'pass']);
  });
});

test('a kept TCP connection repeats what was lost: answers come late, nothing is lost', () => {
  const more = `
steps:
  - { at: 3s, do: { unplug: server:eth0 } }
  - { at: 3.5s, do: { replug: server:eth0 } }
`;
  const traffic = `{ tcp: '10.0.0.1:7', from: client, every: 100ms, timeout: 5s, keep-alive: true }`;
  const { talk } = run({ traffic, more });
  expect(talk).toMatchObject({ lost: 0, failures: [] });
  const slowest = talk.latency.find((one) => one.share === '100%')?.within ?? 0;
  expect(slowest).toBeGreaterThan(500_000);
});

test('a server that dies resets a kept connection; the next request opens another', () => {
  const more = `
steps:
  - { at: 3s, do: { kill: { host: server, program: tcp-echo } } }
  - { at: 4s, do: { start: { host: server, unit: tcp-echo } } }
finally:
  - { traffic: talk, failures-at-most: { refused: 8, closed: 1 } }
  - { traffic: talk, failures-at-most: { refused: 9, reset: 0 } }
  - { traffic: talk, failures-at-least: { refused: 9, closed: 1 }, lost-at-least: 10 }
  - { traffic: talk, failures-at-least: { refused: 10, closed: 1 } }
  - { traffic: talk, lost-at-least: 11 }
`;
  const traffic = `{ tcp: '10.0.0.1:7', from: client, every: 100ms, keep-alive: true }`;
  const { talk, result } = run({ traffic, more });
  expect(talk.failures).toEqual([
    { why: 'closed', count: 1 },
    { why: 'refused', count: 9 },
  ]);
  expect(result.expectations.map((one) => [one.verdict, one.got])).toEqual([
    ['fail', '9 requests refused; 1 closed, 9 refused'],
    ['pass', undefined],
    ['pass', undefined],
    ['fail', '9 requests refused; 1 closed, 9 refused'],
    ['fail', '10 lost; 1 closed, 9 refused'],
  ]);
  expect(result.expectations[2]?.claim).toBe(
    'at the end: talk: at least 10 lost, at least 9 refused, at least 1 closed',
  );
});

test('shares at most, and percentiles of the latency', () => {
  const more = `
finally:
  - { traffic: talk, share-at-most: { unknown: 99% } }
  - { traffic: talk, latency-at-most: { 50%: 21ms, 99%: 25ms } }
  - { traffic: talk, latency-at-most: { 100%: 1ms } }
`;
  const { result } = run({ traffic: "{ tcp: '10.0.0.1:7', from: client, every: 100ms }", more });
  expect(result.expectations.map((one) => one.verdict)).toEqual(['fail', 'pass', 'fail']);
  expect(result.expectations[1]?.claim).toBe(
    'at the end: talk: 50% of the answers within 21 ms, 99% of the answers within 25 ms',
  );
  expect(result.expectations[2]?.got).toMatch(/^100% within 30\.\d+ ms$/);
});

test.each<[string, string, string | undefined]>([
  ['trusted', '', undefined],
  ['self-signed', '', 'bad-certificate'],
  ['self-signed', ', insecure: true', undefined],
  ['expired', '', 'bad-certificate'],
  ['none', ', insecure: true', 'tls-alert'],
])('https with certificate %s%s: %s', (certificate, more, failure) => {
  const programs = `{ http: { tls: ${certificate}, body: Page } }`;
  const traffic = `{ http: 'https://10.0.0.1/', from: client${more} }`;
  const { talk } = run({ traffic, programs });
  expect(talk.failures.map((one) => one.why)).toEqual(failure === undefined ? [] : [failure]);
  expect(talk.answered > 0).toBe(failure === undefined);
});

test('https to a server without TLS fails', () => {
  const programs = '{ http: { port: 443 } }';
  const { talk } = run({ traffic: "{ http: 'https://10.0.0.1/', from: client }", programs });
  expect(talk.failures.map((one) => one.why)).toEqual(['no-tls']);
});

test('a percentile that is not counted: which ones are, and where it stands', () => {
  const { problems } =
    loadText(`lan: { switches: { sw1: {} }, hosts: { a: { nics: { eth0: 10.0.0.1/24 } } }, cables: [[a:eth0, sw1:1]] }
traffic: { talk: { tcp: '10.0.0.1:7', from: a } }
until: 1s
finally:
  - traffic: talk
    latency-at-most:
      42%: 3ms
`);
  expect(problems.map(({ line, column, message }) => `${line}:${column}: ${message}`)).toEqual([
    "7:7: expected a percentile that is counted (50%, 90%, 95%, 99%, 99.9%, 100%), read '42%'",
  ]);
});
