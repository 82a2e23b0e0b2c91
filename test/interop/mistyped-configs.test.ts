/**
 * `keepalived -t` and our reader over the same mistyped files, in a namespace with the same interfaces: every line and the
 * exit code must be the same. Where 2.2.7 crashes or never ends, nothing is compared. LANTWIN_CONFIG_SEED and LANTWIN_CONFIG_COUNT look further.
 */

import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../daemon/config/load-config.ts';
import type { ConfigInterface } from '../../daemon/config/parse-context.ts';
import { parsePrefix } from '../../daemon/wire/ip-address.ts';
import type { Lab } from './lab.ts';
import { mistypedConfigs } from './mistyped-configs.ts';
import { inLab } from './probe.ts';
import { whyNot } from './requirements.ts';

const MISSING = whyNot('root', 'namespaces', 'keepalived');
const SEED = process.env['LANTWIN_CONFIG_SEED'] ?? '1';
/** 2.2.7 needs some ms, or reads on for ever. */
const LONGEST_MS = 5000;
const COUNT = Number(process.env['LANTWIN_CONFIG_COUNT'] ?? 150);

test(
  `${COUNT} mistyped files (seed ${SEED}): the same lines and exit codes as keepalived -t`,
  async (context) => {
    context.skip(MISSING !== undefined, MISSING);
    await inLab(async (lab) => {
      const interfaces = addInterfaces(lab);
      let compared = 0;
      for (const [index, text] of mistypedConfigs(SEED, COUNT).entries()) {
        const name = `file-${index}.conf`;
        writeFileSync(join(lab.folder, name), text, 'latin1');
        const words = ['netns', 'exec', lab.namespaceOf('router'), 'keepalived', '-t', '-f', name];
        const real = spawnSync('ip', words, {
          cwd: lab.folder,
          encoding: 'utf8',
          timeout: LONGEST_MS,
        });
        if (real.status === null || real.status > 128) continue;
        compared++;
        const ours = readAs(lab.folder, name, interfaces);
        const lines = real.stderr.split('\n').filter((line) => line !== '');
        expect({ text, ...ours }).toEqual({ text, lines, exitCode: real.status });
      }
      expect(compared).toBeGreaterThan(COUNT * 0.9);
    });
  },
  120_000 + COUNT * 400,
);

/** eth0 to eth3 as in the recorded cases; IPv6 stays off, so that only these addresses are there. */
function addInterfaces(lab: Lab): readonly ConfigInterface[] {
  lab.addHost('router');
  lab.exec('router', ['sysctl', '-q', '-w', 'net.ipv6.conf.all.disable_ipv6=1']);
  const names = ['eth0', 'eth1', 'eth2', 'eth3'];
  for (const [index, name] of names.entries()) {
    if (name !== 'eth0') {
      lab.exec('router', [
        'ip',
        'link',
        'add',
        name,
        'type',
        'veth',
        'peer',
        'name',
        `far${index}`,
      ]);
      lab.exec('router', ['ip', 'link', 'set', name, 'up']);
      lab.exec('router', ['ip', 'link', 'set', `far${index}`, 'up']);
    }
    lab.exec('router', ['ip', 'address', 'add', `192.168.20${index}.2/24`, 'dev', name]);
  }
  const cards = names.map((name, index) => {
    const line = lab.exec('router', ['ip', '-o', 'link', 'show', 'dev', name]);
    const addresses = [parsePrefix(`192.168.20${index}.2/24`) ?? []].flat();
    return { name, index: Number.parseInt(line, 10), mtu: 1500, addresses };
  });
  const own = [parsePrefix('127.0.0.1/8') ?? []].flat();
  return [{ name: 'lo', index: 1, mtu: 65_536, loopback: true, addresses: own }, ...cards];
}

/** What our reader says in keepalived's words, knowing what this machine has. */
function readAs(folder: string, name: string, interfaces: readonly ConfigInterface[]) {
  const known = (file: string) => {
    const names = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(':')[0]);
    return (one: string) => names.includes(one);
  };
  let drawn = 0;
  const { keepalivedLines, exitCode } = loadConfig({
    path: name,
    hostname: 'router',
    interfaces,
    readFile: (path) => {
      const file = path.startsWith('/') ? path : join(folder, path);
      return existsSync(file) && statSync(file).isFile() ? readFileSync(file) : undefined;
    },
    expandPattern: () => [],
    isExecutable,
    hasUser: known('/etc/passwd'),
    hasGroup: known('/etc/group'),
    random: { uint32: () => drawn++ },
  });
  return { lines: keepalivedLines, exitCode };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
