/** The value of `--metrics`. Pure. */

/** keepalived-exporter's port, where dashboards look. */
const DEFAULT_PORT = 9165;
const DEFAULT_ADDRESS = '127.0.0.1';

/** Where to listen. */
export interface MetricsPlace {
  readonly address: string;
  readonly port: number;
}

/** `9165`, `10.0.0.1:9165`, `[::1]:9165`, or nothing; `undefined`: not a place. */
export function parseMetricsPlace(text: string | undefined): MetricsPlace | undefined {
  if (text === undefined || text === '') return { address: DEFAULT_ADDRESS, port: DEFAULT_PORT };
  const parts = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+|localhost))?:)?(\d{1,5})$/.exec(text);
  if (parts === null) return undefined;
  const port = Number(parts[3]);
  if (port < 1 || port > 65_535) return undefined;
  return { address: parts[1] ?? parts[2] ?? DEFAULT_ADDRESS, port };
}
