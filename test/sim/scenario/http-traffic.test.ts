/** Traffic of HTTP requests: outcomes, who answered, and problems in the file. */

import { expect, test } from 'vitest';
import { eventText } from '../../../sim/report/event-text.ts';
import { runScenario } from '../../../sim/scenario/run.ts';
import { loadText } from './load-text.ts';

function run(traffic: string, more = '', program = '{ http: { body: One } }') {
  const { scenario, problems } = loadText(`
jitter: none
lan:
  switches: { sw1: {} }
  hosts:
    web: { nics: { eth0: 10.0.0.1/24 }, programs: [${program}] }
    client: { nics: { eth0: 10.0.0.9/24 } }
  cables: [[web:eth0, sw1:1], [client:eth0, sw1:2]]
traffic: { pages: ${traffic} }
until: 10s
${more}
`);
  if (scenario === undefined) throw new Error(problems.map((one) => one.message).join('; '));
  const result = runScenario(scenario);
  const pages = result.traffic[0];
  if (pages === undefined) throw new Error('no traffic');
  return { pages, result };
}

const URL = "http: 'http://10.0.0.1/', from: client, every: 100ms";

test.each([false, true])('every request is answered, keep-alive %s', (keepAlive) => {
  const { pages } = run(`{ ${URL}, keep-alive: ${keepAlive} }`);
  expect(pages).toMatchObject({ sent: 101, lost: 0, failures: [], outages: [] });
  expect(pages.answeredBy).toEqual([{ host: 'One', answers: 100 }]);
});

test.each<[string, string, string, string]>([
  ['refused', `{ ${URL.replace('.1/', '.1:81/')} }`, '{ http: { body: One } }', 'refused'],
  ['reset', `{ ${URL} }`, '{ http: { reset: true } }', 'reset'],
  ['timed out', `{ ${URL}, timeout: 300ms }`, '{ http: { hang: true } }', 'timed-out'],
  ['wrong status', `{ ${URL} }`, '{ http: { status: 503 } }', 'status 503'],
  ['wrong body', `{ ${URL}, expect-body: Two }`, '{ http: { body: One } }', 'wrong-body'],
])('%s', (_name, traffic, program, why) => {
  const { pages } = run(traffic, '', program);
  expect(pages.answered).toBe(0);
  expect(pages.failures.map((one) => one.why)).toEqual([why]);
  expect(pages.failures[0]?.count).toBeGreaterThan(90);
});

test.each([
  ['http', URL],
  ['tcp', 'tcp: 10.0.0.1:80, from: client, every: 100ms'],
])('%s: a client without a port left says so', (_name, traffic) => {
  const { pages } = run(
    `{ ${traffic} }`,
    'steps:\n  - { at: 1ms, do: { exec: { host: client, command: sysctl -w net.ipv4.ip_local_port_range="40000 40009" } } }',
    traffic === URL ? '{ http: { body: One } }' : '{ tcp-echo: { port: 80 } }',
  );
  // One had a port already when the range became small, ten have one each.
  expect(pages).toMatchObject({ answered: 11 });
  expect(pages.failures.map((one) => one.why)).toEqual(['no-port']);
});

test('who answers: balanced answers are told once each, one who was away again', () => {
  const { scenario } = loadText(`
jitter: none
lan:
  switches: { sw1: {} }
  hosts:
    proxy: { nics: { eth0: 10.0.0.1/24 }, programs: [{ proxy: { routes: [{ prefix: /, to: ['http://10.0.0.2', 'http://10.0.0.3'] }] } }] }
    one: { nics: { eth0: 10.0.0.2/24 }, programs: [{ http: { body: One } }] }
    two: { nics: { eth0: 10.0.0.3/24 }, programs: [{ http: { body: Two } }] }
    client: { nics: { eth0: 10.0.0.9/24 } }
  cables: [[proxy:eth0, sw1:1], [one:eth0, sw1:2], [two:eth0, sw1:3], [client:eth0, sw1:4]]
traffic: { pages: { http: 'http://10.0.0.1/', from: client, every: 100ms } }
steps:
  - { at: 3s, do: { kill: { host: one, program: http } } }
  - { at: 6s, do: { exec: { host: one, command: systemctl restart http } } }
until: 30s
`);
  if (scenario === undefined) throw new Error('no scenario');
  const said = runScenario(scenario)
    .log.filter((event) => event.kind === 'traffic')
    .map((event) => eventText(event));
  expect(said.slice(0, 2)).toEqual([
    'pages: answered by One',
    'pages: answered by Two, for the first time',
  ]);
  expect(said.at(-1)).toBe('pages: answered by One again');
});

