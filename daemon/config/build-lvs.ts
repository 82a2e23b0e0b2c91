/** From finished drafts to the typed values of LVS, checkers and BFD. Inheritance of timers ends here. */

import { durationUs, milliseconds } from '../base/time.ts';
import type { BfdConfig, BfdSessionConfig } from '../bfd/bfd-config.ts';
import type {
  CheckConfig,
  CheckerBase,
  CheckerConfig,
  ConnectionConfig,
  HttpUrl,
} from '../check/checker-config.ts';
import type {
  LvsConfig,
  RealServerConfig,
  SchedulerName,
  ServiceKey,
  SorryServerConfig,
  VirtualServerConfig,
} from '../lvs/lvs-config.ts';
import { notifyScript } from './build-vrrp.ts';
import type { GlobalDraft } from './global-draft.ts';
import { SCHEDULERS } from './keywords/virtual-server.ts';
import type {
  BfdDraft,
  CheckerDraft,
  LvsDraft,
  Mutable,
  ServerDraft,
  UrlDraft,
  VirtualServerDraft,
} from './lvs-draft.ts';

/** What SMTP_CHECK calls itself without helo_name, whatever smtp_helo_name says of mail. Source: recording k401. */
const DEFAULT_HELO_NAME = 'smtpchecker.keepalived.org';

/** The LVS half and its checkers, which name each other by index. */
export function buildLvs(
  draft: LvsDraft,
  global: GlobalDraft,
): { readonly lvs: LvsConfig; readonly check: CheckConfig } {
  const checkers: CheckerConfig[] = [];
  const virtualServers = draft.virtualServers.map((service, virtualServer) =>
    buildService(service, (server, realServer) =>
      server.checkers.map((checker) => {
        const place = { virtualServer, realServer };
        const built = buildChecker({ checker, server, service, place, global });
        checkers.push(built);
        return checkers.length - 1;
      }),
    ),
  );
  const groups = draft.groups.map(({ name, members }) => ({ name, members }));
  return {
    lvs: { groups, virtualServers },
    check: { checkers, ...(draft.ssl === undefined ? {} : { ssl: draft.ssl }) },
  };
}

function buildService(
  draft: VirtualServerDraft,
  checkersOf: (server: ServerDraft, index: number) => readonly number[],
): VirtualServerConfig {
  const { flags } = draft;
  const scheduler = SCHEDULERS.find((one) => one === draft.scheduler) ?? 'wlc';
  const own = (name: string) => flags.has(`${scheduler}-${name}`);
  const built: Mutable<VirtualServerConfig> = {
    key: serviceKey(draft),
    family: draft.family ?? 'inet',
    scheduler: scheduler satisfies SchedulerName,
    schedulerFlags: {
      fallback: flags.has('flag-1') || own('fallback'),
      port: flags.has('flag-2') || own('port'),
      flag3: flags.has('flag-3'),
    },
    method: draft.method ?? { kind: 'NAT' },
    onePacket: flags.has('ops'),
    delayLoop: durationUs(draft.delayLoopUs ?? 60_000_000),
    haSuspend: draft.haSuspend,
    alpha: draft.alpha,
    omega: draft.omega,
    inhibitOnFailure: draft.inhibit,
    quorum: draft.quorum,
    hysteresis: draft.hysteresis,
    weight: draft.weight,
    smtpAlert: draft.smtpAlert ?? false,
    realServers: draft.servers.map((server, index) =>
      buildServer(server, draft, checkersOf(server, index)),
    ),
  };
  if (draft.protocol !== undefined) built.protocol = draft.protocol;
  if (draft.quorumUp !== undefined) built.quorumUp = notifyScript(draft.quorumUp);
  if (draft.quorumDown !== undefined) built.quorumDown = notifyScript(draft.quorumDown);
  if (draft.virtualHost !== undefined) built.virtualHost = draft.virtualHost;
  if (draft.snmpName !== undefined) built.snmpName = draft.snmpName;
  if (draft.sorry !== undefined) built.sorryServer = buildSorry(draft.sorry);
  if (draft.persistenceS > 0) {
    built.persistence = {
      timeout: durationUs(draft.persistenceS * 1_000_000),
      granularity: granularity(draft),
      ...(draft.persistenceEngine === undefined ? {} : { engine: draft.persistenceEngine }),
    };
  }
  return built;
}

