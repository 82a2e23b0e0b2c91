import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connect, fetchPage, join, startTestServer, type TestServer } from './server-kit.ts';

let test: TestServer;
let port: number;

beforeEach(async () => {
  test = await startTestServer();
  port = test.server.port;
});

afterEach(async () => {
  await test.server.close();
  expect(test.errors).toEqual([]);
});

/** The server has taken no harm: somebody else can come in and touch. */
async function isAlive(): Promise<boolean> {
  const client = await join(port, test.tokens.control);
  const done = client.hear('done', (message) => message.re === 99);
  client.send({ type: 'pause', id: 99 });
  await done;
  client.socket.terminate();
  return true;
}

describe('the server refuses', () => {
  it('a page of another site', async () => {
    const { control: token } = test.tokens;
    await expect(connect(port, { token, origin: 'http://evil.example' })).rejects.toThrow('403');
    await expect(connect(port, { token, origin: 'null' })).rejects.toThrow('403');
    expect(await isAlive()).toBe(true);
  });

  it('a missing or wrong token', async () => {
    await expect(connect(port, {})).rejects.toThrow('401');
    await expect(connect(port, { token: 'x'.repeat(32) })).rejects.toThrow('401');
    await expect(connect(port, { token: `${test.tokens.control}x` })).rejects.toThrow('401');
    expect(await isAlive()).toBe(true);
  });

  it('a name that is not its own, as DNS rebinding would make', async () => {
    const { control: token } = test.tokens;
    const host = `rebound.example:${port}`;
    await expect(connect(port, { token, host, origin: `http://${host}` })).rejects.toThrow('403');
    expect(await fetchPage(port, { headers: { host } })).toMatchObject({ status: 403 });
    for (const own of ['localhost', 'a.localhost:1', '127.0.0.1', '[::1]:80', 'twin.example']) {
      expect(await fetchPage(port, { headers: { host: own } })).toMatchObject({ status: 200 });
    }
  });

  it('another path, and every method but GET', async () => {
    const { control: token } = test.tokens;
    await expect(connect(port, { token, path: '/other' })).rejects.toThrow('404');
    expect(await fetchPage(port, { method: 'POST' })).toMatchObject({ status: 405 });
  });

  it('a message of 1 MB', async () => {
    const client = await join(port, test.tokens.control);
    client.send(`{"type":"check-config","host":"srv-1","text":"${'x'.repeat(1_000_000)}"}`);
    expect(await client.ended()).toBe(1009);
    expect(await isAlive()).toBe(true);
  });

  it.each([
    ['{"type":"play"'],
    ['[]'],
    ['null'],
    ['{"type":"seek","at":-1}'],
    ['{"type":"seek","at":1e300}'],
    ['{"type":"play","more":1}'],
    ['{"type":"act","action":"exec","args":{"host":"srv-1","command":"reboot"}}'],
    ['{"type":"open","scenario":"../../etc/passwd"}'],
    ['{"type":"speed","factor":1e9}'],
    [`${'['.repeat(20_000)}`],
    ['{"type":"act","action":"unplug","args":{"__proto__":{"x":1}}}'],
  ])('%.60s, and goes on', async (text) => {
    const client = await join(port, test.tokens.control);
    const problem = client.hear('problem');
    client.send(text);
    expect(['bad-message', 'unknown-name']).toContain((await problem).code);
    const done = client.hear('done');
    client.send({ type: 'pause', id: 1 });
    expect(await done).toEqual({ type: 'done', re: 1 });
  });

  it('binary messages', async () => {
    const client = await join(port, test.tokens.control);
    const problem = client.hear('problem');
    client.socket.send(Buffer.from('{"type":"play"}'));
    expect(await problem).toMatchObject({ code: 'bad-message' });
  });

  it('touching with the token that only looks', async () => {
    const client = await join(port, test.tokens.view);
    const problem = client.hear('problem');
    client.send({ type: 'act', action: 'power-off', args: 'srv-1' });
    expect(await problem).toMatchObject({ code: 'not-allowed' });
  });
});

