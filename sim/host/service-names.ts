/** Names of well-known ports, as /etc/services gives them to tools that print names. */

const NAMES: readonly (readonly [string, number])[] = [
  ['ftp-data', 20],
  ['ftp', 21],
  ['ssh', 22],
  ['telnet', 23],
  ['smtp', 25],
  ['domain', 53],
  ['tftp', 69],
  ['http', 80],
  ['pop3', 110],
  ['ntp', 123],
  ['imap2', 143],
  ['snmp', 161],
  ['ldap', 389],
  ['https', 443],
  ['submission', 587],
  ['ldaps', 636],
  ['imaps', 993],
  ['pop3s', 995],
  ['openvpn', 1194],
  ['radius', 1812],
  ['nfs', 2049],
  ['mysql', 3306],
  ['sip', 5060],
  ['postgresql', 5432],
  ['http-alt', 8080],
  ['omniorb', 8088],
];

const BY_PORT: ReadonlyMap<number, string> = new Map(NAMES.map(([name, port]) => [port, name]));
const BY_NAME: ReadonlyMap<string, number> = new Map(NAMES);

/** The name of a port; its number as text when it has none. */
export function serviceName(port: number): string {
  return BY_PORT.get(port) ?? String(port);
}

/** The port of a name; `undefined` when there is none. */
export function servicePort(name: string): number | undefined {
  return BY_NAME.get(name);
}
