/** Web servers and their clients on virtual machines: what curl prints, and what becomes of broken servers. */

import { describe, expect, test } from 'vitest';
import { Lab, type LabHost } from '../host/lab.ts';

const server = (
  name: string,
  address: string,
  options: Record<string, unknown>,
  kind = 'http',
  processName = 'nginx',
): LabHost => ({
  name,
  addresses: [address],
  more: { programs: [{ kind, name: processName, options }] },
});

function two(options: Record<string, unknown> = { body: 'Server 1' }): Lab {
  return new Lab([
    server('web', '10.0.0.1/24', options),
    { name: 'client', addresses: ['10.0.0.9/24'] },
  ]);
}

describe('curl and a web server', () => {
  test('the page comes back; the process is found by its name', () => {
    const lab = two();
    expect(lab.exec('client', 'curl http://10.0.0.1/')).toEqual({
      exitCode: 0,
      stdout: 'Server 1',
      stderr: '',
    });
    expect(lab.exec('web', 'pidof nginx').exitCode).toBe(0);
  });

  test('-i shows the head in nginx form, -I asks for the head only', () => {
    const lab = two();
    const head = [
      'HTTP/1.1 200 OK',
      'Server: nginx/1.22.1',
      'Date: Mon, 01 Jan 2024 00:00:00 GMT',
      'Content-Type: text/html',
      'Content-Length: 8',
      'Connection: keep-alive',
      '',
      '',
    ].join('\r\n');
    expect(lab.out('client', 'curl -s -i http://10.0.0.1/')).toBe(`${head}Server 1`);
    expect(lab.out('client', 'curl -sI http://10.0.0.1/')).toBe(head);
  });

  test('pages by path, status codes, -w and -o', () => {
    const lab = two({ pages: { '/ok': 'fine', '/sick': { body: 'ill', status: 503 } } });
    expect(lab.out('client', 'curl -s http://10.0.0.1/ok?x=1')).toBe('fine');
    const code = (path: string) =>
      lab.out(
        'client',
        `curl -s -o /dev/null -w '%{http_code} %{size_download}\\n' http://10.0.0.1${path}`,
      );
    expect(code('/sick')).toBe('503 3\n');
    expect(code('/nothing')).toMatch(/^404 \d+\n$/);
    lab.exec('client', 'curl -s -o /tmp/page http://10.0.0.1/ok');
    expect(lab.out('client', 'cat /tmp/page')).toBe('fine');
    expect(lab.exec('client', 'curl -f http://10.0.0.1/sick')).toEqual({
      exitCode: 22,
      stdout: '',
      stderr: 'curl: (22) The requested URL returned error: 503\n',
    });
  });

  test.each<[string, string, number, RegExp]>([
    [
      'a closed port',
      'curl http://10.0.0.1:81/',
      7,
      /^curl: \(7\) Failed to connect to 10\.0\.0\.1 port 81 after 0 ms: Couldn't connect to server\n$/,
    ],
    [
      'nobody there',
      'curl http://10.0.0.77/',
      7,
      /^curl: \(7\) Failed to connect to 10\.0\.0\.77 port 80 after 30\d\d ms: Couldn't connect to server\n$/,
    ],
    [
      'nobody there, -m 1',
      'curl -m 1 http://10.0.0.77/',
      28,
      /^curl: \(28\) Connection timed out after 1000 milliseconds\n$/,
    ],
    ['no such name', 'curl http://nowhere/', 6, /^curl: \(6\) Could not resolve host: nowhere\n$/],
    ['silence', 'curl -s http://10.0.0.1:81/', 7, /^$/],
    ['an unknown option', 'curl --frob http://10.0.0.1/', 2, /^curl: option --frob: is unknown\n/],
  ])('%s', (_name, line, exitCode, stderr) => {
    const result = two().exec('client', line);
    expect(result.exitCode).toBe(exitCode);
    expect(result.stdout).toBe('');
    expect(result.stderr).toMatch(stderr);
  });

  test('a server that hangs, resets, or is slow', () => {
    expect(two({ hang: true }).exec('client', 'curl -m 2 http://10.0.0.1/')).toEqual({
      exitCode: 28,
      stdout: '',
      stderr: 'curl: (28) Operation timed out after 2000 milliseconds with 0 bytes received\n',
    });
    expect(two({ reset: true }).exec('client', 'curl http://10.0.0.1/')).toEqual({
      exitCode: 56,
      stdout: '',
      stderr: 'curl: (56) Recv failure: Connection reset by peer\n',
    });
    const slow = two({ body: 'late', delay: 1_500_000 });
    const result = slow.exec('client', "curl -s -w ' %{time_total}' http://10.0.0.1/");
    expect(result.stdout).toMatch(/^late 1\.50\d+$/);
  });

  test('a killed server refuses, a stopped one keeps clients waiting, and goes on where it was', () => {
    const lab = two();
    lab.host('web').signal('nginx', 'STOP');
    expect(lab.exec('client', 'curl -m 1 http://10.0.0.1/').exitCode).toBe(28);
    let waited = '';
    lab.host('client').exec('curl -s http://10.0.0.1/', (result) => {
      waited = result.stdout;
    });
    lab.run(1);
    expect(waited).toBe('');
    lab.host('web').signal('nginx', 'CONT');
    lab.run(1);
    expect(waited).toBe('Server 1');
    lab.host('web').signal('nginx', 'KILL');
    expect(lab.exec('client', 'curl -s http://10.0.0.1/').exitCode).toBe(7);
    expect(lab.exec('web', 'systemctl restart nginx').exitCode).toBe(0);
    expect(lab.out('client', 'curl -s http://10.0.0.1/')).toBe('Server 1');
  });

  test('a service bound to an address of nobody starts only with ip_nonlocal_bind (A5, D6)', () => {
    const lab = new Lab([
      server('b', '10.0.0.2/24', { body: 'B', address: '10.0.0.101' }),
      { name: 'client', addresses: ['10.0.0.9/24'] },
    ]);
    lab.run(1);
    expect(lab.exec('b', 'pidof nginx').exitCode).toBe(1);
    expect(lab.out('b', 'journalctl -u nginx')).toContain(
      'bind() to 10.0.0.101:80 failed (99: Cannot assign requested address)',
    );
    lab.exec('b', 'sysctl -w net.ipv4.ip_nonlocal_bind=1');
    expect(lab.exec('b', 'systemctl start nginx').exitCode).toBe(0);
    lab.exec('b', 'ip addr add 10.0.0.101/32 dev eth0');
    expect(lab.out('client', 'curl -s http://10.0.0.101/')).toBe('B');
  });

  test('ss shows listeners and connections', () => {
    const lab = two({ hang: true });
    lab.host('client').exec('curl -s http://10.0.0.1/', () => {});
    lab.run(1);
    expect(lab.out('web', 'ss -lnt')).toMatch(/LISTEN +0 +511 +0\.0\.0\.0:80 +0\.0\.0\.0:\*/);
    expect(lab.out('web', 'ss -nt')).toMatch(/ESTAB +0 +0 +10\.0\.0\.1:80 +10\.0\.0\.9:\d+/);
    expect(lab.out('client', 'ss -ant')).toMatch(/ESTAB +0 +0 +10\.0\.0\.9:\d+ +10\.0\.0\.1:80/);
  });
});