function serviceKey(draft: VirtualServerDraft): ServiceKey {
  if (draft.group !== undefined) return { kind: 'group', group: draft.group };
  if (draft.fwmark !== undefined || draft.address === undefined) {
    return { kind: 'fwmark', mark: draft.fwmark ?? 0 };
  }
  return { kind: 'address', address: draft.address, port: draft.port };
}

/** Leading ones of the mask; a mask with holes counts its ones, as the kernel only sees prefixes. */
function granularity(draft: VirtualServerDraft): number {
  const given = draft.granularity;
  if (given === undefined) return draft.family === 'inet6' ? 128 : 32;
  if (given.family === 'inet6') return given.value;
  return given.value.toString(2).replaceAll('0', '').length;
}

function buildSorry(draft: ServerDraft): SorryServerConfig {
  const { address, port } = draft;
  return {
    address,
    port,
    method: draft.method ?? { kind: 'NAT' },
    inhibit: draft.inhibit ?? false,
  };
}

function buildServer(
  draft: ServerDraft,
  service: VirtualServerDraft,
  checkers: readonly number[],
): RealServerConfig {
  const built: Mutable<RealServerConfig> = {
    address: draft.address,
    port: draft.port,
    weight: draft.weight ?? service.weight,
    method: draft.method ?? { kind: 'NAT' },
    upperThreshold: draft.upperThreshold,
    lowerThreshold: draft.lowerThreshold,
    inhibitOnFailure: draft.inhibit ?? service.inhibit,
    alpha: draft.alpha ?? service.alpha,
    smtpAlert: draft.smtpAlert ?? true,
    delayLoop: durationUs(draft.delayLoopUs ?? service.delayLoopUs ?? 60_000_000),
    checkers,
  };
  if (draft.notifyUp !== undefined) built.notifyUp = notifyScript(draft.notifyUp);
  if (draft.notifyDown !== undefined) built.notifyDown = notifyScript(draft.notifyDown);
  const host = draft.virtualHost ?? service.virtualHost;
  if (host !== undefined) built.virtualHost = host;
  if (draft.snmpName !== undefined) built.snmpName = draft.snmpName;
  return built;
}

interface CheckerParts {
  readonly checker: CheckerDraft;
  readonly server: ServerDraft;
  readonly service: VirtualServerDraft;
  readonly place: { readonly virtualServer: number; readonly realServer: number };
  readonly global: GlobalDraft;
}

/** Retries when nobody says: one, DNS three, MISC none. Source: keepalived.conf(5). */
function defaultRetry(kind: CheckerDraft['kind']): number {
  return kind === 'DNS_CHECK' ? 3 : kind === 'MISC_CHECK' ? 0 : 1;
}

function defaultDelayBeforeRetryUs(kind: CheckerDraft['kind'], delayLoopUs: number): number {
  if (kind === 'HTTP_GET' || kind === 'SSL_GET') return 3_000_000;
  return kind === 'DNS_CHECK' ? delayLoopUs : 1_000_000;
}

function buildBase(parts: CheckerParts): CheckerBase {
  const { checker, server, service } = parts;
  const delayLoop = checker.delayLoopUs ?? server.delayLoopUs ?? service.delayLoopUs ?? 60_000_000;
  const wait =
    checker.delayBeforeRetryUs ?? server.delayBeforeRetryUs ?? service.delayBeforeRetryUs;
  return {
    ...parts.place,
    enabled: !service.haSuspend,
    delayLoop: durationUs(delayLoop),
    warmup: durationUs(checker.warmupUs ?? server.warmupUs ?? service.warmupUs ?? delayLoop),
    retry: checker.retry ?? server.retry ?? service.retry ?? defaultRetry(checker.kind),
    delayBeforeRetry: durationUs(wait ?? defaultDelayBeforeRetryUs(checker.kind, delayLoop)),
    alpha: checker.alpha ?? server.alpha ?? service.alpha,
    logAllFailures: checker.logAllFailures ?? parts.global.checkerLogAllFailures,
  };
}

function buildConnection(parts: CheckerParts): ConnectionConfig {
  const { checker, server, service } = parts;
  const timeout = checker.connectTimeoutUs ?? server.connectTimeoutUs ?? service.connectTimeoutUs;
  const built: Mutable<ConnectionConfig> = {
    address: checker.connectAddress ?? server.address,
    port: checker.connectPort ?? server.checkedPort ?? server.port,
    connectTimeout: durationUs(timeout ?? 5_000_000),
  };
  if (checker.bindAddress !== undefined) built.bindAddress = checker.bindAddress;
  if (checker.bindPort !== undefined) built.bindPort = checker.bindPort;
  if (checker.bindInterface !== undefined) built.bindInterface = checker.bindInterface;
  if (checker.mark !== undefined) built.mark = checker.mark;
  return built;
}

