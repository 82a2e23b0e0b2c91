/**
 * The view's state in the URL's fragment, which never reaches a server: moment, selection, tabs, filter, theme, and Grafana's
 * `kiosk` and `embed`. A link
 * to a moment is this text. Unknown keys (such as the server's token) are kept as they are.
 */

/** What of the view a link carries. */
export interface ViewAddress {
  /** Virtual time in µs; absent: wherever the session is. */
  readonly t?: number;
  /** `node:srv-1`, `cable:srv-1:eth1-sw1:1`. */
  readonly sel?: string;
  /** The packet that is looked into. */
  readonly p?: string;
  /** The scenario that it is about, as the session calls it. */
  readonly s?: string;
  readonly tab?: string;
  /** The packet filter. */
  readonly f?: string;
  readonly theme?: 'light' | 'dark';
  /** `kiosk` and `embed` of the address; absent: all of the page. */
  readonly frame?: Frame;
  /** The tab of a host's panel. */
  readonly htab?: string;
}

/** How much of the page is shown. */
export type Frame = 'full' | 'kiosk' | 'embed';

const OWN = ['t', 's', 'sel', 'p', 'tab', 'f', 'theme', 'htab', 'kiosk', 'embed'];

/** Reads a fragment with or without its `#`. Malformed values are left out. */
export function parseAddress(fragment: string): ViewAddress {
  const params = new URLSearchParams(fragment.replace(/^#/, ''));
  const t = params.get('t');
  const theme = params.get('theme');
  return {
    ...(t !== null && /^\d{1,15}$/.test(t) ? { t: Number(t) } : {}),
    ...textOf(params, 'sel'),
    ...textOf(params, 'p'),
    ...textOf(params, 's'),
    ...textOf(params, 'tab'),
    ...textOf(params, 'f'),
    ...textOf(params, 'htab'),
    ...(theme === 'light' || theme === 'dark' ? { theme } : {}),
    ...(params.has('embed') ? { frame: 'embed' } : params.has('kiosk') ? { frame: 'kiosk' } : {}),
  };
}

/** Writes the view into a fragment, keeping what others put there. */
export function formatAddress(view: ViewAddress, fragment: string): string {
  const params = new URLSearchParams(fragment.replace(/^#/, ''));
  for (const key of OWN) params.delete(key);
  for (const [key, value] of Object.entries(view)) {
    if (key === 'frame') {
      if (value !== 'full') params.set(String(value), '1');
    } else if (value !== undefined && value !== '') params.set(key, String(value));
  }
  return `#${params}`;
}

function textOf<K extends 'sel' | 'p' | 's' | 'tab' | 'f' | 'htab'>(
  params: URLSearchParams,
  key: K,
): { [P in K]?: string } {
  const value = params.get(key);
  const found: { [P in K]?: string } = {};
  if (value !== null && value !== '' && value.length <= 500) found[key] = value;
  return found;
}
