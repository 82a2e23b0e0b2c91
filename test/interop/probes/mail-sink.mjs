// A mail server that takes everything and prints it: what was said to it line by line, one JSON string a line.
import { createServer } from 'node:net';

createServer((socket) => {
  let data = false;
  let rest = '';
  socket.on('error', () => {});
  socket.write('220 mail.example.test ESMTP\r\n');
  socket.on('data', (bytes) => {
    const lines = (rest + bytes).split('\r\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      process.stdout.write(`${JSON.stringify(line)}\n`);
      if (data && line !== '.') continue;
      if (line === '.') data = false;
      if (/^DATA$/i.test(line)) {
        data = true;
        socket.write('354 go on\r\n');
      } else if (/^QUIT$/i.test(line)) {
        socket.end('221 bye\r\n');
      } else {
        socket.write('250 fine\r\n');
      }
    }
  });
}).listen(25, () => process.stdout.write('"listens"\n'));
