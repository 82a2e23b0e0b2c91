/** The files of a virtual host: its keepalived.conf and everything of the map `files:`. */

import { encodeUtf8 } from '../../daemon/wire/text.ts';
import type { Reading } from './reading.ts';
import type { RawHost } from './schema/lan-schema.ts';
import type { PathPart } from './yaml-source.ts';

/** Where keepalived looks for its configuration. */
export const KEEPALIVED_CONF = '/etc/keepalived/keepalived.conf';

/** Path on the host and content, keepalived.conf first. */
export function readHostFiles(
  host: RawHost,
  path: readonly PathPart[],
  reading: Reading,
): readonly (readonly [string, Uint8Array])[] {
  const files = new Map<string, Uint8Array>();
  const config = configPath(host);
  if (config !== undefined) {
    const bytes = reading.fileAt(config, configPlace(host, path));
    if (bytes !== undefined) files.set(KEEPALIVED_CONF, bytes);
  }
  for (const [name, content] of Object.entries(host.files ?? {})) {
    const at = [...path, 'files', name];
    const bytes =
      typeof content === 'string' ? reading.fileAt(content, at) : encodeUtf8(content.content);
    if (files.has(name)) {
      const message = `${name} is given by 'keepalived:' already`;
      reading.report({ code: 'scenario:duplicate-file', path: at, atKey: true, message });
    } else if (bytes !== undefined) files.set(name, bytes);
  }
  return [...files];
}

/** The keepalived.conf of a host as the scenario names it. */
export function configPath(host: RawHost): string | undefined {
  return typeof host.keepalived === 'string' ? host.keepalived : host.keepalived?.config;
}

/** Where the scenario names it. */
export function configPlace(host: RawHost, path: readonly PathPart[]): readonly PathPart[] {
  const below = typeof host.keepalived === 'string' ? [] : ['config'];
  return [...path, 'keepalived', ...below];
}
