/** The nodes of a scenario as checks want them: each host with its configuration and its machine. */

import { expandPattern } from '../../../daemon/base/file-pattern.ts';
import { loadConfig } from '../../../daemon/config/load-config.ts';
import { decodeUtf8 } from '../../../daemon/wire/text.ts';
import { KEEPALIVED_CONF } from '../read-host-files.ts';
import type { Scenario } from '../scenario.ts';
import type { CheckedNode } from './check.ts';

/** Hosts with a keepalived.conf; `sources` (of the loader) tells what their files are called. */
export function scenarioNodes(
  scenario: Scenario,
  sources: ReadonlyMap<string, string>,
): readonly CheckedNode[] {
  return scenario.lan.hosts.flatMap((host): readonly CheckedNode[] => {
    const files = new Map(host.files);
    const bytes = files.get(KEEPALIVED_CONF);
    if (bytes === undefined) return [];
    const text = decodeUtf8(bytes);
    const file = [...sources].find(([, source]) => source === text)?.[0] ?? scenario.file;
    const { config } = loadConfig({
      path: KEEPALIVED_CONF,
      readFile: (path) => files.get(path),
      expandPattern: (pattern) => expandPattern([...files.keys()], pattern),
      hostname: host.name,
      version: scenario.lan.keepalivedVersion,
      ...(host.configId === undefined ? {} : { configId: host.configId }),
      random: { uint32: () => 0 },
    });
    return [{ name: host.name, file, config, host }];
  });
}
