/**
 * keepalived_check.data: the settings, every virtual server with its real servers, and every checker.
 *
 * Source: a dump of keepalived 2.2.7 made in a guest with IPVS (test/golden/keepalived/check-data). Timeouts of services and servers
 * are shown with their default: here they live in the checkers. What the recording does not have is left out: addresses that
 * checkers bind to, TLS settings, BFD_CHECK and FILE_CHECK beyond their name.
 */

import type { Checker } from '../check/check-machine.ts';
import type { CheckerConfig, ConnectionConfig, UdpChecker } from '../check/checker-config.ts';
import type { DaemonConfig } from '../config/daemon-config.ts';
import { dumpGlobal } from '../config/dump-global.ts';
import type { IdsOf } from '../config/user-ids.ts';
import type {
  ForwardingMethod,
  GroupMember,
  ServiceScript,
  VirtualServerConfig,
} from '../lvs/lvs-config.ts';
import type { Server, Service } from '../lvs/lvs-machine.ts';
import { stampText } from '../vrrp/dump.ts';
import { formatIp, type IpAddress } from '../wire/ip-address.ts';
import { ipv4FromNumber } from '../wire/ipv4-address.ts';
import { dumpHttp } from './dump-http.ts';

/** What is dumped. */
export interface CheckerDump {
  readonly config: DaemonConfig;
  readonly services: readonly Service[];
  readonly checkers: readonly Checker[];
  readonly idsOf: IdsOf;
}

/** The lines of the file. */
export function checkerDump(dump: CheckerDump): readonly string[] {
  const { config, services, checkers, idsOf } = dump;
  const groups = config.lvs.groups.flatMap(({ name, members }) => [
    ` Virtual Server Group = ${name}, IPv4 = ${yes(hasFamily(members, false))}, IPv6 = ${yes(hasFamily(members, true))}`,
    ...members.flatMap((one) => groupMember(one, usersOf(services, name))),
  ]);
  return [
    ...dumpGlobal(config, 'checkers', idsOf),
    '------< LVS Topology >------',
    ' System is compiled with LVS v1.2.1',
    ...(groups.length === 0 ? [] : [' ------< Virtual server group >------', ...groups]),
    ...services.flatMap((service) => [
      ' ------< Virtual server >------',
      ...virtualServer(service, idsOf),
      ...service.servers.flatMap((server) => realServer(service, server, idsOf)),
    ]),
    '------< Health checkers >------',
    ...checkers.flatMap((one) => checker(one, { idsOf, checkers })),
  ];
}

function yes(value: boolean): string {
  return value ? 'yes' : 'no';
}

function seconds(us: number): string {
  return (us / 1_000_000).toFixed(6);
}

function hasFamily(members: readonly GroupMember[], six: boolean): boolean {
  return members.some((one) => one.kind === 'range' && (typeof one.first === 'bigint') === six);
}

/** How many servers in the pool stand behind a group. */
function usersOf(services: readonly Service[], group: string): number {
  return services
    .filter(({ config: { key } }) => key.kind === 'group' && key.group === group)
    .reduce((sum, { servers }) => sum + servers.filter((one) => one.inPool).length, 0);
}

function groupMember(member: GroupMember, alive: number): readonly string[] {
  if (member.kind === 'fwmark') {
    return [
      `   FWMARK = ${member.mark}`,
      `     Alive: ${alive} IPv4, 0 IPv6`,
      '     reloaded = False',
    ];
  }
  const { first, count, port } = member;
  const name = count === 1 ? 'VIP' : 'VIP Range';
  const last = count === 1 ? '' : `-${formatIp(lastOf(first, count))}`;
  return [
    `   ${name} = ${formatIp(first)}${last}, VPORT = ${port}`,
    `     Alive: ${alive} tcp, 0 udp, 0 sctp`,
    '     reloaded = False',
  ];
}

function lastOf(first: IpAddress, count: number): IpAddress {
  return typeof first === 'bigint'
    ? ((first + BigInt(count - 1)) as IpAddress)
    : ipv4FromNumber(first + count - 1);
}

