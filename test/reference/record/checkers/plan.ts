/** What a recording of keepalived's checkers is made of, and words to write one with. */

import type { Behaviour, WebServer } from './servers.ts';

/** What an event does; its text stands in the timeline, and the twin reads it from there. */
export interface CheckerEvent {
  readonly at: number;
  readonly text: string;
  readonly serve?: readonly (readonly [server: string, port: number, behaviour: Behaviour])[];
  readonly cable?: readonly [machine: string, isIn: boolean];
  readonly file?: readonly [path: string, text: string];
  /** Programs that run inside machines, one behind the other. */
  readonly run?: readonly (readonly [machine: string, line: string])[];
  /** What is done to a director's daemon. */
  readonly daemon?: readonly [director: number, what: 'SIGTERM' | 'SIGKILL' | 'start'];
}

/** A recording to be made. */
export interface CheckerPlan {
  readonly id: string;
  readonly title: string;
  /** The machines have addresses of IPv6 too: fd00::11 beside 10.10.0.11. */
  readonly hasIpv6?: true;
  /** keepalived's configuration on rs1, with BFD alone; the director then runs its BFD process as well. */
  readonly peer?: string;
  /** How far off moments may be (s) where the daemons draw theirs. */
  readonly slack?: number;
  /** One configuration a director; a single director runs without VRRP. */
  readonly configs: readonly string[];
  /** The files of SIGHUPs: `SIGHUP, second file`, `SIGHUP, third file`. */
  readonly second?: string;
  readonly third?: string;
  readonly files?: Readonly<Record<string, string>>;
  /** How the servers are before the start, beyond a page at port 80 of each. */
  readonly before?: readonly Omit<CheckerEvent, 'at' | 'text'>[];
  readonly events: readonly CheckerEvent[];
  readonly end: number;
}

/** A configuration: keywords of the service, and the servers with their checkers. */
export function conf(
  service: string,
  servers: readonly (readonly [number, string])[],
  more = '',
): string {
  const lines = servers.map(
    ([octet, text]) => `  real_server 10.10.0.${octet} 80 {\n    weight 1\n    ${text}\n  }\n`,
  );
  return `global_defs {
  router_id TWIN
  script_user root
}
${more}virtual_server 10.10.0.100 80 {
  lb_algo rr
  lb_kind DR
  protocol TCP
  ${service}
${lines.join('')}}
`;
}

export const TCP = 'TCP_CHECK {\n connect_timeout 2\n retry 2\n delay_before_retry 1\n }';
export const http = (url: string, more = 'connect_timeout 2\n retry 2\n delay_before_retry 1') =>
  `HTTP_GET {\n url {\n ${url}\n }\n ${more}\n }`;
export const both = (text: string) => [11, 12].map((octet) => [octet, text] as const);
/** Two directors with priorities 150 and 100 and the service's address between them. */
export function pair(
  service: string,
  checker: string,
  { global = '', length = 24 }: { readonly global?: string; readonly length?: number } = {},
): string[] {
  return [150, 100].map((priority) =>
    conf(
      service,
      both(checker),
      `vrrp_instance VI_1 {
  state BACKUP
  interface eth0
  virtual_router_id 51
  priority ${priority}
  advert_int 1
  virtual_ipaddress {
    10.10.0.100/${length}
  }
}
`,
    ).replace('  script_user root\n', `  script_user root\n${global}`),
  );
}

export const three = (text: string) => [11, 12, 13].map((octet) => [octet, text] as const);

export const closed = (at: number, server: string): CheckerEvent => ({
  at,
  text: `${server}: port closed`,
  serve: [[server, 80, { kind: 'closed' }]],
});
export const open = (at: number, server: string): CheckerEvent => ({
  at,
  text: `${server}: port open`,
  serve: [[server, 80, { kind: 'http', status: 200 }]],
});
export const answers = (at: number, server: string, status: number): CheckerEvent => ({
  at,
  text: `${server} answers ${status}`,
  serve: [[server, 80, { kind: 'http', status }]],
});
export const page = (at: number, server: string, body: string): CheckerEvent => ({
  at,
  text: `${server} answers 200 with ${body}`,
  serve: [[server, 80, { kind: 'http', status: 200, body }]],
});
export const cable = (at: number, server: string, isIn: boolean): CheckerEvent => ({
  at,
  text: `${server}: ${isIn ? '' : 'un'}plugged`,
  cable: [server, isIn],
});
export const script = (at: number, path: string, code: number): CheckerEvent => ({
  at,
  text: `exit code ${code}`,
  file: [path, `#!/bin/sh\nexit ${code}\n`],
});
export const port = (
  at: number,
  text: string,
  ...serve: readonly (readonly [string, number, Behaviour])[]
): CheckerEvent => ({ at, text, serve });

/** A server drops TCP, as a firewall does, or does so no longer. */
export const filtered = (at: number, server: string, isOn: boolean): CheckerEvent => ({
  at,
  text: `${server}: port ${isOn ? 'filtered (DROP)' : 'no longer filtered'}`,
  run: [[server, `iptables-legacy -t mangle -${isOn ? 'A' : 'D'} INPUT -p tcp -j DROP`]],
});
/** A server without its address: nobody answers ARP for it. */
export const addressed = (at: number, server: string, isThere: boolean): CheckerEvent => ({
  at,
  text: `${server}: address ${isThere ? 'back' : 'gone'}`,
  run: [[server, `ip address ${isThere ? 'add' : 'del'} 10.10.0.1${server.slice(2)}/24 dev eth0`]],
});
export const daemon = (
  at: number,
  director: number,
  what: 'SIGTERM' | 'SIGKILL' | 'start',
): CheckerEvent => ({
  at,
  text: `director ${director}: keepalived ${what === 'start' ? 'started again' : what}`,
  daemon: [director, what],
});
export const web = (
  at: number,
  text: string,
  server: string,
  how: Omit<WebServer, 'kind' | 'status'> & { readonly status?: number },
): CheckerEvent => ({
  at,
  text,
  serve: [[server, 80, { kind: 'http', status: 200, ...how }]],
});
export const reload = (
  at: number,
  which: 'second' | 'third' | 'first' | undefined,
): CheckerEvent => ({
  at,
  text: `SIGHUP, ${which === undefined ? 'nothing changed' : `${which} file`}`,
});

export const hello = '5d41402abc4b2a76b9719d911017c592';
