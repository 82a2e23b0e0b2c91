import { describe, expect, test } from 'vitest';
import { type IpAddress, parseIp } from '../../../daemon/wire/ip-address.ts';
import { EchoConversation, echoRequest } from '../../../sim/scenario/traffic/echo-packet.ts';

function ip(text: string): IpAddress {
  const address = parseIp(text);
  if (address === undefined) throw new Error(text);
  return address;
}

describe('requests of one conversation have the bytes of requests made one by one', () => {
  test.each([
    ['10.0.0.1', '10.0.0.200', 56],
    ['255.255.255.255', '255.255.255.255', 1],
    ['fe80::1', 'fe80::2', 57],
    ['::', '::', 0],
  ])('%s to %s, %i bytes', (from, to, size) => {
    for (const identifier of [0, 0xe000, 0xffff]) {
      const ends = { source: ip(from), destination: ip(to), size };
      const conversation = new EchoConversation({ ...ends, identifier });
      for (let sequence = 0; sequence <= 0xffff; sequence += sequence < 300 ? 1 : 97) {
        const made = echoRequest({ ...ends, echo: { identifier, sequence } });
        if (Buffer.compare(conversation.request(sequence), made) !== 0) {
          expect(conversation.request(sequence), `number ${sequence}`).toEqual(made);
        }
      }
      expect(conversation.request(0xffff)).toEqual(
        echoRequest({ ...ends, echo: { identifier, sequence: 0xffff } }),
      );
    }
  });
});