function serviceKey({ key }: VirtualServerConfig): string {
  if (key.kind === 'fwmark') return ` VS FWMARK = ${key.mark}`;
  if (key.kind === 'group') return ` VS GROUP = [${key.group}]:0`;
  return ` VS VIP = ${formatIp(key.address)}, VPORT = ${key.port}`;
}

function virtualServer(service: Service, idsOf: IdsOf): readonly string[] {
  const { config, sorry } = service;
  const { persistence, quorumUp, quorumDown } = config;
  const flag = (on: boolean) => (on ? 'enabled' : 'disabled');
  return [
    serviceKey(config),
    `   Address family = ${config.family}`,
    '   connection timeout = 5.000000',
    `   delay_loop = ${seconds(config.delayLoop)}`,
    `   lvs_sched = ${config.scheduler}`,
    '   Hashed = disabled',
    ...schedulerFlags(config).map(([name, on]) => `   ${name} = ${flag(on)}`),
    `   One packet scheduling = ${flag(config.onePacket)}`,
    ...(persistence === undefined
      ? []
      : [`   persistence timeout = ${persistence.timeout / 1_000_000}`]),
    `   protocol = ${config.protocol ?? 'none'}`,
    `   alpha is ${config.alpha ? 'ON' : 'OFF'}`,
    `   omega is ${config.omega ? 'ON' : 'OFF'}`,
    `   Inhibit on failure is ${config.inhibitOnFailure ? 'ON' : 'OFF'}`,
    `   quorum = ${config.quorum}, hysteresis = ${config.hysteresis}`,
    ...script('   Quorum up notify script', quorumUp, idsOf),
    ...script('   Quorum down notify script', quorumDown, idsOf),
    `   Using smtp notification = ${yes(config.smtpAlert)}`,
    `   default forwarding method = ${method(config.method)}`,
    ...(sorry === undefined
      ? []
      : [
          `   sorry server = ${sorry.name}`,
          `     forwarding method = ${method(sorry.config.method)}`,
          `     Inhibit on failure is ${sorry.config.inhibit ? 'ON' : 'OFF'}`,
        ]),
    `   alive = ${service.exists ? 1 : 0}`,
    `   quorum_state_up = ${service.quorumUp ? 1 : 0}`,
    '   reloaded = 0',
  ];
}

function schedulerFlags(config: VirtualServerConfig): readonly (readonly [string, boolean])[] {
  const { scheduler, schedulerFlags: flags } = config;
  if (scheduler === 'sh' || scheduler === 'mh') {
    return [
      [`${scheduler}-port`, flags.port],
      [`${scheduler}-fallback`, flags.fallback],
    ];
  }
  return [
    ['flag-1', flags.fallback],
    ['flag-2', flags.port],
    ['flag-3', flags.flag3],
  ];
}

function method(of: ForwardingMethod): string {
  return of.kind;
}

function script(title: string, one: ServiceScript | undefined, idsOf: IdsOf): readonly string[] {
  return one === undefined ? [] : [`${title} = ${quoted(one.arguments)}, uid:gid ${idsOf(one)}`];
}

function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(' ');
}

function realServer(service: Service, server: Server, idsOf: IdsOf): readonly string[] {
  const { config } = server;
  return [
    '   ------< Real server >------',
    `   RIP = ${formatIp(config.address)}, RPORT = ${config.port}, WEIGHT = ${config.weight} EFF WEIGHT = ${server.weight}`,
    `   forwarding method = ${method(config.method)}`,
    `   Alpha is ${config.alpha ? 'ON' : 'OFF'}`,
    '   connection timeout = 5.000000',
    `   connection limit range = ${config.lowerThreshold} -> ${config.upperThreshold}`,
    `   Delay loop = ${seconds(config.delayLoop)}`,
    `   Inhibit on failure is ${config.inhibitOnFailure ? 'ON' : 'OFF'}`,
    ...script('     RS up notify script', config.notifyUp, idsOf),
    ...script('     RS down notify script', config.notifyDown, idsOf),
    `   Using smtp notification = ${yes(config.smtpAlert)}`,
    `   initial weight = ${config.weight}`,
    `   effective weight = ${server.weight}`,
    `   previous effective_weight = ${server.configuredBefore ?? 0}`,
    `   alive = ${server.alive ? 1 : 0}`,
    `   num failed checkers = ${server.failed.size}`,
    `   RS set = ${server.inPool && service.exists ? 1 : 0}`,
    '   reloaded = 0',
  ];
}

