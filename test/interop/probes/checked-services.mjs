// Servers for checkers, good ones and bad ones: SMTP on 25 (accepts) and 26 (refuses), DNS on 53 (answers) and 54
// (refuses), UDP echo on 5000, TCP on 8080, HTTP on 8081 (200) and 8082 (500).
import { createSocket } from 'node:dgram';
import { createServer as createHttp } from 'node:http';
import { createServer } from 'node:net';

function smtp(greeting) {
  return createServer((socket) => {
    socket.on('error', () => {});
    socket.write(`${greeting}\r\n`);
    socket.on('data', (line) => {
      if (/^QUIT/i.test(line)) socket.end('221 bye\r\n');
      else socket.write('250 fine\r\n');
    });
  });
}

function dns(code) {
  const socket = createSocket('udp4');
  socket.on('message', (question, from) => {
    const answer = Buffer.from(question);
    answer[2] |= 0x80;
    answer[3] = 0x80 | code;
    socket.send(answer, from.port, from.address);
  });
  return socket;
}

const http = (status) =>
  createHttp((_request, response) => {
    response.writeHead(status, { 'Content-Type': 'text/plain' });
    response.end('hello\n');
  });

const echo = createSocket('udp4');
echo.on('message', (bytes, from) => echo.send(bytes, from.port, from.address));

const listening = [
  [smtp('220 mail.example.test ESMTP'), 25],
  [smtp('554 go away'), 26],
  [createServer((socket) => socket.on('error', () => {}).end()), 8080],
  [http(200), 8081],
  [http(500), 8082],
].map(([server, port]) => new Promise((resolve) => server.listen(port, resolve)));
for (const [socket, port] of [
  [dns(0), 53],
  [dns(5), 54],
  [echo, 5000],
]) {
  listening.push(new Promise((resolve) => socket.bind(port, resolve)));
}
await Promise.all(listening);
process.stdout.write('all listen\n');
