/** `http://HOST[:PORT][/PATH]` taken apart; hosts may be IPv6 literals in brackets. */

/** The parts of a URL. */
export interface HttpUrl {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  /** Path with query. */
  readonly target: string;
  /** What the Host field says: the host, and the port unless it is the scheme's own. */
  readonly authority: string;
}

/** Reads a URL; without a scheme it is http. */
export function parseHttpUrl(text: string): HttpUrl | 'unsupported-scheme' | undefined {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text);
  const name = (scheme?.[1] ?? 'http').toLowerCase();
  if (name !== 'http' && name !== 'https') return 'unsupported-scheme';
  const rest = text.slice(scheme?.[0].length ?? 0);
  const match = /^(\[[0-9a-fA-F:.]+\]|[^\s/:?#]+)(?::(\d{1,5}))?([/?#].*)?$/.exec(rest);
  if (match === null) return undefined;
  const [, bracketed = '', digits, path = '/'] = match;
  const usual = name === 'http' ? 80 : 443;
  const port = digits === undefined ? usual : Number(digits);
  if (port < 1 || port > 65_535) return undefined;
  const target = path.replace(/#.*$/, '');
  return {
    scheme: name,
    host: bracketed.replace(/^\[|\]$/g, ''),
    port,
    target: target.startsWith('/') ? target : `/${target}`,
    authority: port === usual ? bracketed : `${bracketed}:${port}`,
  };
}
