/** Echo, names and mail on virtual machines, and their failures. */

import { describe, expect, test } from 'vitest';
import { formatIp, type IpAddress, parseIp } from '../../../daemon/wire/ip-address.ts';
import { decodeLatin1, decodeUtf8, encodeAscii } from '../../../daemon/wire/text.ts';
import type { HostRunEvent } from '../../../sim/host/host-events.ts';
import {
  decodeDnsAnswer,
  decodeDnsQuery,
  encodeDnsQuery,
  RCODE_NO_NAME,
  TYPE_A,
  TYPE_AAAA,
} from '../../../sim/programs/dns-message.ts';
import { HttpReader } from '../../../sim/programs/http-message.ts';
import { parseHttpUrl } from '../../../sim/programs/http-url.ts';
import { Lab } from '../host/lab.ts';

const SERVER = parseIp('10.0.0.1') as IpAddress;

function stand(kind: string, options: Record<string, unknown> = {}): Lab {
  return new Lab([
    {
      name: 'server',
      addresses: ['10.0.0.1/24'],
      more: { programs: [{ kind, name: kind, options }] },
    },
    { name: 'client', addresses: ['10.0.0.9/24'] },
  ]);
}

/** Sends lines, each after the answer to the one before; returns everything that was answered. */
function talk(lab: Lab, port: number, lines: readonly string[]): string {
  let text = '';
  const left = [...lines];
  const socket = lab.host('client').kernel?.connectTcp({
    address: SERVER,
    port,
    handlers: {
      onData(bytes) {
        text += decodeLatin1(bytes);
        const line = left.shift();
        if (line !== undefined && typeof socket === 'object') socket.send(encodeAscii(line));
      },
    },
  });
  lab.run(1);
  return text;
}

describe('echo', () => {
  test('TCP: bytes come back, until the process is killed', () => {
    const lab = stand('tcp-echo');
    let text = '';
    const events: string[] = [];
    const socket = lab.host('client').kernel?.connectTcp({
      address: SERVER,
      port: 7,
      handlers: {
        onConnected: () => typeof socket === 'object' && void socket.send(encodeAscii('hello')),
        onData: (bytes) => {
          text += decodeLatin1(bytes);
        },
        onClosed: () => events.push('closed'),
      },
    });
    lab.run(1);
    expect(text).toBe('hello');
    lab.host('server').signal('tcp-echo', 'KILL');
    lab.run(1);
    expect(events).toEqual(['closed']);
  });
});

describe('names', () => {
  function ask(lab: Lab, name: string, type: number) {
    let answer: ReturnType<typeof decodeDnsAnswer>;
    const socket = lab.host('client').kernel?.openUdp({
      family: 'inet',
      onDatagram: ({ payload }) => {
        answer = decodeDnsAnswer(payload);
      },
    });
    if (typeof socket !== 'object') throw new Error('no socket');
    socket.send(encodeDnsQuery({ id: 7, name, type }), SERVER, 53);
    lab.run(1);
    return answer;
  }

  test('A and AAAA records, unknown names, names of the host', () => {
    const records = { 'www.example.com': ['10.0.0.5', '10.0.0.6', '2001:db8::5'] };
    const lab = stand('dns', { records });
    const texts = (type: number) =>
      ask(lab, 'WWW.example.com', type)?.addresses.map((each) => formatIp(each));
    expect(texts(TYPE_A)).toEqual(['10.0.0.5', '10.0.0.6']);
    expect(texts(TYPE_AAAA)).toEqual(['2001:db8::5']);
    expect(ask(lab, 'nowhere.example.com', TYPE_A)).toMatchObject({
      id: 7,
      code: RCODE_NO_NAME,
      addresses: [],
    });
    expect(ask(lab, 'localhost', TYPE_A)?.addresses.map(formatIp)).toEqual(['127.0.0.1']);
  });

  test('random bytes are no query and never throw', () => {
    for (let length = 0; length < 40; length++) {
      const bytes = Uint8Array.from({ length }, (_x, i) => (i * 37 + length * 11) & 0xff);
      decodeDnsQuery(bytes);
      decodeDnsAnswer(bytes);
    }
    expect(decodeDnsQuery(new Uint8Array(12))).toBeUndefined();
  });
});