describe('a reverse proxy', () => {
  function proxied(): Lab {
    return new Lab([
      server('w1', '10.0.0.1/24', { body: 'one' }),
      server('w2', '10.0.0.2/24', { body: 'two' }),
      server(
        'edge',
        '10.0.0.100/24',
        {
          routes: [
            { prefix: '/', to: ['http://10.0.0.1', 'http://10.0.0.2'] },
            { prefix: '/second/', to: ['http://10.0.0.2/'] },
          ],
        },
        'proxy',
      ),
      { name: 'client', addresses: ['10.0.0.9/24'] },
    ]);
  }
  const get = (lab: Lab, path = '/') => lab.out('client', `curl -s http://10.0.0.100${path}`);

  test('asks its back ends in turn; the longest prefix decides', () => {
    const lab = proxied();
    expect([get(lab), get(lab), get(lab), get(lab)]).toEqual(['one', 'two', 'one', 'two']);
    expect([get(lab, '/second/x'), get(lab, '/second/y')]).toEqual(['two', 'two']);
  });

  test('passes over a back end that is down, and answers 502 when all are', () => {
    const lab = proxied();
    lab.host('w1').signal('nginx', 'KILL');
    expect([get(lab), get(lab), get(lab)]).toEqual(['two', 'two', 'two']);
    lab.host('w2').signal('nginx', 'KILL');
    const code = "curl -s -o /dev/null -w '%{http_code}' http://10.0.0.100/";
    expect(lab.out('client', code)).toBe('502');
    lab.exec('w1', 'systemctl restart nginx');
    lab.run(11);
    expect(get(lab)).toBe('one');
  });

  test('answers 504 for a back end that hangs', () => {
    const lab = new Lab([
      server('w1', '10.0.0.1/24', { hang: true }),
      server(
        'edge',
        '10.0.0.100/24',
        { routes: [{ prefix: '/', to: ['http://10.0.0.1'] }], timeout: 3_000_000 },
        'proxy',
      ),
      { name: 'client', addresses: ['10.0.0.9/24'] },
    ]);
    const line = "curl -s -o /dev/null -w '%{http_code} %{time_total}' http://10.0.0.100/";
    expect(lab.out('client', line)).toMatch(/^504 3\.0/);
  });
});

