/** Where the director of these recordings stands: what recorder and judge must agree about. */

/** The director's cards and who is behind them. */
export type Nic = 'eth0' | 'eth1';

/** MAC addresses of the director's cards. */
export const DIRECTOR_MAC: Readonly<Record<Nic, string>> = {
  eth0: '02:00:00:00:0a:fe',
  eth1: '02:00:00:00:0b:fe',
};

/** The virtual addresses. */
export const VIPS = { inet: '10.0.0.100', inet6: 'fd00:a::100' } as const;

/** The director's addresses. */
export const ADDRESSES: readonly (readonly [nic: Nic, prefix: string])[] = [
  ['eth0', '10.0.0.254/24'],
  ['eth0', `${VIPS.inet}/32`],
  ['eth1', '10.1.0.254/24'],
  ['eth0', 'fd00:a::fe/64'],
  ['eth0', `${VIPS.inet6}/128`],
  ['eth1', 'fd00:b::fe/64'],
];

/** Routers stand on both sides. */
export const ROUTES: readonly (readonly [destination: string, gateway: string])[] = [
  ['203.0.113.0/24', '10.0.0.253'],
  ['10.2.0.0/24', '10.1.0.253'],
  ['fd00:aa::/64', 'fd00:a::fd'],
  ['fd00:c::/64', 'fd00:b::fd'],
];

const HEX_HOSTS = new Map([
  ['253', 'fd'],
  ['254', 'fe'],
]);
const HOSTS: Readonly<Record<Nic, readonly string[]>> = {
  eth0: ['1', '2', '3', '14', '253'],
  eth1: ['11', '12', '13', '253'],
};

/** Settings of the director beside IPVS' own. */
export const SETTINGS: readonly (readonly [name: string, value: string])[] = [
  ['net.ipv4.ip_forward', '1'],
  ['net.ipv6.conf.all.forwarding', '1'],
  ['net.ipv4.conf.all.send_redirects', '0'],
  ['net.ipv4.conf.eth0.send_redirects', '0'],
  ['net.ipv4.conf.eth1.send_redirects', '0'],
];

/** The address of a host on a card's network. */
export function addressOf(nic: Nic, family: 'inet' | 'inet6', host: string): string {
  if (family === 'inet') return `10.${nic === 'eth0' ? 0 : 1}.0.${host}`;
  return `fd00:${nic === 'eth0' ? 'a' : 'b'}::${HEX_HOSTS.get(host) ?? host}`;
}

/** The MAC address of a host on a card's network. */
export function macOf(nic: Nic, host: string): string {
  const last = HEX_HOSTS.get(host) ?? host.padStart(2, '0');
  return `02:00:00:00:0${nic === 'eth0' ? 'a' : 'b'}:${last}`;
}

/** Neighbours that the director knows for ever; who is not among them is absent. */
export const NEIGHBOURS: readonly (readonly [nic: Nic, address: string, mac: string])[] = (
  ['eth0', 'eth1'] as const
).flatMap((nic) =>
  HOSTS[nic].flatMap((host) =>
    (['inet', 'inet6'] as const).map(
      (family) => [nic, addressOf(nic, family, host), macOf(nic, host)] as const,
    ),
  ),
);
