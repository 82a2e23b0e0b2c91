import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Configuration, configurationDifferences, readArpMatrix } from './arp-matrix.ts';

const FILE = fileURLToPath(new URL('./ipvs/lvs-dr-arp/arp-matrix.json', import.meta.url));
const CONFIGURATIONS = readArpMatrix(FILE);

describe('who answers ARP for the VIP, and where the connection goes', () => {
  it('24 configurations were recorded', () => expect(CONFIGURATIONS).toHaveLength(24));

  for (const configuration of CONFIGURATIONS) {
    it(configuration.name, () => expect(configurationDifferences(configuration)).toEqual([]));
  }
});

describe('the replay notices', () => {
  const safe = CONFIGURATIONS.find(({ name }) => /arp_ignore=1 all.arp_announce=2/.test(name));

  it('another setting than the recorded one', () => {
    const changed = { ...safe, sysctl: { 'all.arp_ignore': 0 } } as Configuration;
    expect(configurationDifferences(changed).join()).toMatch(
      /answered by director rs1 rs2, recorded/,
    );
  });
});
