/** Keywords of the checkers: what they send, what they take for good, and when. */

import { describe, expect, it } from 'vitest';
import { Director, type ServerBehaviour, s } from './director.ts';

/** One real server 10.10.0.11:80 with one checker, first check after exactly 1 s, then every 3 s. */
function run(checker: string, behaviour: ServerBehaviour, until = 2): Director {
  const director = new Director();
  director.servers.set('10.10.0.11', behaviour);
  director.start(`global_defs {
  script_user root
  enable_script_security
}
virtual_server 10.10.0.100 80 {
  lb_algo rr
  lb_kind DR
  protocol TCP
  delay_loop 3
  warmup 0
  real_server 10.10.0.11 80 {
    ${checker}
  }
}
`);
  director.run(s(until));
  return director;
}

const OPEN: ServerBehaviour = { port: 'open' };
const isUp = (director: Director) => director.daemon.status().services?.[0]?.servers[0]?.alive;
const page = (status: number, body = ''): ServerBehaviour => ({
  port: 'open',
  answer: () => `HTTP/1.0 ${status} X\r\n\r\n${body}`,
});
const url = (lines: string) => `HTTP_GET {\n url {\n path /a\n ${lines}\n }\n }`;

describe('common keywords', () => {
  // proves: keyword:virtual_server/real_server/TCP_CHECK keyword:virtual_server/real_server/TCP_CHECK/connect_ip keyword:virtual_server/real_server/TCP_CHECK/connect_port
  it('connect_ip and connect_port say where', () => {
    const checker = 'TCP_CHECK {\n connect_ip 10.10.0.77\n connect_port 8080\n }';
    expect(run(checker, OPEN).opened).toEqual([
      { at: s(1), to: '10.10.0.77:8080', protocol: 'tcp' },
    ]);
  });

  // proves: keyword:virtual_server/real_server/TCP_CHECK/bindto keyword:virtual_server/real_server/TCP_CHECK/bind_port keyword:virtual_server/real_server/TCP_CHECK/bind_if keyword:virtual_server/real_server/TCP_CHECK/fwmark
  it('bindto, bind_port, bind_if and fwmark say from where', () => {
    const checker =
      'TCP_CHECK {\n bindto 10.10.0.251\n bind_port 999\n bind_if eth0\n fwmark 5\n }';
    const command = run(checker, OPEN).commands.find((one) => one.command.kind === 'stream-open');
    expect(command?.command).toMatchObject({ from: { port: 999 }, interface: 'eth0', mark: 5 });
  });

  it('UDP_CHECK leaves by the same way', () => {
    const checker = 'UDP_CHECK {\n bind_port 999\n bind_if eth0\n fwmark 5\n }';
    const command = run(checker, OPEN).commands.find((one) => one.command.kind === 'datagram-open');
    expect(command?.command).toMatchObject({ local: { port: 999 }, interface: 'eth0', mark: 5 });
  });

  // proves: keyword:virtual_server/real_server/TCP_CHECK/log_all_failures keyword:global_defs/checker_log_all_failures
  it('log_all_failures names every failure', () => {
    const failures = (more: string) => {
      const director = run(`TCP_CHECK {\n retry 3\n ${more}\n }`, OPEN, 2);
      director.servers.set('10.10.0.11', { port: 'closed' });
      director.run(s(10));
      return director
        .lines()
        .filter((text) => text === 'TCP connection to [10.10.0.11]:tcp:80 failed.');
    };
    expect(failures('').length).toBe(0);
    expect(failures('log_all_failures').length).toBe(4);
  });
});

