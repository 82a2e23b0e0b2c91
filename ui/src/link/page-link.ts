/**
 * Opens the link that this page was made for: a WebSocket to the server that served it, or, in a static page, a worker.
 * The server's token stands in the URL's fragment, goes to the server as a WebSocket subprotocol, and is kept for this
 * tab so that a reload still works.
 */

import { openStaticLink } from './static-link.ts';
import { type LinkListener, openSocketLink, type TwinLink } from './twin-link.ts';

const TOKEN_KEY = 'lantwin.token';
const SUBPROTOCOL = 'lantwin.v1';

/** Connects the page. */
export function openPageLink(listener: LinkListener): TwinLink {
  const transport = document.querySelector<HTMLMetaElement>('meta[name="lantwin-transport"]');
  if (transport?.content === 'worker') return openStaticLink(listener);
  const token = takeToken();
  const url = new URL('ws', location.href);
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  url.hash = '';
  url.search = '';
  const protocols = token === undefined ? [SUBPROTOCOL] : [SUBPROTOCOL, `token.${token}`];
  return openSocketLink({ url: url.href, protocols }, listener);
}

/** Takes the token out of the address bar, where it would be copied along with a link. */
function takeToken(): string | undefined {
  const params = new URLSearchParams(location.hash.slice(1));
  const token = params.get('token');
  if (token === null) return sessionStorage.getItem(TOKEN_KEY) ?? undefined;
  sessionStorage.setItem(TOKEN_KEY, token);
  params.delete('token');
  history.replaceState(undefined, '', `#${params}`);
  return token;
}