function buildChecker(parts: CheckerParts): CheckerConfig {
  const { checker, server, service } = parts;
  const base = buildBase(parts);
  const connection = buildConnection(parts);
  switch (checker.kind) {
    case 'TCP_CHECK':
    case 'PING_CHECK':
      return { ...base, kind: checker.kind, connection };
    case 'SMTP_CHECK': {
      const heloName = checker.heloName ?? DEFAULT_HELO_NAME;
      return { ...base, kind: 'SMTP_CHECK', connection, heloName };
    }
    case 'DNS_CHECK': {
      const name = checker.dnsName ?? '.';
      return { ...base, kind: 'DNS_CHECK', connection, queryType: checker.dnsType, name };
    }
    case 'HTTP_GET':
    case 'SSL_GET': {
      const host = checker.virtualHost ?? server.virtualHost ?? service.virtualHost;
      return {
        ...base,
        kind: checker.kind,
        connection,
        httpProtocol: checker.httpProtocol,
        ...(host === undefined ? {} : { virtualHost: host }),
        fastRecovery: checker.fastRecovery,
        enableSni: checker.enableSni,
        ...(checker.sniName === undefined ? {} : { sniName: checker.sniName }),
        urls: checker.urls.map(buildUrl),
      };
    }
    case 'MISC_CHECK':
      return {
        ...base,
        kind: 'MISC_CHECK',
        ...(checker.script === undefined ? { arguments: [] } : notifyScript(checker.script)),
        timeout: durationUs(checker.miscTimeoutUs ?? base.delayLoop),
        dynamicWeight: checker.dynamic,
      };
    case 'UDP_CHECK':
      return {
        ...base,
        kind: 'UDP_CHECK',
        connection,
        payload: checker.payload,
        requireReply: checker.requireReply,
        ...(checker.reply === undefined ? {} : { reply: checker.reply }),
        minReplyLength: checker.minReply,
        maxReplyLength: checker.maxReply,
      };
    case 'BFD_CHECK':
      return { ...base, kind: 'BFD_CHECK', session: checker.bfd ?? '' };
    case 'FILE_CHECK':
      return {
        ...base,
        kind: 'FILE_CHECK',
        trackFile: checker.trackFile?.name ?? '',
        path: checker.trackFile?.path ?? '',
        weight: checker.weight ?? checker.trackFile?.weight ?? 1,
        reverse: checker.reverse || (checker.trackFile?.reverse ?? false),
      };
  }
}

function buildUrl(draft: UrlDraft): HttpUrl {
  return {
    path: draft.path ?? '/',
    statusCodes: draft.ranges,
    tlsCompliant: draft.tlsCompliant ?? false,
    ...(draft.digest === undefined ? {} : { digest: draft.digest }),
    ...(draft.virtualHost === undefined ? {} : { virtualHost: draft.virtualHost }),
    ...(draft.regex === undefined ? {} : { regex: draft.regex }),
  };
}

/** The BFD sessions; weights come from the VRRP half. */
export function buildBfd(
  sessions: readonly BfdDraft[],
  weights: readonly { readonly name: string; readonly weight: number; readonly reverse: boolean }[],
): BfdConfig {
  return {
    sessions: sessions.flatMap((one): BfdSessionConfig[] => {
      if (one.neighborAddress === undefined) return [];
      const weight = weights.find((other) => other.name === one.name);
      const everybody = !one.forVrrp && !one.forChecker;
      return [
        {
          name: one.name,
          neighborAddress: one.neighborAddress,
          ...(one.sourceAddress === undefined ? {} : { sourceAddress: one.sourceAddress }),
          minRx: one.minRx ?? milliseconds(10),
          minTx: one.minTx ?? milliseconds(10),
          idleTx: one.idleTx ?? milliseconds(1000),
          multiplier: one.multiplier ?? 5,
          passive: one.passive ?? false,
          ttl: one.ttl ?? 255,
          maxHops: one.maxHops ?? 0,
          ...(one.multihop === true ? { multihop: true } : {}),
          weight: weight?.weight ?? 0,
          reverse: weight?.reverse ?? false,
          vrrp: everybody || one.forVrrp,
          checker: everybody || one.forChecker,
        },
      ];
    }),
  };
}