describe('the server', () => {
  it('serves a page that may load nothing but itself and may not be framed', async () => {
    const page = await fetchPage(port);
    expect(page.headers['content-security-policy']).toContain("default-src 'self'");
    expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(page.headers['content-security-policy']).not.toMatch(/script-src[^;]*unsafe/);
    expect(page.headers['access-control-allow-origin']).toBeUndefined();
    expect(page.body).toContain('npm run build');
    expect(page.body).not.toContain(test.tokens.control);
  });

  it('shows two browsers the same session', async () => {
    const one = await join(port, test.tokens.control);
    const other = await join(port, test.tokens.view);
    const seen = other.hear('nodes', (message) =>
      message.cables.some((cable) => cable.id === 'srv-1:eth1-sw1:1' && !cable.plugged),
    );
    const state = other.hear('state', (message) => message.at === 5_000_001);
    one.send({ type: 'seek', at: 5_000_000 });
    one.send({ type: 'act', action: 'unplug', args: 'srv-1:eth1' });
    expect((await seen).cables).toMatchObject([{ light: 'unplugged' }]);
    expect((await state).branch).toBe(0);
  });

  it('lets time pass while it plays', async () => {
    const client = await join(port, test.tokens.control);
    client.send({ type: 'speed', factor: 100 });
    const later = client.hear('state', (message) => message.at > 3_000_000);
    client.send({ type: 'play' });
    expect((await later).playing).toBe(true);
  });

  it('arrives at a far moment while others are served', async () => {
    const client = await join(port, test.tokens.control);
    const arrived = client.hear('state', (message) => message.at === 300_000_000);
    client.send({ type: 'seek', at: 300_000_000 });
    expect((await fetchPage(port)).status).toBe(200);
    expect((await arrived).working).toBeUndefined();
  });
});

describe('limits', () => {
  it('turn away one browser too many, and let it in when another has gone', async () => {
    const small = await startTestServer({ clientsMax: 1 });
    const { control: token } = small.tokens;
    const first = await join(small.server.port, token);
    await expect(connect(small.server.port, { token })).rejects.toThrow('503');
    first.socket.close();
    await first.ended();
    await expect.poll(() => small.server.connected, { timeout: 10_000 }).toBe(0);
    await expect(join(small.server.port, token)).resolves.toBeDefined();
    await small.server.close();
  });

  it('end a connection that talks without a pause', async () => {
    const small = await startTestServer({ limits: { messagesPerSecond: 1, messageBurst: 10 } });
    const client = await join(small.server.port, small.tokens.control);
    for (let i = 0; i < 20; i++) client.send({ type: 'pause', id: i });
    expect(await client.ended()).toBe(1008);
    await small.server.close();
  });

  it('cost a slow reader messages, not the session: a gap, then everything anew', async () => {
    const small = await startTestServer({ limits: { bufferedMax: 20_000 } });
    const slow = await join(small.server.port, small.tokens.view);
    const quick = await join(small.server.port, small.tokens.control);
    const arrived = quick.hear('state', (message) => message.at === 60_000_000);
    quick.send({ type: 'seek', at: 60_000_000 });
    await arrived;
    slow.socket.pause();
    // Each new filter makes the server tell 500 rows; together more than the sockets' own buffers hold. The answer to the
    // other one, who asks later, tells that the server has told them.
    for (let i = 0; i < 200; i++) {
      const filter = `frame.number >= ${i}`;
      slow.send({ type: 'subscribe', views: { packets: { filter }, events: true, lanes: true } });
      const done = quick.hear('done', (message) => message.re === i + 1);
      quick.send({ type: 'pause', id: i + 1 });
      await done;
    }
    // What is told anew may come in one piece with the gap: both are waited for from the start.
    let isAfterGap = false;
    const gap = slow.hear('gap', () => {
      isAfterGap = true;
      return true;
    });
    const anew = slow.hear('packets', (message) => isAfterGap && message.how === 'reset');
    slow.socket.resume();
    expect((await gap).dropped).toBeGreaterThan(0);
    expect((await anew).total).toBeGreaterThan(1000);
    expect(small.errors).toEqual([]);
    await small.server.close();
  }, 150_000);
});
