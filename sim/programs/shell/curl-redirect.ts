/** Where a redirect leads, and with what method. Source: curl 7.88.1, lib/transfer.c (Curl_follow); RFC 9110 section 15.4. */

import type { HttpUrl } from '../http-url.ts';

/** The URL of a Location field as seen from a page. */
export function resolveLocation(url: HttpUrl, location: string): string {
  if (/^[a-z][a-z0-9+.-]*:/i.test(location)) return location;
  if (location.startsWith('//')) return `${url.scheme}:${location}`;
  const origin = `${url.scheme}://${url.authority}`;
  if (location.startsWith('/')) return `${origin}${location}`;
  const path = url.target.replace(/\?.*$/, '');
  if (location.startsWith('?')) return `${origin}${path}${location}`;
  return `${origin}${path.replace(/[^/]*$/, '')}${location}`;
}

/** Whether a POST goes on as a GET. */
export function dropsBody(status: number): boolean {
  return status >= 301 && status <= 303;
}
