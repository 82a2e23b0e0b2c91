/**
 * `--metrics=[ADDRESS:]PORT`: the daemon's numbers at http://ADDRESS:PORT/metrics. Off unless asked for, and on the
 * loopback address unless another is named: a daemon with privileges should listen nowhere by surprise. It only ever
 * reads, and a slow or greedy client costs one of few connections.
 */

import type { Server } from 'node:http';
import type { MetricsPlace } from './metrics-place.ts';

/** Scrapers of a few servers; what is more is refused. */
const CONNECTIONS_MAX = 16;
const REQUEST_LIMIT_MS = 5000;

/** Serves `text()` until closed; rejects when the place cannot be had. */
export async function serveMetrics(
  place: MetricsPlace,
  text: () => string,
): Promise<{ close(): void }> {
  // Loaded here, since a daemon without metrics has no use for it.
  const { createServer } = await import('node:http');
  const server: Server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    const known = path === '/metrics';
    const allowed = request.method === 'GET' || request.method === 'HEAD';
    response.setHeader('Content-Type', 'text/plain; version=0.0.4; charset=utf-8');
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.statusCode = known ? (allowed ? 200 : 405) : 404;
    response.end(response.statusCode === 200 ? text() : 'the numbers are at /metrics\n');
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.requestTimeout = REQUEST_LIMIT_MS;
  server.headersTimeout = REQUEST_LIMIT_MS;
  server.keepAliveTimeout = REQUEST_LIMIT_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(place.port, place.address, () => resolve());
  });
  server.removeAllListeners('error');
  server.on('error', () => {});
  return {
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** What Prometheus' own libraries tell of every process. */
export function processMetrics(): string {
  const { user, system } = process.cpuUsage();
  const cpu = (user + system) / 1_000_000;
  const started = Date.now() / 1000 - process.uptime();
  return (
    `# HELP process_cpu_seconds_total Total user and system CPU time spent in seconds.\n` +
    `# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total ${cpu}\n` +
    `# HELP process_resident_memory_bytes Resident memory size in bytes.\n` +
    `# TYPE process_resident_memory_bytes gauge\n` +
    `process_resident_memory_bytes ${process.memoryUsage.rss()}\n` +
    `# HELP process_start_time_seconds Start time of the process since unix epoch in seconds.\n` +
    `# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds ${started.toFixed(3)}\n`
  );
}
