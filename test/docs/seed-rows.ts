/** What the five articles do or show, a row each; the twin must show every one of them. */

/** One row. */
export interface SeedRow {
  readonly row: string;
  /** What the twin shows for it. */
  readonly shows: string;
}

/** One article. */
export interface SeedArticle {
  readonly letter: string;
  readonly title: string;
  readonly rows: readonly SeedRow[];
}

/** The articles in their order. */
export const SEED_ARTICLES: readonly SeedArticle[] = [
  {
    letter: 'A',
    title: 'Three servers behind one floating address',
    rows: [
      { row: 'A1', shows: 'srv-1 is MASTER of VRID 88; the address answers ping from elsewhere' },
      {
        row: 'A2',
        shows: 'the MASTER loses power during a ping: the gap, the new holder, its MAC',
      },
      { row: 'A3', shows: 'power comes back: so does the address' },
      { row: 'A4', shows: 'the page fetched from the address names its holder at every moment' },
      { row: 'A5', shows: 'with ip_nonlocal_bind a service of the address starts on a backup' },
      { row: 'A6', shows: 'start, stop, restart, status; no start without keepalived.conf' },
      { row: 'A7', shows: 'two nodes lose power together: the third takes over in its own time' },
      { row: 'A8', shows: 'systemctl enable, service, sysctl -p; what survives a reboot' },
    ],
  },
  {
    letter: 'B',
    title: 'Two VRRP directors',
    rows: [
      { row: 'B1', shows: 'the annotated configuration, mended; as printed, its located errors' },
      { row: 'B2', shows: 'notify scripts with GROUP or INSTANCE, name and state' },
      { row: 'B3', shows: 'mails to both addresses at every transition, over virtual SMTP' },
      { row: 'B4', shows: 'ip addr list: labels, /32, scope global, link-local IPv6' },
      { row: 'B5', shows: "the daemon's log, in 2.2.7's words" },
      { row: 'B6', shows: 'tcpdump -vvv of the adverts, with the password in clear and with AH' },
      { row: 'B7', shows: "keepalived's options, long and short" },
    ],
  },
  {
    letter: 'C',
    title: 'Master and backup with LVS behind',
    rows: [
      {
        row: 'C1',
        shows: 'the unmodified configurations with their warnings; the address on NodeA',
      },
      { row: 'C2', shows: 'requests alternate; ipvsadm -Ln shows both servers; retry or not' },
      { row: 'C3', shows: 'a real server stops and comes back' },
      { row: 'C4', shows: 'keepalived stops on the master: address and service move' },
      { row: 'C5', shows: 'a reload that keeps the address' },
      { row: 'C6', shows: 'TCP, HTTP and SSL checks; rr, wrr and least connections' },
    ],
  },
  {
    letter: 'D',
    title: 'Highly available nginx',
    rows: [
      { row: 'D1', shows: 'pidof nginx answered from the programs that the host runs' },
      { row: 'D2', shows: 'nginx dies and comes back' },
      { row: 'D3', shows: 'nginx is dead on both: nobody holds the address' },
      { row: 'D4', shows: 'stopping keepalived flips the address' },
      { row: 'D5', shows: 'nginx balances over web servers behind the address' },
      { row: 'D6', shows: 'without ip_nonlocal_bind nginx cannot start on the backup' },
    ],
  },
  {
    letter: 'E',
    title: 'The five-director laboratory in DR mode',
    rows: [
      { row: 'E1', shows: 'the whole laboratory out of one file, three addresses served' },
      { row: 'E2', shows: "https through the boundary host's reverse proxy" },
      {
        row: 'E3',
        shows: 'a director reboots while the page is reloaded: how many requests failed',
      },
      { row: 'E4', shows: "a web server's cable: detection, weight 0, recovery, as numbers" },
      { row: 'E5', shows: 'ip neigh, ip neigh flush all, ask again' },
      { row: 'E6', shows: 'tcpdump -n vrrp on the client; the source MAC of each advert' },
      { row: 'E7', shows: "Wireshark's filters; a wrong one turns red; follow TCP stream" },
      { row: 'E8', shows: 'start order, preemption, failure: who sends when' },
      { row: 'E9', shows: 'a connection whose director dies: retransmissions, new MAC, answer' },
      { row: 'E10', shows: 'health checks once a second, User-Agent: KeepAliveClient' },
      { row: 'E11', shows: 'hub, mirror port and switch: who sees what' },
      { row: 'E12', shows: 'web servers with the address on lo or as an alias: who answers ARP' },
      { row: 'E13', shows: 'an alias that is lost with its cable, or not' },
      { row: 'E14', shows: 'virtual MAC against gratuitous ARP: who must learn what' },
    ],
  },
];
