/**
 * Health checkers of a keepalived.conf, settings already inherited: virtual server, real server, checker.
 * One flat list; a real server names its own by index (`lvs/lvs-config.ts`).
 *
 * Source: keepalived.conf(5) and the dump of 2.2.7.
 */

import type { DurationUs } from '../base/time.ts';
import type { IpAddress } from '../wire/ip-address.ts';

/** All checkers, and what SSL_GET needs besides. */
export interface CheckConfig {
  readonly checkers: readonly CheckerConfig[];
  /** The block `SSL`: names of files. */
  readonly ssl?: SslConfig;
}

/** The block `SSL`. */
export interface SslConfig {
  readonly password?: string;
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
}

/** Every kind of checker. */
export type CheckerConfig =
  | TcpChecker
  | HttpChecker
  | SmtpChecker
  | DnsChecker
  | MiscChecker
  | PingChecker
  | UdpChecker
  | BfdChecker
  | FileChecker;

/** What all checkers share. Times in µs. */
export interface CheckerBase {
  /** Indices into `LvsConfig.virtualServers` and its `realServers`. */
  readonly virtualServer: number;
  readonly realServer: number;
  readonly enabled: boolean;
  readonly delayLoop: DurationUs;
  /** Bound of the random delay before the first check; 0: none. Absent in the file: delayLoop. */
  readonly warmup: DurationUs;
  readonly retry: number;
  readonly delayBeforeRetry: DurationUs;
  readonly alpha: boolean;
  readonly logAllFailures: boolean;
}

/** Where a checker that uses the network connects to. */
export interface ConnectionConfig {
  readonly address: IpAddress;
  readonly port: number;
  readonly bindAddress?: IpAddress;
  readonly bindPort?: number;
  readonly bindInterface?: string;
  readonly mark?: number;
  readonly connectTimeout: DurationUs;
}

/** `TCP_CHECK`. */
export interface TcpChecker extends CheckerBase {
  readonly kind: 'TCP_CHECK';
  readonly connection: ConnectionConfig;
}

/** `HTTP_GET` and `SSL_GET`. */
export interface HttpChecker extends CheckerBase {
  readonly kind: 'HTTP_GET' | 'SSL_GET';
  readonly connection: ConnectionConfig;
  readonly httpProtocol: '1.0' | '1.0C' | '1.1';
  readonly virtualHost?: string;
  readonly fastRecovery: boolean;
  readonly enableSni: boolean;
  readonly sniName?: string;
  readonly urls: readonly HttpUrl[];
}

/** One `url` block. */
export interface HttpUrl {
  readonly path: string;
  /** 32 hexadecimal digits of an MD5. */
  readonly digest?: string;
  /** Ranges of acceptable codes; empty: 200..299 unless a digest or regex decides. */
  readonly statusCodes: readonly { readonly first: number; readonly last: number }[];
  readonly virtualHost?: string;
  readonly regex?: HttpRegex;
  readonly tlsCompliant: boolean;
}

/** `regex` and its options. */
export interface HttpRegex {
  readonly pattern: string;
  readonly noMatch: boolean;
  readonly options: readonly string[];
  readonly minOffset: number;
  readonly maxOffset?: number;
}

/** `SMTP_CHECK`; old `host` blocks give several connections. */
export interface SmtpChecker extends CheckerBase {
  readonly kind: 'SMTP_CHECK';
  readonly heloName: string;
  readonly connection: ConnectionConfig;
}

/** Record types DNS_CHECK asks for. */
export type DnsQueryType = 'A' | 'NS' | 'CNAME' | 'SOA' | 'MX' | 'TXT' | 'AAAA';

/** `DNS_CHECK`. */
export interface DnsChecker extends CheckerBase {
  readonly kind: 'DNS_CHECK';
  readonly connection: ConnectionConfig;
  readonly queryType: DnsQueryType;
  readonly name: string;
}

/** `MISC_CHECK`. */
export interface MiscChecker extends CheckerBase {
  readonly kind: 'MISC_CHECK';
  readonly arguments: readonly string[];
  readonly timeout: DurationUs;
  readonly dynamicWeight: boolean;
  readonly user?: string;
  readonly group?: string;
}

/** `PING_CHECK`. */
export interface PingChecker extends CheckerBase {
  readonly kind: 'PING_CHECK';
  readonly connection: ConnectionConfig;
}

/** `UDP_CHECK`. */
export interface UdpChecker extends CheckerBase {
  readonly kind: 'UDP_CHECK';
  readonly connection: ConnectionConfig;
  readonly payload: Uint8Array;
  readonly requireReply: boolean;
  /** Expected bytes; a mask nibble of 0 is a wildcard. */
  readonly reply?: { readonly bytes: Uint8Array; readonly mask: Uint8Array };
  readonly minReplyLength: number;
  readonly maxReplyLength: number;
}

/** `BFD_CHECK`. */
export interface BfdChecker extends CheckerBase {
  readonly kind: 'BFD_CHECK';
  readonly session: string;
}

/** `FILE_CHECK`. */
export interface FileChecker extends CheckerBase {
  readonly kind: 'FILE_CHECK';
  readonly trackFile: string;
  readonly path: string;
  readonly weight: number;
  readonly reverse: boolean;
}