describe('curl and https', () => {
  const secure = (tls: string) => two({ tls, body: 'Secret', port: 443 });

  test('a trusted page comes back; -w tells when TCP and TLS were there', () => {
    const lab = secure('trusted');
    expect(lab.out('client', 'curl -s https://10.0.0.1/')).toBe('Secret');
    const line = "curl -s -o /dev/null -w '%{http_code} %{time_connect} %{time_appconnect}'";
    const [code, connect, ready] = lab.out('client', `${line} https://10.0.0.1/`).split(' ');
    expect(code).toBe('200');
    expect(Number(connect)).toBeGreaterThan(0);
    expect(Number(ready)).toBeGreaterThan(Number(connect));
    expect(lab.out('web', 'ss -lnt')).toContain('0.0.0.0:443');
  });

  // Recorded with curl 7.88.1 and OpenSSL 3.0.19 against `openssl s_server`.
  test.each<[string, number, string]>([
    ['self-signed', 60, 'SSL certificate problem: self-signed certificate'],
    ['expired', 60, 'SSL certificate problem: certificate has expired'],
    [
      'other-name',
      60,
      "SSL: no alternative certificate subject name matches target host name '10.0.0.1'",
    ],
    ['none', 35, 'OpenSSL/3.0.19: error:0A000410:SSL routines::sslv3 alert handshake failure'],
  ])('certificate %s: exit code %i', (certificate, code, message) => {
    const lab = secure(certificate);
    const result = lab.exec('client', 'curl -sS https://10.0.0.1/');
    expect(result.exitCode).toBe(code);
    expect(result.stderr.split('\n')[0]).toBe(`curl: (${code}) ${message}`);
    const insecure = lab.exec('client', 'curl -sk https://10.0.0.1/');
    expect(insecure.stdout).toBe(certificate === 'none' ? '' : 'Secret');
  });

  test('a server that speaks no TLS', () => {
    const result = two({ port: 443 }).exec('client', 'curl -sSk https://10.0.0.1/');
    expect(result).toMatchObject({
      exitCode: 35,
      stderr: 'curl: (35) OpenSSL/3.0.19: error:0A00010B:SSL routines::wrong version number\n',
    });
  });

  test('a proxy ends TLS and asks its back end in the clear', () => {
    const lab = new Lab([
      server('w1', '10.0.0.1/24', { body: 'one' }),
      server(
        'edge',
        '10.0.0.100/24',
        { tls: 'trusted', routes: [{ prefix: '/10.0.0.1/', to: ['http://10.0.0.1/'] }] },
        'proxy',
      ),
      { name: 'client', addresses: ['10.0.0.9/24'] },
    ]);
    expect(lab.out('client', 'curl -s https://10.0.0.100/10.0.0.1/')).toBe('one');
  });
});
