/** A kernel's IPVS table that only keeps what ipvsadm's words say, and prints it as the recordings do. */

interface Row {
  scheduler: string;
  readonly servers: Map<string, { method: string; weight: string }>;
}

const METHODS: ReadonlyMap<string, string> = new Map([
  ['-g', 'Route'],
  ['-m', 'Masq'],
  ['-i', 'Tunnel'],
]);

/** The table. */
export class IpvsTable {
  readonly services = new Map<string, Row>();

  /** Carries one call out; the kernel's error when it fails. */
  apply(words: readonly string[]): string | undefined {
    const [command = ''] = words;
    if (command === '-C') this.services.clear();
    if (!/^-[AEDaed]$/.test(command)) return undefined;
    const name = serviceOf(words);
    const row = this.services.get(name);
    if (command === '-A') {
      if (row !== undefined) return 'Service already exists';
      this.services.set(name, { scheduler: after(words, '-s'), servers: new Map() });
      return undefined;
    }
    if (row === undefined) return 'No such service';
    if (command === '-E') row.scheduler = after(words, '-s');
    if (command === '-D') this.services.delete(name);
    return this.#server(command, row, words);
  }

  #server(command: string, row: Row, words: readonly string[]): string | undefined {
    if (!/^-[aed]$/.test(command)) return undefined;
    const server = after(words, '-r');
    const there = row.servers.has(server);
    if (command === '-a' && there) return 'Destination already exists';
    if (command !== '-a' && !there) return 'No such destination';
    if (command === '-d') row.servers.delete(server);
    else {
      const flag = words.find((word) => METHODS.has(word)) ?? '';
      const method = METHODS.get(flag) ?? '';
      row.servers.set(server, { method, weight: after(words, '-w') });
    }
    return undefined;
  }

  /** As in the recordings: `TCP 10.0.0.1:80 rr: 10.0.0.11:80 Route w1, …`. */
  text(): string {
    if (this.services.size === 0) return '(no virtual service)';
    const rows = [...this.services].map(([name, { scheduler, servers }]) => {
      const list = [...servers]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([server, { method, weight }]) => `${server} ${method} w${weight}`);
      return `${name} ${scheduler}: ${list.length === 0 ? '(no real server)' : list.join(', ')}`;
    });
    return rows.join('; ');
  }
}

function serviceOf(words: readonly string[]): string {
  const mark = words.indexOf('-f');
  if (mark >= 0) return `FWM ${words[mark + 1]}`;
  const at = words.findIndex((word) => word === '-t' || word === '-u');
  return `${words[at] === '-t' ? 'TCP' : 'UDP'} ${words[at + 1]}`;
}

function after(words: readonly string[], flag: string): string {
  const at = words.indexOf(flag);
  return at < 0 ? '' : (words[at + 1] ?? '');
}
