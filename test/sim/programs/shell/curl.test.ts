/** curl -v, several URLs and --write-out, beside what curl 7.88.1 printed on a real host. */

import { expect, test } from 'vitest';
import { runScenario } from '../../../../sim/scenario/run.ts';
import { loadText } from '../../scenario/load-text.ts';

interface Printed {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  /** When it was over. */
  readonly at: number;
}

/** What a line prints on a host beside a web server, both streams as they come. */
function curl(line: string): string {
  const { stdout, stderr, exitCode } = exec(line);
  return `${stderr}${stdout}=${exitCode}`;
}

function exec(line: string): Printed {
  const { scenario, problems } = loadText(`
jitter: none
lan:
  switches: { sw1: {} }
  hosts:
    web: { nics: { eth0: 10.0.0.2/24 }, programs: [{ nginx: { body: hallo } }, { http: { name: slow, port: 82, hang: true } }, { http: { name: busy, port: 83, pages: { /a: { location: /b, body: moved }, /b: { status: 301, location: 'http://10.0.0.2/c' }, /loop: { location: /loop }, /503: { status: 503, body: busy } } } }] }
    client: { nics: { eth0: 10.0.0.1/24 } }
  cables: [[web:eth0, sw1:1], [client:eth0, sw1:2]]
steps: [{ at: 1s, do: { exec: { host: client, command: ${JSON.stringify(line)} } } }]
until: 20s
`);
  if (scenario === undefined) throw new Error(problems.map((one) => one.message).join('; '));
  const run = runScenario(scenario).log.find((event) => event.kind === 'exec');
  if (run?.kind !== 'exec') throw new Error('no exec');
  return run as unknown as Printed;
}

const request = (target: string): string =>
  `> GET ${target} HTTP/1.1\n> Host: 10.0.0.2\n> User-Agent: curl/7.88.1\n> Accept: */*\n> \n`;

const response = `< HTTP/1.1 200 OK
< Server: nginx/1.22.1
< Date: Thu, 01 Jan 2026 00:00:01 GMT
< Content-Type: text/html
< Content-Length: 5
< Connection: keep-alive
< 
{ [5 bytes data]
* Connection #0 to host 10.0.0.2 left intact
`;

const CONNECTED = '*   Trying 10.0.0.2:80...\n* Connected to 10.0.0.2 (10.0.0.2) port 80 (#0)\n';

test.each<[string, string, string]>([
  ['one page', 'curl -sv http://10.0.0.2/', `${CONNECTED}${request('/')}${response}hallo=0`],
  [
    'two pages over one connection',
    "curl -sv http://10.0.0.2/ http://10.0.0.2/x -w '[%{num_connects}]'",
    `${CONNECTED}${request('/')}${response}* Re-using existing connection #0 with host 10.0.0.2\n` +
      `${request('/x')}${response}hallo[1]hallo[0]=0`,
  ],
  [
    'refused',
    'curl -sv http://10.0.0.2:81/',
    '*   Trying 10.0.0.2:81...\n* connect to 10.0.0.2 port 81 failed: Connection refused\n' +
      "* Failed to connect to 10.0.0.2 port 81 after 0 ms: Couldn't connect to server\n* Closing connection 0\n=7",
  ],
  [
    'the last transfer decides, an unknown variable is told',
    "curl -sS http://10.0.0.2/ http://10.0.0.2:81/ -w '[%{exitcode}%{nix}]'",
    "curl: unknown --write-out variable: 'nix'\n" +
      "curl: (7) Failed to connect to 10.0.0.2 port 81 after 0 ms: Couldn't connect to server\n" +
      "curl: unknown --write-out variable: 'nix'\nhallo[0][7]=7",
  ],
  [
    'no answer',
    'curl -sv -m 1 http://10.0.0.2:82/',
    '*   Trying 10.0.0.2:82...\n* Connected to 10.0.0.2 (10.0.0.2) port 82 (#0)\n' +
      request('/').replace('10.0.0.2', '10.0.0.2:82') +
      '* Operation timed out after 1000 milliseconds with 0 bytes received\n* Closing connection 0\n=28',
  ],
])('%s', (_name, line, said) => {
  expect(curl(line)).toBe(said);
});

const failed = 'curl: (22) The requested URL returned error: 503\n';