function checker(one: Checker, facts: Pick<CheckerDump, 'idsOf' | 'checkers'>): readonly string[] {
  const { config, names } = one;
  const retries =
    config.retry === 0
      ? []
      : [
          `   Delay before retry = ${config.delayBeforeRetry} us`,
          `   Retries iterations = ${config.retry - one.retries}`,
        ];
  return [
    ` ${names.service} -> ${names.server}`,
    `   Enabled = ${yes(one.enabled)}`,
    `   Up = ${yes(one.up)}`,
    `   Has run = ${yes(one.hasRun)}`,
    `   Current weight = ${one.fileWeight}`,
    `   Alpha = ${yes(config.alpha)}`,
    `   Delay loop = ${config.delayLoop} us`,
    `   Warmup = ${config.warmup} us`,
    `   Retries = ${config.retry}`,
    ...retries,
    `   Default delay before retry = ${DEFAULT_DELAYS.get(config.kind) ?? 1_000_000} us`,
    `   Log all failures = ${yes(config.logAllFailures)}`,
    ...('connection' in config ? connection(config.connection) : []),
    ...own(one, config, facts),
  ];
}

/** Of HTTP three seconds, of DNS the delay loop, which is told as 0. */
const DEFAULT_DELAYS: ReadonlyMap<CheckerConfig['kind'], number> = new Map([
  ['HTTP_GET', 3_000_000],
  ['SSL_GET', 3_000_000],
  ['DNS_CHECK', 0],
]);

function connection(of: ConnectionConfig): readonly string[] {
  return [
    '   Connection',
    `     Dest = [${formatIp(of.address)}]:${of.port}`,
    `     Timeout = ${seconds(of.connectTimeout)}`,
  ];
}

function own(
  one: Checker,
  config: CheckerConfig,
  { idsOf, checkers }: Pick<CheckerDump, 'idsOf' | 'checkers'>,
): readonly string[] {
  const kind = `   Keepalive method = ${config.kind}`;
  switch (config.kind) {
    case 'HTTP_GET':
    case 'SSL_GET':
      return dumpHttp(config, checkers);
    case 'SMTP_CHECK':
      return [kind, `   helo = ${config.heloName}`];
    case 'DNS_CHECK':
      return [kind, `   Type = ${config.queryType}`, `   Name = ${config.name}`];
    case 'UDP_CHECK':
      return [kind, ...udp(config)];
    case 'MISC_CHECK':
      return [
        kind,
        `   script = ${quoted(config.arguments)}`,
        `   timeout = ${config.timeout / 1_000_000}`,
        `   dynamic = ${config.dynamicWeight ? 'YES' : 'NO'}`,
        `   uid:gid = ${idsOf(config)}`,
        `   Last ran = ${stampText(one.lastRunAt).replace(/(\d\d:\d\d:\d\d).*? (\d{4})\)$/, '$1 $2.000000)')}`,
        `   Last status = ${one.lastCode}`,
      ];
    default:
      return [kind];
  }
}

function udp(config: UdpChecker): readonly string[] {
  const { reply } = config;
  const hasMask = reply?.mask.some((octet) => octet !== 0xff) ?? false;
  return [
    ...(config.payload.length === 0 ? [] : [`   Payload len = ${config.payload.length}`]),
    `   Require reply = ${yes(config.requireReply)}`,
    ...(!config.requireReply
      ? []
      : [
          `     Min reply length = ${config.minReplyLength}`,
          `     Max reply length = ${config.maxReplyLength}`,
          ...(reply === undefined
            ? []
            : [
                `     Reply data len = ${reply.bytes.length}`,
                `     Reply data mask = ${yes(hasMask)}`,
              ]),
        ]),
  ];
}
