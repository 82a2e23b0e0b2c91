/** Paces and memories of checkers that no stored recording would tell broken: each was broken by hand, and all other tests passed. */

import { describe, expect, it } from 'vitest';
import { Director, type ServerBehaviour, s } from './director.ts';
import { quickPool } from './quick-pool.ts';

/** One server, first check after exactly 1 s, then every 2 s. */
function started(checker: string, before: (director: Director) => void = () => {}): Director {
  const director = new Director();
  director.servers.set('10.10.0.11', { port: 'open' });
  director.scripts.set('/m.sh', { exit: 0, after: 1000 });
  before(director);
  director.start(quickPool([11, 2, checker]));
  return director;
}

const moments = (director: Director) => director.opened.map(({ at }) => at / 1e6);
const near = (times: readonly number[]) => times.map((at) => expect.closeTo(at, 1));
const server = (director: Director) => director.daemon.status().services?.[0]?.servers[0];

describe('HTTP_GET', () => {
  it('asks a server that is down every delay_before_retry, when that is longer than delay_loop', () => {
    const checker =
      'HTTP_GET {\n url {\n path /\n }\n retry 1\n delay_before_retry 5\n connect_timeout 1\n }';
    const director = started(checker);
    director.run(s(2));
    director.servers.set('10.10.0.11', { port: 'closed' });
    director.run(s(20));
    expect(moments(director)).toEqual(near([1, 3, 8, 13, 18]));
    expect(server(director)?.alive).toBe(false);
  });

  it('retries nothing before its first round is over, not even its second url', () => {
    const urls = ['/a', '/b'].map((path) => `url {\n path ${path}\n status_code 200\n }`);
    const checker = `HTTP_GET {\n ${urls.join('\n')}\n retry 3\n delay_before_retry 1\n }`;
    const director = started(checker, ({ servers }) =>
      servers.set('10.10.0.11', {
        port: 'open',
        answer: (request) => `HTTP/1.0 ${request.startsWith('GET /a') ? 200 : 500} X\r\n\r\n`,
      }),
    );
    director.run(s(3.5));
    expect(moments(director)).toEqual(near([1, 3]));
    expect(server(director)?.alive).toBe(false);
  });
});

describe('UDP_CHECK', () => {
  const udp = (more: string) =>
    `${more}UDP_CHECK {\n connect_timeout 1\n retry 2\n delay_before_retry 0.5\n payload 61\n require_reply 62\n }`;
  const answers: ServerBehaviour = { port: 'open', datagram: () => Uint8Array.of(0x62) };

  it('retries while the server is up, and not while it is down', () => {
    const director = started(udp(''), ({ servers }) => servers.set('10.10.0.11', answers));
    director.run(s(2));
    director.servers.set('10.10.0.11', { port: 'closed' });
    director.run(s(11));
    expect(moments(director)).toEqual(near([1, 3, 3.5, 4, 6, 8, 10]));
  });

  it('closes its socket behind every attempt', () => {
    const director = started(udp(''), ({ servers }) => servers.set('10.10.0.11', answers));
    director.run(s(6));
    const kinds = director.commands.map(({ command }) => command.kind);
    const count = (kind: string) => kinds.filter((one) => one === kind).length;
    expect(count('datagram-open')).toBe(3);
    expect(count('datagram-close')).toBe(3);
  });
});

describe('a weight that changes while the server is down', () => {
  it('does not wake an inhibited server', () => {
    const file = 'FILE_CHECK {\n track_file f1\n weight 1\n }';
    const checkers = `inhibit_on_failure\n TCP_CHECK {\n connect_timeout 1\n retry 0\n }\n ${file}`;
    const director = started(checkers, ({ servers }) =>
      servers.set('10.10.0.11', { port: 'closed' }),
    );
    director.run(s(2));
    const table = () => director.tables.at(-1)?.text;
    expect(table()).toMatch(/10\.10\.0\.11:80 Route w0$/);
    director.writeFile('/f1', '5\n');
    expect(server(director)?.weight).toBe(7);
    expect(table()).toMatch(/10\.10\.0\.11:80 Route w0$/);
    director.servers.set('10.10.0.11', { port: 'open' });
    director.run(s(4));
    expect(table()).toMatch(/10\.10\.0\.11:80 Route w7$/);
  });
});

describe('MISC_CHECK', () => {
  it('counts its interval from the start of a run', () => {
    const director = started('MISC_CHECK {\n misc_path /m.sh\n }', ({ scripts }) =>
      scripts.set('/m.sh', { exit: 0, after: 700_000 }),
    );
    director.run(s(6));
    const runs = director.commands.filter(({ command }) => command.kind === 'script-run');
    expect(runs.map(({ at }) => at / 1e6)).toEqual(near([1, 3, 5]));
  });

  it('gives the weight again that it gave before it failed', () => {
    const director = started('MISC_CHECK {\n misc_path /m.sh\n misc_dynamic\n }');
    const weightAfter = (exit: number, seconds: number) => {
      director.scripts.set('/m.sh', { exit, after: 1000 });
      director.run(s(seconds));
      const { alive, weight } = server(director) ?? {};
      return `${alive} ${weight}`;
    };
    expect(weightAfter(7, 2)).toBe('true 5');
    expect(weightAfter(1, 4)).toBe('false 2');
    expect(weightAfter(7, 6)).toBe('true 5');
  });
});