/** As curl 7.88.1 printed it against a server of Python, but for the page's address. */
test.each<[string, string]>([
  ['curl -sS --retry 2 http://10.0.0.2:81/', `${refused(1)}=7`],
  ['curl -s --retry 2 --retry-connrefused http://10.0.0.2:81/', '=7'],
  ['curl -sS --retry 2 --retry-connrefused http://10.0.0.2:81/', `${refused(3)}=7`],
  [
    'curl --retry 1 --retry-connrefused http://10.0.0.2:81/',
    `${refused(1)}Warning: Problem : connection refused. Will retry in 1 seconds. 1 retries \nWarning: left.\n${refused(1)}=7`,
  ],
  [
    "curl -sS --retry 3 --retry-delay 1 http://10.0.0.2:83/503 -w '%{http_code} %{num_connects}'",
    'busybusybusybusy503 0=0',
  ],
  [
    'curl --retry 1 http://10.0.0.2:83/503 -f',
    `${failed}Warning: Problem : HTTP error. Will retry in 1 seconds. 1 retries left.\n${failed}=22`,
  ],
  ['curl -s --retry 5 --retry-max-time 4 http://10.0.0.2:83/503', 'busybusybusybusy=0'],
  ['curl -sS --retry 1 --retry-delay 1 http://10.0.0.2:83/503 -o /tmp/out; cat /tmp/out', 'busy=0'],
  ['curl -s --retry 1 --retry-all-errors -f http://10.0.0.2:83/404', '=22'],
])('%s', (line, expected) => {
  expect(curl(line)).toBe(expected);
});

function refused(times: number): string {
  const line =
    "curl: (7) Failed to connect to 10.0.0.2 port 81 after 0 ms: Couldn't connect to server\n";
  return line.repeat(times);
}

test.each([
  ['--retry 2', 1000 + 2000],
  ['--retry 3', 1000 + 2000 + 4000],
  ['--retry 3 --retry-delay 2', 3 * 2000],
  ['--retry 9 --retry-max-time 4', 1000 + 2000 + 4000],
])('%s waits so many ms', (options, ms) => {
  const line = `curl -s ${options} --retry-connrefused http://10.0.0.2:81/`;
  expect(Math.round(exec(line).at / 1000)).toBe(1000 + ms);
});

const REQUEST_OF = (host: string) => request('/y').replace('10.0.0.2', host);

test.each<[string, string]>([
  [
    'curl -sSv --resolve www.x:80:10.0.0.2 http://www.x/y',
    '* Added www.x:80:10.0.0.2 to DNS cache\n* Hostname www.x was found in DNS cache\n' +
      `${CONNECTED.replace('to 10.0.0.2', 'to www.x')}${REQUEST_OF('www.x')}` +
      `${response.replace('10.0.0.2', 'www.x')}hallo=0`,
  ],
  [
    'curl -sS --resolve www.x:81:10.0.0.2 http://www.x/y',
    'curl: (6) Could not resolve host: www.x\n=6',
  ],
  [
    'curl -sS --resolve nonsense http://www.x/y',
    "curl: (49) Couldn't parse CURLOPT_RESOLVE entry 'nonsense'\n=49",
  ],
  [
    'curl -sS --resolve www.x:80:10.0.0.300 http://www.x/y',
    "curl: (49) Couldn't parse CURLOPT_RESOLVE entry 'www.x:80:10.0.0.300'\n=49",
  ],
  [
    'curl -sSv --connect-to www.x:80:10.0.0.2:80 http://www.x/y',
    '* Connecting to hostname: 10.0.0.2\n* Connecting to port: 80\n' +
      `${CONNECTED.replace('to 10.0.0.2', 'to (nil)')}${REQUEST_OF('www.x')}` +
      `${response.replace('10.0.0.2', '(nil)')}hallo=0`,
  ],
  [
    'curl -sSv --connect-to ::10.0.0.2:81 http://www.x/y',
    '* Connecting to hostname: 10.0.0.2\n* Connecting to port: 81\n*   Trying 10.0.0.2:81...\n' +
      '* connect to 10.0.0.2 port 81 failed: Connection refused\n' +
      "* Failed to connect to 10.0.0.2 port 81 after 0 ms: Couldn't connect to server\n" +
      `* Closing connection 0\n${refused(1)}=7`,
  ],
])('%s', (line, expected) => {
  expect(curl(line)).toBe(expected);
});

const WRITTEN = '[%{http_code} %{url_effective} %{num_redirects} %{redirect_url} %{size_download}]';

