/** Opening and closing: what is on the wire, what the programs hear. */

import { describe, expect, test } from 'vitest';
import { bytes, connect, exchange, pair, segmentsOf, serve } from './tcp-lan.ts';

describe('a conversation', () => {
  test('handshake, request, answer and both FINs are the segments of recorded Linux hosts', () => {
    const { lan, a, b } = pair();
    serve(b, 80, (own) => ({
      onData() {
        own.socket.send(bytes('HTTP/1.0 200 OK\r\n\r\nhello'));
        own.socket.close();
      },
    }));
    const client = connect(a, '10.0.0.2', 80, {
      react: {
        onConnected: () => client.socket.send(bytes('GET / HTTP/1.0\r\n\r\n')),
        onClosed: () => client.socket.close(),
      },
    });
    lan.runTo(1);
    expect(client.text).toBe('HTTP/1.0 200 OK\r\n\r\nhello');
    expect(client.events).toEqual(['connected', 'closed']);
    expect(exchange(lan)).toEqual([
      'a S',
      'b S.',
      'a .',
      'a P. 18',
      'b .',
      'b P. 24',
      'b F.',
      'a .',
      'a F.',
      'b .',
    ]);
    expect(a.tcpSockets()).toEqual([]);
    expect(b.tcpSockets().map((row) => row.state)).toEqual(['LISTEN', 'TIME_WAIT']);
    lan.runTo(59);
    expect(b.tcpSockets()).toHaveLength(2);
    lan.runTo(66);
    expect(b.tcpSockets()).toHaveLength(1);
  });

  test('SYN and SYN-ACK carry options, windows and identifications as Linux sends them', () => {
    const { lan, a, b } = pair();
    serve(b, 80);
    connect(a, '10.0.0.2', 80);
    lan.runTo(1);
    const [syn, synAck, ack] = segmentsOf(lan).map(({ segment }) => segment);
    expect(syn?.options.map((option) => option.kind)).toEqual([
      'maximum-segment-size',
      'sack-permitted',
      'timestamps',
      'no-operation',
      'window-scale',
    ]);
    expect(syn?.window).toBe(64_240);
    expect(syn?.options[0]).toEqual({ kind: 'maximum-segment-size', sizeBytes: 1460 });
    expect(syn?.options[4]).toEqual({ kind: 'window-scale', shift: 7 });
    expect(synAck?.window).toBe(65_160);
    expect(synAck?.acknowledgement).toBe(((syn?.sequence ?? 0) + 1) >>> 0);
    expect(ack?.window).toBe(502);
    const frames = lan.frames.filter(({ frame }) => frame[23] === 6).map(({ frame }) => frame);
    const id = (frame: Uint8Array | undefined) => ((frame?.[18] ?? 0) << 8) | (frame?.[19] ?? 0);
    expect(id(frames[1])).toBe(0);
    expect(id(frames[2])).toBe((id(frames[0]) % 0xffff) + 1);
  });
});