describe('HTTP_GET', () => {
  // proves: keyword:virtual_server/real_server/HTTP_GET keyword:virtual_server/real_server/HTTP_GET/url keyword:virtual_server/real_server/HTTP_GET/url/path
  it('asks for the path, byte for byte', () => {
    expect(run(url(''), OPEN).requests[0]?.text).toBe(
      'GET /a HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: 10.10.0.11:80\r\n\r\n',
    );
  });

  // proves: keyword:virtual_server/real_server/HTTP_GET/http_protocol keyword:virtual_server/real_server/HTTP_GET/virtualhost keyword:virtual_server/real_server/HTTP_GET/url/virtualhost
  it('http_protocol and virtualhost change the request', () => {
    const checker =
      'HTTP_GET {\n http_protocol 1.1\n virtualhost a.example\n url {\n path /\n }\n }';
    expect(run(checker, OPEN).requests[0]?.text).toBe(
      'GET / HTTP/1.1\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\nHost: a.example\r\n\r\n',
    );
    expect(run(url('virtualhost b.example'), OPEN).requests[0]?.text).toContain('Host: b.example');
  });

  // proves: keyword:virtual_server/real_server/HTTP_GET/url/status_code
  it('status_code lists what is good; 200 to 299 without it', () => {
    expect(isUp(run(url(''), page(204)))).toBe(true);
    expect(isUp(run(url(''), page(301)))).toBe(false);
    expect(isUp(run(url('status_code 200 300-310'), page(301)))).toBe(true);
    expect(isUp(run(url('status_code 200'), page(204)))).toBe(false);
  });

  // proves: keyword:virtual_server/real_server/HTTP_GET/url/digest
  it('digest is the MD5 of the body', () => {
    const digest = 'digest 5d41402abc4b2a76b9719d911017c592';
    expect(isUp(run(url(digest), page(200, 'hello')))).toBe(true);
    expect(isUp(run(url(digest), page(200, 'hullo')))).toBe(false);
  });

  // proves: keyword:virtual_server/real_server/HTTP_GET/url/regex keyword:virtual_server/real_server/HTTP_GET/url/regex_no_match keyword:virtual_server/real_server/HTTP_GET/url/regex_options keyword:virtual_server/real_server/SSL_GET/url/regex keyword:virtual_server/real_server/SSL_GET/url/regex_no_match keyword:virtual_server/real_server/SSL_GET/url/regex_options
  it('regex looks into the body', () => {
    expect(isUp(run(url('regex "sta(te|tus): (ok|fine)"'), page(200, 'status: fine')))).toBe(true);
    expect(isUp(run(url('regex "status: ok"'), page(200, 'status: bad')))).toBe(false);
    // Greedy, it looks behind the end of the answer and waits for more; PCRE2's partial matching.
    const dotall = (pattern: string) => url(`regex "${pattern}" \n regex_options dotall`);
    expect(isUp(run(dotall('^HTTP/1.*fine'), page(200, 'fine')))).toBe(false);
    expect(isUp(run(dotall('^HTTP/1.*?fine'), page(200, 'fine')))).toBe(true);
    expect(isUp(run(url('regex "^fine"'), page(200, 'fine')))).toBe(false);
    expect(isUp(run(url('regex "fine$"'), page(200, 'fine\n')))).toBe(false);
    const not = 'regex "error"\n regex_no_match';
    expect(isUp(run(url(not), page(200, 'all well')))).toBe(true);
    expect(isUp(run(url(not), page(200, 'an error')))).toBe(false);
  });

  // proves: keyword:virtual_server/real_server/HTTP_GET/fast_recovery
  it('fast_recovery: the urls of the first round follow each other at once', () => {
    const urls = 'url {\n path /1\n }\n url {\n path /2\n }';
    const count = (more: string) => run(`HTTP_GET {\n ${more}\n ${urls}\n }`, OPEN).requests.length;
    expect(count('')).toBe(1);
    expect(count('fast_recovery')).toBe(2);
  });

  // proves: keyword:virtual_server/real_server/SSL_GET
  it('SSL_GET asks over TLS', () => {
    const checker = 'SSL_GET {\n enable_sni\n virtualhost a.example\n url {\n path /\n }\n }';
    const open = run(checker, OPEN).commands.find((one) => one.command.kind === 'stream-open');
    expect(open?.command).toMatchObject({ tls: { serverName: 'a.example' } });
  });
});