test.each<[string, string]>([
  [
    `curl -sS http://10.0.0.2:83/a -w '${WRITTEN}'`,
    'moved[302 http://10.0.0.2:83/a 0 http://10.0.0.2:83/b 5]=0',
  ],
  [`curl -sSL http://10.0.0.2:83/a -w '${WRITTEN}'`, 'hallo[200 http://10.0.0.2/c 2  5]=0'],
  ['curl -sSL http://10.0.0.2:83/loop', 'curl: (47) Maximum (50) redirects followed\n=47'],
  [
    'curl -sSL --max-redirs 2 http://10.0.0.2:83/loop',
    'curl: (47) Maximum (2) redirects followed\n=47',
  ],
  ["curl -sSL -d x=1 http://10.0.0.2:83/a -w '[%{method}]'", 'hallo[GET]=0'],
  ["curl -sSL -X POST -d x=1 http://10.0.0.2:83/a -w '[%{method}]'", 'hallo[POST]=0'],
])('%s', (line, expected) => {
  expect(curl(line)).toBe(expected);
});

test('-i with -L shows every head', () => {
  const heads = curl('curl -sSiL http://10.0.0.2:83/a').match(/^(HTTP.*|Location.*)\r?$/gm);
  expect(heads?.map((line) => line.trimEnd())).toEqual([
    'HTTP/1.1 302 Moved Temporarily',
    'Location: /b',
    'HTTP/1.1 301 Moved Permanently',
    'Location: http://10.0.0.2/c',
    'HTTP/1.1 200 OK',
  ]);
});

const HINT = "curl: try 'curl --help' or 'curl --manual' for more information\n=2";

test.each<[string, string]>([
  ['--retry abc', `curl: option --retry: expected a proper numerical parameter\n${HINT}`],
  ['-m abc', `curl: option -m: expected a proper numerical parameter\n${HINT}`],
  ['--retry', `curl: option --retry: requires parameter\n${HINT}`],
  ['-o', `curl: option -o: requires parameter\n${HINT}`],
  ['--retr 1', `curl: option --retr: is ambiguous\n${HINT}`],
  ['--nonsense', `curl: option --nonsense: is unknown\n${HINT}`],
  ['--compressed', "curl: option --compressed: real curl has it, the twin's curl does not\n=2"],
  ['-su me', "curl: option -u: real curl has it, the twin's curl does not\n=2"],
  ['-s --no-silent --sil', 'hallo=0'],
])('curl %s', (options, expected) => {
  const isLast = /(retry|-o)$/.test(options);
  expect(curl(`curl ${isLast ? '' : 'http://10.0.0.2/ '}${options}`)).toBe(expected);
});

test.each<[string, string]>([
  ['unreachable', 'No route to host'],
  ['prohibit', 'Permission denied'],
  ['blackhole', 'Invalid argument'],
])('a route of type %s, as curl and ping told of it on Linux', (type, words) => {
  const add = `ip route add ${type} 10.8.0.0/24`;
  expect(curl(`${add}; curl -sSv http://10.8.0.1/`)).toContain(
    `* Immediate connect fail for 10.8.0.1: ${words}\n* Failed to connect to 10.8.0.1 port 80`,
  );
  const said =
    type === 'prohibit'
      ? 'Do you want to ping broadcast? Then -b. If not, check your local firewall rules'
      : `connect: ${words}`;
  expect(curl(`${add}; ping -c1 10.8.0.1`)).toBe(`ping: ${said}\n=2`);
});

const UNBOUND =
  '* Failed to connect to 10.0.0.2 port 80 after 0 ms: Failed binding local connection end\n' +
  '* Closing connection 0\ncurl: (45) ';

test.each<[string, string]>([
  [
    '10.7.7.7',
    "* Name '10.7.7.7' family 2 resolved to '10.7.7.7' family 2\n" +
      '* bind failed with errno 99: Cannot assign requested address\n' +
      `${UNBOUND}bind failed with errno 99: Cannot assign requested address\n=45`,
  ],
  [
    'nocard',
    "* Could not resolve host: nocard\n* Couldn't bind to 'nocard'\n" +
      `${UNBOUND}Couldn't bind to 'nocard'\n=45`,
  ],
])('curl --interface %s', (place, expected) => {
  const line = `curl -sSv --interface ${place} http://10.0.0.2/`;
  expect(curl(line)).toBe(`*   Trying 10.0.0.2:80...\n${expected}`);
});
