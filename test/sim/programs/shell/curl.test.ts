/** curl -v, several URLs and --write-out, beside what curl 7.88.1 printed on a real host. */

import { expect, test } from 'vitest';
import { runScenario } from '../../../../sim/scenario/run.ts';
import { loadText } from '../../scenario/load-text.ts';

interface Printed {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** What a line prints on a host beside a web server, both streams as they come. */
function curl(line: string): string {
  const { scenario, problems } = loadText(`
jitter: none
lan:
  switches: { sw1: {} }
  hosts:
    web: { nics: { eth0: 10.0.0.2/24 }, programs: [{ nginx: { body: hallo } }, { http: { name: slow, port: 82, hang: true } }] }
    client: { nics: { eth0: 10.0.0.1/24 } }
  cables: [[web:eth0, sw1:1], [client:eth0, sw1:2]]
steps: [{ at: 1s, do: { exec: { host: client, command: ${JSON.stringify(line)} } } }]
until: 10s
`);
  if (scenario === undefined) throw new Error(problems.map((one) => one.message).join('; '));
  const run = runScenario(scenario).log.find((event) => event.kind === 'exec');
  if (run?.kind !== 'exec') throw new Error('no exec');
  const { stdout, stderr, exitCode } = run as unknown as Printed;
  return `${stderr}${stdout}=${exitCode}`;
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