describe('other checkers', () => {
  // proves: keyword:virtual_server/real_server/SMTP_CHECK keyword:virtual_server/real_server/SMTP_CHECK/helo_name
  it('SMTP_CHECK greets, asks nothing and leaves', () => {
    const answer = (text: string) => (text.startsWith('HELO') ? '250 hi\r\n' : '221 bye\r\n');
    const checker = 'SMTP_CHECK {\n helo_name me.example\n retry 1\n delay_before_retry 1\n }';
    const good = run(checker, { port: 'open', banner: '220 mail\r\n', answer });
    expect(good.requests.map((one) => one.text)).toEqual(['HELO me.example\r\n', 'QUIT\r\n']);
    expect(good.lines()).toContain('Remote SMTP server [10.10.0.11]:tcp:80 succeed on service.');
    const bad = run(checker, { port: 'open', banner: '554 no\r\n', answer }, 3);
    expect(bad.lines().join()).toContain('Bad greeting banner from server [10.10.0.11]:80');
    expect(isUp(bad)).toBe(false);
  });

  // proves: keyword:virtual_server/real_server/DNS_CHECK keyword:virtual_server/real_server/DNS_CHECK/type keyword:virtual_server/real_server/DNS_CHECK/name
  it('DNS_CHECK asks for type and name; an error code is a failure', () => {
    const datagram = (code: number) => (query: Uint8Array) => {
      const reply = new Uint8Array(query);
      reply[2] = 0x81;
      reply[3] = code;
      return reply;
    };
    const checker = 'DNS_CHECK {\n type MX\n name www.example\n }';
    const good = run(checker, { port: 'open', datagram: datagram(0) });
    expect(good.requests[0]?.text.slice(12)).toBe('\x03www\x07example\0\0\x0f\0\x01');
    expect(isUp(good)).toBe(true);
    const bad = run(checker, { port: 'open', datagram: datagram(3) });
    expect(bad.lines().join()).toContain('read error occurred. (rcode = 3)');
    expect(isUp(bad)).toBe(false);
  });

  // proves: keyword:virtual_server/real_server/UDP_CHECK keyword:virtual_server/real_server/UDP_CHECK/payload keyword:virtual_server/real_server/UDP_CHECK/require_reply keyword:virtual_server/real_server/UDP_CHECK/min_reply_length keyword:virtual_server/real_server/UDP_CHECK/max_reply_length
  it('UDP_CHECK: payload, reply with wildcards, its length', () => {
    const reply = (hex: string) => {
      const datagram = () => Uint8Array.from(hex.match(/../g) ?? [], (two) => Number(`0x${two}`));
      return { port: 'open', datagram } as const;
    };
    const checker = (more: string) => `UDP_CHECK {\n payload 0102\n ${more}\n }`;
    expect(run(checker(''), OPEN).requests[0]?.text).toBe('\x01\x02');
    expect(isUp(run(checker('require_reply ABxD'), reply('abcd')))).toBe(true);
    expect(isUp(run(checker('require_reply ABxD'), reply('abce')))).toBe(false);
    const long = 'require_reply AB\n min_reply_length 2\n max_reply_length 3';
    expect(isUp(run(checker(long), reply('ab')))).toBe(false);
    expect(isUp(run(checker(long), reply('abab')))).toBe(true);
    expect(isUp(run(checker(long), reply('abababab')))).toBe(false);
  });

  // proves: keyword:virtual_server/real_server/PING_CHECK
  it('PING_CHECK wants an echo', () => {
    expect(run('PING_CHECK {\n }', OPEN).lines()).toContain(
      'ICMP connection to [10.10.0.11]:tcp:80 success.',
    );
    expect(isUp(run('PING_CHECK {\n connect_timeout 2\n }', { port: 'gone' }, 4))).toBe(false);
  });

  // proves: keyword:virtual_server/real_server/MISC_CHECK keyword:virtual_server/real_server/MISC_CHECK/misc_path keyword:virtual_server/real_server/MISC_CHECK/misc_timeout
  it('MISC_CHECK runs its script, and ends one that takes too long', () => {
    const director = new Director();
    director.scripts.set('/bin/chk', { exit: undefined, after: 0 });
    const checker = 'MISC_CHECK {\n misc_path "/bin/chk a"\n misc_timeout 2\n warmup 0\n }';
    director.start(`virtual_server 10.10.0.100 80 {
  lb_algo rr
  lb_kind DR
  protocol TCP
  real_server 10.10.0.11 80 {
   ${checker}
  }
}`);
    director.run(s(4));
    const runs = director.commands.filter((one) => one.command.kind.startsWith('script'));
    expect(runs.map((one) => [one.at, one.command.kind])).toEqual([
      [s(1), 'script-run'],
      [s(3), 'script-signal'],
    ]);
    expect(director.lines().join()).toContain('by [/bin/chk] timed out with retry disabled.');
    expect(isUp(director)).toBe(false);
  });
});

describe('checkers that are told', () => {
  /** The director of `run`, with more blocks before its service. */
  function told(blocks: string, checker: string, file?: string): Director {
    const director = new Director();
    if (file !== undefined) director.files.set('/f', new TextEncoder().encode(file));
    director.start(`${blocks}
virtual_server 10.10.0.100 80 {
  lb_algo rr
  lb_kind DR
  protocol TCP
  real_server 10.10.0.11 80 {
    weight 10
    ${checker}
  }
}
`);
    return director;
  }
  const server = (director: Director) => director.daemon.status().services?.[0]?.servers[0];

  // proves: keyword:virtual_server/real_server/BFD_CHECK keyword:virtual_server/real_server/BFD_CHECK/name
  it('BFD_CHECK: the server is good while its session is up', () => {
    const session = 'bfd_instance peer {\n neighbor_ip 10.10.0.11\n source_ip 10.10.0.251\n }';
    const director = told(session, 'BFD_CHECK {\n name peer\n }');
    expect(server(director)?.alive).toBe(false);
    director.bfd('peer', true);
    expect(server(director)).toMatchObject({ alive: true, inPool: true });
    director.bfd('peer', false);
    expect(server(director)?.alive).toBe(false);
    expect(director.lines()).toContain('BFD check of [peer] RS([10.10.0.11]:tcp:80) is UP');
    expect(director.ipvs().at(-1)).toContain('-d');
  });

  // proves: keyword:virtual_server/real_server/FILE_CHECK keyword:virtual_server/real_server/FILE_CHECK/track_file keyword:virtual_server/real_server/FILE_CHECK/weight
  it('FILE_CHECK: the number in the file times weight is added, with weight 0 it is a failure', () => {
    const track = 'track_file f {\n file /f\n }';
    const weighed = told(track, 'FILE_CHECK {\n track_file f\n weight 2\n }', '3');
    expect(server(weighed)).toMatchObject({ alive: true, weight: 16 });
    weighed.writeFile('/f', '-1');
    expect(server(weighed)).toMatchObject({ alive: true, weight: 8 });
    const down = told(track, 'FILE_CHECK {\n track_file f\n weight 0\n }', '1');
    expect(server(down)?.alive).toBe(false);
    down.writeFile('/f', '0');
    expect(server(down)?.alive).toBe(true);
  });
});
