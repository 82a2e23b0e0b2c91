/**
 * The part of a scenario file that describes the LAN: hosts with their boot configuration,
 * switches, cables. Shapes and words only; whether names fit together is checked by `read-lan.ts`.
 */

import * as z from 'zod';
import {
  address,
  destination,
  duration,
  flag,
  mac,
  named,
  oneOf,
  oneOrMore,
  prefix,
  rate,
  shown,
  table,
  text,
  whole,
} from './units.ts';

/** Names of interfaces as Linux allows them; aliases have a colon. */
const LINK_FORM = /^[A-Za-z][A-Za-z0-9._-]{0,14}$/;
/** Keys that are paths on a virtual host. */
const PATH_FORM = /^\/[^\0]{1,250}$/;
const SYSCTL_FORM = /^[a-z0-9_]+([./][A-Za-z0-9_/-]+)+$/;
const ANY_FORM = /^\S.{0,200}$/;
const HOST_NAME_FORM = /^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$/;

const nicAddress = z.union([
  prefix('An address with its prefix length.'),
  table(
    {
      address: prefix('An address with its prefix length.'),
      label: text("Label shown by `ip addr`, such as 'eth0:1': an alias.").optional(),
    },
    'An address with a label.',
  ),
]);

const nic = z.union([
  prefix('The address of the card.'),
  table(
    {
      address: oneOrMore(nicAddress, 'Addresses, the primary one first.').optional(),
      mac: mac('MAC address; by default made of the order of hosts and cards.').optional(),
      mtu: whole('Largest payload in bytes; 1500 by default.', { min: 68, max: 65_535 }).optional(),
    },
    'A card with more than an address.',
  ),
  z
    .array(nicAddress)
    .min(1, { error: 'expected at least one address' })
    .describe('Addresses of the card, the primary one first.'),
]);

const keepalived = z.union([
  text('Path of a real keepalived.conf; its unit is then enabled.'),
  table(
    {
      config: text('Path of the keepalived.conf.').optional(),
      enabled: flag('Whether the unit starts at boot; true by default.').optional(),
      'config-id': text("What keepalived's option -i says, for @conditions.").optional(),
    },
    'keepalived with more than a file.',
  ),
]);

/** Options shared by programs that listen. */
const listening = {
  name: text('Name of the process, as `pidof` finds it.').optional(),
  address: address('Address to bind; all by default.').optional(),
};

/** Paths of web pages. */
const PAGE_FORM = /^\/\S{0,250}$/;

/** The certificates of `sim/host/tls-model.ts`. */
const tls = oneOf(
  ['trusted', 'self-signed', 'expired', 'other-name', 'none'],
  "Speaks TLS, with such a certificate ('none': its handshake fails); plain by default.",
).optional();

/** What a web server does, whatever it is called. */
const webServer = {
  address: listening.address,
  port: whole('TCP port; 80 by default, 443 with tls.', { min: 1, max: 65_535 }).optional(),
  tls,
  body: text('The page it answers with, for every path that `pages` does not name.').optional(),
  status: whole('HTTP status; 200 by default.', { min: 100, max: 599 }).optional(),
  pages: named(
    z.union([
      text('The page.'),
      table(
        {
          body: text('The page.').optional(),
          status: whole('HTTP status; 200 by default.', { min: 100, max: 599 }).optional(),
          location: text('Where a redirect leads; its status is 302 by default.').optional(),
        },
        'A page with more than its text.',
      ),
    ]),
    'Pages by path.',
    PAGE_FORM,
  ).optional(),
  delay: duration('From request to answer; 0s by default.').optional(),
  hang: flag('Requests are read and never answered.').optional(),
  reset: flag('Requests are answered with a TCP reset.').optional(),
};

const tcpPort = (usual: number) =>
  whole(`TCP port; ${usual} by default.`, { min: 1, max: 65_535 }).optional();

const echoBody = text('A text that it says instead, so that one knows who answers.').optional();

const backEnd = text('A back end, http://HOST[:PORT][/PATH].');

