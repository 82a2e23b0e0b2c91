/** The checkers' log lines, in keepalived 2.2.7's words. Source: recordings k01 to k55, v01. */

function retriesOf(count: number): string {
  return count === 1 ? 'retry' : 'retries';
}

/** One formatter a line; `server` and `service` are names such as `[10.0.0.1]:tcp:80`. */
export const checkText = {
  activating: (enabled: boolean, server: string, service: string) =>
    `${enabled ? 'A' : 'Dea'}ctivating healthchecker for service ${server} for VS ${service}`,
  switched: (enabled: boolean, server: string, service: string) =>
    `${enabled ? 'Activat' : 'Suspend'}ing healthchecker for service ${server} for VS ${service}`,
  activatingBfd: () => 'Activating BFD healthchecker',
  bindFailed: (error: string) => `Checker bind failed: ${error}`,
  /** No attempt came about: nothing is judged. Source: recording k236. */
  rescheduled: {
    tcp: () => 'TCP socket bind failed. Rescheduling.',
    web: () => 'WEB socket bind failed. Rescheduling',
    smtp: () => 'SMTP_CHECK socket bind failed. Rescheduling.',
    dns: (server: string) => `DNS_CHECK (${server}) UDP socket bind failed. Rescheduling.`,
  },
  udpBindFailed: (errno: number, error: string) => `bind failed. errno: ${errno}, error: ${error}`,
  tcpSuccess: (server: string) => `TCP connection to ${server} success.`,
  tcpFailure: (server: string, text: string) => `TCP connection to ${server} ${text}.`,
  tcpDown: (server: string) => `TCP_CHECK on service ${server} failed`,
  udpSuccess: (server: string) => `UDP connection to ${server} success.`,
  udpFailure: (server: string, text: string) =>
    text === 'mismatch'
      ? `UDP check to ${server} reply data mismatch.`
      : `UDP connection to ${server} failed.`,
  udpDown: (server: string) => `UDP_CHECK on service ${server} failed`,
  pingSuccess: (server: string) => `ICMP connection to ${server} success.`,
  pingFailure: (server: string, service: string, text: string) =>
    text === 'timeout'
      ? `ICMP connection to address ${server} timeout.`
      : `ICMP connection to ${server} of ${service} failed.`,
  pingDown: (server: string, service: string) =>
    `ICMP CHECK on service ${server} of ${service} failed`,
  pingDownAtOnce: (server: string) => `ICMP CHECK on service ${server} failed`,
  afterRetries: (retries: number) => ` after ${retries} retries`,
  /** MISC_CHECK's own words: what is left to try, and what was tried. */
  scriptRetry: (done: number, retry: number) =>
    done === 0 ? `, will do ${retry} ${retriesOf(retry)}` : ` on retry ${done}/${retry}`,
  afterScriptRetries: (retry: number) =>
    retry === 0 ? ' with retry disabled' : ` after ${retry} ${retriesOf(retry)}`,
  urlSuccess: (what: string, server: string, path: string) =>
    `${what} success to ${server} url(${path})`,
  urlFailure: (what: string, server: string) => `${what} server ${server}.`,
  urlLength: (
    about: { server: string; service: string; url: string },
    { declared, received }: { declared: number; received: number },
  ) =>
    `http_check for RS ${about.server} VS ${about.service} url ${about.url}: ` +
    `content_length (${declared}) does not match received bytes (${received})`,
  httpUp: (server: string) => `Remote Web server ${server} succeed on service.`,
  httpDown: (server: string) => `HTTP_CHECK on service ${server} failed`,
  smtpUp: (server: string) => `Remote SMTP server ${server} succeed on service.`,
  smtpFailure: (text: string) => `SMTP_CHECK ${text}`,
  dnsFailure: (server: string, text: string) => `DNS_CHECK (${server}) ${text}`,
  misc: (about: { server: string; service: string; path: string }, text: string) =>
    `Misc check for [${about.server} VS ${about.service}] by [${about.path}] ${text}.`,
  fileFault: (server: string, file: string, down: boolean) =>
    `(${server}): tracked file ${file} ${down ? 'now' : 'leaving'} FAULT state`,
  bfd: (session: string, server: string, up: boolean) =>
    `BFD check of [${session}] RS(${server}) is ${up ? 'UP' : 'DOWN'}`,
} as const;