describe('mail', () => {
  const LINES = [
    'EHLO client\r\n',
    'MAIL FROM:<a@lan>\r\n',
    'RCPT TO:<b@lan>\r\n',
    'DATA\r\n',
    'Subject: VIP moved\r\n\r\nfirst\r\n..dot\r\n.\r\n',
    'QUIT\r\n',
  ];

  test('is kept as a file and told as an event', () => {
    const lab = stand('smtp');
    const answers = talk(lab, 25, LINES);
    const codes = answers.split('\r\n').map((line) => line.slice(0, 3));
    expect(codes).toEqual(['220', '250', '250', '250', '354', '250', '221', '']);
    const file = lab.host('server').readFile('/var/mail/1');
    expect(decodeUtf8(file ?? new Uint8Array(0))).toBe(
      'Return-Path: <a@lan>\nX-Original-To: b@lan\nSubject: VIP moved\n\nfirst\n.dot\n',
    );
    const mails = (lab.engine.log.events as unknown as readonly HostRunEvent[]).filter(
      (event) => event.kind === 'mail',
    );
    expect(mails).toMatchObject([
      { node: 'server', from: 'a@lan', to: ['b@lan'], subject: 'VIP moved', path: '/var/mail/1' },
    ]);
  });

  test('recipients may be refused, and commands come in the right order only', () => {
    expect(talk(stand('smtp', { refuse: true }), 25, LINES)).toMatch(/\r\n554 .*\r\n503 /);
    expect(talk(stand('smtp'), 25, ['RCPT TO:<b@lan>\r\n', 'FROB\r\n'])).toMatch(
      /\r\n503 .*\r\n502 /,
    );
  });
});

describe('HTTP messages', () => {
  const parts = (text: string) => {
    const reader = new HttpReader('response');
    const messages = [...encodeAscii(text)].flatMap((byte) => reader.push(Uint8Array.of(byte)));
    return { reader, bodies: messages.map(({ body }) => decodeLatin1(body)) };
  };

  test.each<[string, string, string[]]>([
    ['by length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', ['hello']],
    [
      'in chunks',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n',
      ['hello'],
    ],
    [
      'two in one stream',
      'HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 304 Not Modified\r\n\r\n',
      ['', ''],
    ],
    ['bare newlines', 'HTTP/1.0 200 OK\nContent-Length: 1\n\nx', ['x']],
  ])('a body %s, one byte at a time', (_name, text, bodies) => {
    expect(parts(text).bodies).toEqual(bodies);
  });

  test('a body without a length lasts until the end of the connection', () => {
    const { reader, bodies } = parts('HTTP/1.0 200 OK\r\n\r\nhello');
    expect(bodies).toEqual([]);
    expect(decodeLatin1(reader.end()?.body ?? new Uint8Array(0))).toBe('hello');
  });

  test('what is no HTTP is told as a fault', () => {
    expect(parts('SSH-2.0-OpenSSH\r\n\r\n').reader.fault).toBe('bad-start-line');
    expect(parts('HTTP/1.1 200 OK\r\nnonsense\r\n\r\n').reader.fault).toBe('bad-header');
    expect(parts('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n').reader.fault).toBe(
      'bad-chunk',
    );
  });

  test.each<[string, unknown]>([
    ['http://10.0.0.1', { host: '10.0.0.1', port: 80, target: '/', authority: '10.0.0.1' }],
    [
      'http://[::1]:8080/a?b#c',
      { host: '::1', port: 8080, target: '/a?b', authority: '[::1]:8080' },
    ],
    ['www.lan/x', { scheme: 'http', host: 'www.lan', target: '/x' }],
    ['https://a/', { scheme: 'https', port: 443 }],
  ])('URL %s', (text, expected) => {
    expect(parseHttpUrl(text)).toMatchObject(expected as object);
  });

  test.each(['http://', 'http://a:0/', 'http://a:70000/', 'http://a b/'])('no URL: %s', (text) => {
    expect(parseHttpUrl(text)).toBeUndefined();
  });
});