/** Programs that a host can start at boot, one closed list. */
export const programSchema = table(
  {
    http: table({ name: listening.name, ...webServer }, 'A web server.').optional(),
    nginx: table(webServer, 'A web server whose process and unit are called nginx.').optional(),
    proxy: table(
      {
        ...listening,
        port: whole('TCP port; 80 by default, 443 with tls.', { min: 1, max: 65_535 }).optional(),
        tls,
        routes: z
          .array(
            table(
              {
                prefix: text('Beginning of the paths that go there.'),
                to: oneOrMore(backEnd, 'Back ends, asked in turn.'),
              },
              'Where requests of a prefix go.',
            ),
          )
          .describe('Where requests go; the longest prefix decides.'),
        timeout: duration('Longest wait for a back end; 60s by default.').optional(),
      },
      'A reverse proxy, as nginx is one.',
    ).optional(),
    'tcp-echo': table(
      { ...listening, port: tcpPort(7), body: echoBody },
      'A server that sends bytes back.',
    ).optional(),
    dns: table(
      {
        ...listening,
        port: whole('UDP port; 53 by default.', { min: 1, max: 65_535 }).optional(),
        records: named(
          oneOrMore(address('An address.'), 'Addresses of the name.'),
          'Names that it knows, besides those of its host.',
          HOST_NAME_FORM,
        ).optional(),
      },
      'A name server for A and AAAA records.',
    ).optional(),
    smtp: table(
      {
        ...listening,
        port: tcpPort(25),
        refuse: flag('Every recipient is refused.').optional(),
      },
      'A mail server that keeps what it gets in /var/mail.',
    ).optional(),
    'udp-echo': table(
      {
        ...listening,
        body: echoBody,
        port: whole('UDP port; 7 by default.', { min: 1, max: 65_535 }).optional(),
      },
      'A server that sends datagrams back.',
    ).optional(),
    process: table(
      {
        name: text('Name of the process, as `pidof` finds it.'),
        command: text('Its whole command line; the name in /usr/sbin by default.').optional(),
      },
      'A process that only runs.',
    ).optional(),
  },
  'One program: a mapping with one key, the kind of program.',
);

const fileContent = z.union([
  text('Path of a file beside the scenario.'),
  table({ content: text('The text of the file.') }, 'A file written out here.'),
]);

/** What a script answers. */
export const scriptAnswer = table(
  {
    exit: z
      .union([whole('Exit code.', { min: 0, max: 255 }), oneOf(['hang'], 'It never ends.')])
      .describe("Exit code, or 'hang': it never ends by itself."),
    after: duration('How long it takes; 1ms by default.').optional(),
  },
  'What a script answers, and how long it takes.',
);

const sysctlValue = z
  .union([text('Value.'), z.int({ error: 'expected a whole number' })])
  .describe('Value of the setting.');

const route = table(
  {
    to: destination("'default' or a prefix."),
    via: address('The gateway.').optional(),
    dev: text('The interface.').optional(),
  },
  'A static route.',
);

const host = table(
  {
    nics: named(nic, 'Network cards by name, in order.', LINK_FORM).optional(),
    keepalived: keepalived
      .describe('keepalived: path of its configuration, or a mapping with more.')
      .optional(),
    programs: z.array(programSchema).describe('Programs started at boot.').optional(),
    sysctl: named(sysctlValue, 'Kernel settings at boot, in dotted form.', SYSCTL_FORM).optional(),
    addresses: named(
      oneOrMore(nicAddress, 'Addresses to add.'),
      'More addresses at boot, by interface: lo too, and tunl0, sit0, gre0 or ip6tnl0, which are loaded and brought up (real servers in TUN mode).',
      LINK_FORM,
    ).optional(),
    routes: z.array(route).describe('Static routes at boot.').optional(),
    files: named(fileContent, 'Files of the host, by absolute path.', PATH_FORM).optional(),
    units: z
      .array(text('Name of a unit.'))
      .describe('Units of systemd that start at boot, besides keepalived.')
      .optional(),
    scripts: named(
      scriptAnswer,
      'What the scripts of keepalived.conf answer, by name of vrrp_script or by path.',
      ANY_FORM,
    ).optional(),
    hosts: named(
      address('An address.'),
      'Names this host resolves, as in /etc/hosts.',
      HOST_NAME_FORM,
    ).optional(),
    'boot-time': duration('From power-on until units start; 0s by default.').optional(),
    boot: table(
      {
        'on-carrier-loss': oneOf(
          ['keep', 'ifdown'],
          "'ifdown': network scripts drop alias addresses with the carrier.",
        ).optional(),
        commands: z
          .array(text('A command line of the shell.'))
          .describe(
            'Run at each boot, when the network is configured and before units start: iptables (marks, drops), ip rule, ip route.',
          )
          .optional(),
      },
      'How the host boots and looks after its network.',
    ).optional(),
    power: oneOf(['on', 'off'], "'off': the host is not powered at t=0.").optional(),
  },
  'A host.',
);