test('a killed server: the outage, its requests, and the verdict with the reasons', () => {
  const more = `
steps:
  - { at: 2s, do: { kill: { host: web, program: http } } }
  - { at: 4s, do: { exec: { host: web, command: systemctl restart http } } }
finally:
  - { traffic: pages, lost-at-most: 3 }
  - { traffic: pages, share-at-least: { One: 100% } }
`;
  const { pages, result } = run(`{ ${URL} }`, more);
  expect(pages.outages).toHaveLength(1);
  expect(pages.failures).toEqual([{ why: 'refused', count: pages.lost }]);
  expect(result.expectations.map((one) => one.verdict)).toEqual(['fail', 'pass']);
  expect(result.expectations[0]?.got).toBe(`${pages.lost} lost; ${pages.lost} refused`);
});

test.each([
  ['http', false],
  ['http', true],
  ['tcp', false],
  ['tcp', true],
])('%s, keep-alive %s: three at a time over connections of their own', (kind, keepAlive) => {
  const to = kind === 'http' ? URL : 'tcp: 10.0.0.1:80, from: client, every: 100ms';
  const program = kind === 'http' ? '{ http: { body: One } }' : '{ tcp-echo: { port: 80 } }';
  const { pages, result } = run(
    `{ ${to}, concurrency: 3, keep-alive: ${keepAlive} }`,
    'steps: [{ at: 9.95s, do: { exec: { host: web, command: ss -tan } } }]',
    program,
  );
  expect(pages).toMatchObject({ sent: 303, lost: 0, failures: [] });
  const listing = result.log.find((event) => event.kind === 'exec') as unknown as {
    readonly stdout: string;
  };
  if (keepAlive) expect(listing.stdout.match(/^ESTAB /gm)).toHaveLength(3);
});

test('a program that cannot be read is told once, an address that cannot as well', () => {
  const messages = (program: string, traffic: string): string[] =>
    loadText(`
lan:
  switches: { sw1: {} }
  hosts:
    web: { nics: { eth0: 10.0.0.1/24 }, programs: [${program}] }
  cables: [[web:eth0, sw1:1]]
traffic: { pages: ${traffic} }
until: 1s
`).problems.map((problem) => problem.message);
  expect(messages('{ proxy: { port: 81 } }', '{ ping: 10.0.0.1, from: web }')).toEqual([
    "'routes' is missing, expected a list",
  ]);
  expect(messages('{}', '{ ping: 10.0.0.1, from: web }')).toEqual([
    'expected one program per item, read none',
  ]);
  expect(messages('{ http: {} }', '{ tcp: 10.0.0.1, from: web }')).toEqual([
    "expected an address and a port such as '192.168.0.200:7', read '10.0.0.1'",
  ]);
});

test.each<[string, RegExp]>([
  [
    '{ ping: 10.0.0.1, concurrency: 2, from: client }',
    /'concurrency' goes with http, tcp and udp only/,
  ],
  ["{ http: 'http://10.0.0.1/', concurrency: 0, from: client }", /whole number from 1 to 1000/],
  ['{ from: client }', /expected what is sent/],
  [
    "{ ping: 10.0.0.1, http: 'http://10.0.0.1/', from: client }",
    /one of ping, http, tcp and udp, read ping and http/,
  ],
  ["{ http: 'http://www.lan/', from: client }", /expected a URL such as/],
  ['{ tcp: 10.0.0.1, from: client }', /expected an address and a port/],
  ['{ udp: www.lan:53, from: client }', /expected an address and a port/],
  ['{ tcp: 10.0.0.1:7, expect-status: 200, from: client }', /'expect-status' goes with http only/],
  [
    '{ ping: 10.0.0.1, keep-alive: true, from: client }',
    /'keep-alive' goes with http, tcp and udp only/,
  ],
])('a problem: %s', (traffic, message) => {
  expect(() => run(traffic)).toThrow(message);
});
