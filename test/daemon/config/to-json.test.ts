/** The JSON form, and that it knows every field that needs a unit. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configToJson, type JsonObject } from '../../../daemon/config/to-json.ts';
import { instanceText, loadText } from './memory-files.ts';

const typeFiles = [
  'vrrp/vrrp-config.ts',
  'lvs/lvs-config.ts',
  'check/checker-config.ts',
  'bfd/bfd-config.ts',
  'config/global-config.ts',
];

describe('configToJson', () => {
  it('writes addresses as text and times in seconds', () => {
    const text = instanceText([
      'advert_int 0.5',
      'version 3',
      'unicast_peer {',
      '  192.168.200.3',
      '}',
      'authentication {',
      '  auth_type PASS',
      '  auth_pass secret',
      '}',
    ]);
    const { vrrp } = configToJson(loadText(text).config) as { vrrp: JsonObject };
    const [instance] = vrrp['instances'] as readonly JsonObject[];
    expect(instance).toMatchObject({
      name: 'VI_1',
      advertIntervalSeconds: 0.5,
      multicastGroup: '224.0.0.18',
      addresses: [{ address: '192.168.200.100', length: 24 }],
      unicastPeers: [{ address: '192.168.200.3' }],
    });
    expect(JSON.parse(JSON.stringify(instance))).toEqual(instance);
  });

  it('leaves no time and no address as a bare number', () => {
    const source = readFileSync(
      join(import.meta.dirname, '../../../daemon/config/to-json.ts'),
      'utf8',
    );
    const missing = typeFiles.flatMap((file) => {
      const text = readFileSync(join(import.meta.dirname, '../../../daemon', file), 'utf8');
      const fields = text.matchAll(/readonly (\w+)\??: (?:DurationUs|IpAddress|MacAddress)\b/g);
      return [...fields].map((one) => one[1] as string).filter((name) => !named(source, name));
    });
    expect(missing).toEqual([]);
  });
});

function named(source: string, field: string): boolean {
  return new RegExp(`[\\s\`']${field}[\\s\`']`).test(source);
}
