/** Loads a configuration whose files are texts in memory, with the facts a test gives. */

import {
  type LoadOptions,
  type LoadResult,
  loadConfig,
} from '../../../daemon/config/load-config.ts';

const encoder = new TextEncoder();

export function loadFiles(
  files: ReadonlyMap<string, string | Uint8Array>,
  options: Partial<LoadOptions> = {},
): LoadResult {
  let draw = 0;
  return loadConfig({
    path: '/etc/keepalived/keepalived.conf',
    hostname: 'srv-1.example',
    random: { uint32: () => draw++ * 100_000_000 },
    readFile: (path) => {
      const found = files.get(path);
      return typeof found === 'string' ? encoder.encode(found) : found;
    },
    expandPattern: (pattern) => expand(pattern, [...files.keys()]),
    ...options,
  });
}

/** The main file alone. */
export function loadText(
  text: string | Uint8Array,
  options: Partial<LoadOptions> = {},
): LoadResult {
  return loadFiles(new Map([['/etc/keepalived/keepalived.conf', text]]), options);
}

/** A working instance with some lines more. */
export function instanceText(lines: readonly string[] = []): string {
  const body = ['interface eth0', 'virtual_router_id 51', ...lines];
  const vips = ['virtual_ipaddress {', '  192.168.200.100/24', '}'];
  return ['vrrp_instance VI_1 {', ...[...body, ...vips].map((one) => `  ${one}`), '}', ''].join(
    '\n',
  );
}

function expand(pattern: string, names: readonly string[]): readonly string[] {
  const source = pattern.replace(/[.+^$()|[\]\\]/g, '\\$&').replace(/\*/g, '[^/]*');
  const brace = source.replace(
    /\{([^}]*)\}/g,
    (_, list: string) => `(?:${list.replace(/,/g, '|')})`,
  );
  const matcher = new RegExp(`^${brace}$`);
  return names.filter((name) => matcher.test(name));
}
