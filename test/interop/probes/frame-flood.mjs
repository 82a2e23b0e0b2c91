// Sends garbage, cut-off and bent frames out of an interface as fast as it can, until the interface has taken that many:
// `frame-flood.mjs INTERFACE COUNT SEED`. What a full queue drops is not counted.
import { readFileSync } from 'node:fs';

const [name, count, seed] = process.argv.slice(2);
const dist = new URL('../../../dist/', import.meta.url);
const { loadLinkCalls } = await import(new URL('sim/bridge/link-calls.js', dist).href);
const { openPacketPort } = await import(new URL('sim/bridge/packet-port.js', dist).href);

let state = Number(seed) >>> 0;
const random = (below) => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 0x1_0000_0000) * below);
};

const hex = (text) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const head = (to, type) => `${to} 020000000066 ${type}`;
const ip = (length, protocol, to) =>
  `45c0 ${length.toString(16).padStart(4, '0')} 0001 0000 ff ${protocol} 0000 0a4d0002 ${to}`;
// An advert, ARP, neighbour advertisement, TCP SYN, ping and IGMP report, each in a form that bends well.
const templates = [
  `${head('01005e000012', '0800')} ${ip(40, '70', 'e0000012')} 2133ff0100010000 0a4d0064 0000000000000000`,
  `${head('01005e000012', '0800')} ${ip(64, '33', 'e0000012')} 7004 0000 0a4d0002 00000001 ${'00'.repeat(12)} 2133ff0102010000 0a4d0064`,
  `${head('ffffffffffff', '0806')} 0001 0800 0604 0002 020000000066 0a4d0063 ffffffffffff 0a4d0063`,
  `${head('333300000001', '86dd')} 60000000 0020 3a ff fe80${'00'.repeat(13)}66 ff02${'00'.repeat(13)}01 8800 0000 20000000 fe80${'00'.repeat(13)}99 0201 020000000066`,
  `${head('020000000101', '0800')} ${ip(40, '06', '0a4d0001')} 9c400050 00000001 00000000 5002ffff 00000000`,
  `${head('020000000101', '0800')} ${ip(28, '01', '0a4d0001')} 0800 0000 0001 0001`,
  `${head('01005e000016', '0800')} ${ip(36, '02', 'e0000016')} 2200 0000 0000 0001 04000000 e0000012`,
  `${head('020000000101', '8100')} 0064 0800 ${ip(28, '11', '0a4d0001')} 0035 0035 0008 0000`,
].map(hex);

function nextFrame() {
  const kind = random(10);
  if (kind < 3) {
    const frame = new Uint8Array(14 + random(1500));
    for (let i = 0; i < frame.length; i += 4) frame.fill(random(256), i, i + 4);
    // Half of them at least reach a protocol.
    if (random(2) === 0) frame.set([8, random(2) * 6], 12);
    return frame;
  }
  const template = templates[random(templates.length)];
  if (kind < 6) return template.slice(0, 14 + random(template.length - 13));
  const frame = template.slice();
  for (let flips = 1 + random(4); flips > 0; flips--) frame[random(frame.length)] ^= 1 << random(8);
  return frame;
}

const port = openPacketPort(loadLinkCalls(), name);
const taken = () => Number(readFileSync(`/sys/class/net/${name}/statistics/tx_packets`, 'utf8'));
const start = taken();
let sent = 0;
let seen = start;
const begin = performance.now();
while (taken() - start < Number(count)) {
  for (let i = 0; i < 500; i++) port.send(nextFrame());
  sent += 500;
  // Nobody reads what is in flight here. A queue that stays full is given time: who empties it may want this processor.
  if (sent % 5000 === 0) await new Promise((done) => setImmediate(done));
  const now = taken();
  if (now - seen < 250) await new Promise((done) => setTimeout(done, 1));
  seen = now;
}
const seconds = (performance.now() - begin) / 1000;
console.log(JSON.stringify({ taken: taken() - start, sent, seconds }));
port.close();
