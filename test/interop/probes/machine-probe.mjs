// The machine of a real host without a daemon: commands come in as JSON lines on stdin, events leave as JSON
// lines on stdout. Bytes are written {"hex": "…"}, addresses {"ip": "…"}.
import { createInterface } from 'node:readline';
import { loadLibc } from '../../../dist/daemon/linux/native/libc.js';
import { RunLoop } from '../../../dist/daemon/linux/run-loop.js';
import { formatIp, parseIp } from '../../../dist/daemon/wire/ip-address.js';

const driver = process.argv[2] === 'koffi' ? 'koffi' : undefined;
const print = (value) => process.stdout.write(`${JSON.stringify(value, replace)}\n`);

function replace(key, value) {
  if (key === 'address' && (typeof value === 'number' || typeof value === 'bigint')) {
    return formatIp(value);
  }
  if (value instanceof Uint8Array || value?.type === 'Buffer') {
    return Buffer.from(value.data ?? value).toString('hex');
  }
  return typeof value === 'bigint' ? String(value) : value;
}

function revive(_key, value) {
  if (typeof value?.hex === 'string') return Uint8Array.from(Buffer.from(value.hex, 'hex'));
  if (typeof value?.ip === 'string') return parseIp(value.ip);
  return value;
}

const loop = new RunLoop({ libc: loadLibc(), log: print, ...(driver && { driver }) });
let deadline;
let deadlineAsked = 0;
loop.run(
  {
    receive: (now, event) => {
      print({ now, event });
      return [];
    },
    advance: (now) => {
      print({ late: now - deadline, asked: deadlineAsked });
      deadline = undefined;
      return [];
    },
    nextDeadline: () => deadline,
  },
  () => [],
);
print({ ready: true, driver: loop.driver, interfaces: loop.system.interfaces() });

createInterface({ input: process.stdin }).on('line', (line) => {
  const message = JSON.parse(line, revive);
  if (message.submit) loop.call(() => message.submit);
  if (message.wake) {
    loop.call((now) => {
      deadlineAsked = message.wake;
      deadline = now + message.wake;
      return [];
    });
  }
});
process.exitCode = await loop.ended;
process.stdin.destroy();
print({ ended: true });