const switchMirror = table(
  {
    port: text('The port that gets the copies.'),
    of: z
      .union([oneOf(['all'], 'All other ports.'), z.array(text('A port.'))])
      .describe("The ports whose traffic is copied, or 'all'."),
  },
  'A mirror port.',
);

const switchShape = z
  .union([
    z.null(),
    table(
      {
        kind: oneOf(['switch', 'hub'], "'switch' by default.").optional(),
        ageing: duration('How long a learned MAC is kept; 300s by default.').optional(),
        mirror: oneOrMore(switchMirror, 'Mirror ports.').optional(),
        'forward-delay': duration('From carrier to forwarding (spanning tree); 0s.').optional(),
        'multicast-snooping': flag('Multicast only to ports that joined; false.').optional(),
        querier: flag('Whether the switch asks for memberships; false.').optional(),
        'link-local-groups': oneOf(
          ['flood', 'snoop'],
          "224.0.0.0/24 and ff02::/16 (VRRP's groups are there) with multicast-snooping: 'flood' by default.",
        ).optional(),
        'macs-per-port': whole('Most source MACs that a port accepts.', {
          min: 1,
          max: 4096,
        }).optional(),
        'unknown-unicast': oneOf(
          ['flood', 'drop'],
          "Frames to MACs that no port is known for; 'flood' by default, a hypervisor's switch drops them.",
        ).optional(),
      },
      'A switch.',
    ),
  ])
  .describe('A switch or hub; {} is an ordinary switch.');

const endpoint = text("A port, NODE:NAME such as 'srv-1:eth1' or 'sw1:3'.", "a port 'NODE:NAME'");
const endpoints = z
  .array(endpoint, { error: (issue) => `expected a list of two ports, read ${shown(issue.input)}` })
  .length(2, { error: 'a cable has two ends: expected a list of two ports' });

const cable = z
  .union([
    endpoints,
    table(
      {
        endpoints: endpoints.describe('The two ports.'),
        delay: duration('Propagation delay; 10us by default.').optional(),
        rate: rate('Line rate; unlimited by default.').optional(),
        queue: whole('Frames that wait for the line; 1000 by default.', {
          min: 1,
          max: 1_000_000,
        }).optional(),
      },
      'A cable with more than its two ends.',
    ),
  ])
  .describe('A cable between two ports.');

/** The key `lan`. */
export const lanSchema = table(
  {
    hosts: named(host, 'The hosts by name, in order.'),
    switches: named(switchShape, 'The switches and hubs by name.').optional(),
    cables: z
      .array(cable, { error: (issue) => `expected a list of cables, read ${shown(issue.input)}` })
      .describe('The cables.')
      .optional(),
  },
  'The LAN before the run begins.',
);

/** `lan` as read: numbers instead of texts, lists instead of single items. */
export type RawLan = z.output<typeof lanSchema>;
/** One host as read. */
export type RawHost = RawLan['hosts'][string];
/** One network card as read. */
export type RawNic = NonNullable<RawHost['nics']>[string];
/** One address of a card as read. */
export type RawNicAddress = z.output<typeof nicAddress>;
/** One program as read. */
export type RawProgram = z.output<typeof programSchema>;
