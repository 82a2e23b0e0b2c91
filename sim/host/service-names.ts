/** Names of well-known ports, as /etc/services gives them to tools that print names. */

const NAMES: readonly (readonly [name: string, port: number, protocols?: 'udp' | 'both'])[] = [
  ['ftp-data', 20],
  ['ftp', 21],
  ['ssh', 22],
  ['telnet', 23],
  ['smtp', 25],
  ['domain', 53, 'both'],
  ['tftp', 69, 'udp'],
  ['http', 80],
  ['pop3', 110],
  ['ntp', 123, 'udp'],
  ['imap2', 143],
  ['snmp', 161, 'both'],
  ['ldap', 389, 'both'],
  ['https', 443, 'both'],
  ['submission', 587],
  ['ldaps', 636, 'both'],
  ['imaps', 993],
  ['pop3s', 995],
  ['openvpn', 1194, 'both'],
  ['radius', 1812, 'both'],
  ['nfs', 2049, 'both'],
  ['mysql', 3306],
  ['sip', 5060, 'both'],
  ['postgresql', 5432],
  ['http-alt', 8080],
  ['omniorb', 8088],
];

const OF_PROTOCOL = {
  tcp: NAMES.filter(([, , only]) => only !== 'udp'),
  udp: NAMES.filter(([, , only]) => only !== undefined),
};

/** The name of a port (many have none for UDP); its number as text when it has none. */
export function serviceName(port: number, protocol: 'tcp' | 'udp'): string {
  return OF_PROTOCOL[protocol].find(([, number]) => number === port)?.[0] ?? String(port);
}

/** The port of a name; `undefined` when there is none. */
export function servicePort(name: string, protocol: 'tcp' | 'udp'): number | undefined {
  return OF_PROTOCOL[protocol].find(([known]) => known === name)?.[1];
}
