/** Which node a keepalived.conf is of: its host name, as far as the path says it. */

/** Parts of a path that name no node. */
const PLACES = new Set(['etc', 'keepalived', 'files', 'templates', '.']);

/** `srv-1` of `nodes/srv-1.conf`, `srv-1/keepalived.conf`, `srv-1/etc/keepalived/keepalived.conf`. */
export function nodeName(file: string): string {
  const parts = file.split(/[/\\]/);
  const base = (parts.at(-1) ?? file).replace(/\.conf$/, '');
  if (base !== 'keepalived') return base;
  const folder = parts.slice(0, -1).findLast((part) => part !== '' && !PLACES.has(part));
  return folder ?? base;
}
