import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { resolveNothing, runIpvsadm } from '../../../sim/host/ipvsadm-run.ts';
import { makeSmallLan } from '../kernel/small-lan.ts';

const FILE = process.env['CLI'] ?? '';
it('cli', () => {
  const ipvs = makeSmallLan().addHost('director').ipvs;
  const parts = readFileSync(FILE, 'utf8').split(/^\$ /m).slice(1);
  const kinds = new Map<string, number>();
  let bad = 0;
  for (const part of parts) {
    const nl = part.indexOf('\n');
    const line = part.slice(0, nl);
    const rest = part.slice(nl + 1);
    const m = /\[rc (\d+)\]\n\n$/.exec(rest);
    const theirs = { code: Number(m?.[1]), text: rest.slice(0, m?.index) };
    const args = line.replace(/ 2>&1.*/, '').split(' ').slice(1).filter((w) => w !== '');
    let ours: { code: number; text: string };
    try {
      const { code, out, err } = runIpvsadm(ipvs, args, { stdin: '', resolve: resolveNothing });
      ours = { code, text: out + err };
    } catch (e) { ours = { code: -1, text: String(e) }; }
    if (line.includes('head')) continue;
    if (ours.code !== theirs.code || ours.text !== theirs.text) {
      bad++;
      if (bad < 40) console.log(`$ ${line}\n--theirs ${theirs.code}\n${theirs.text.slice(0, 600)}--ours ${ours.code}\n${ours.text.slice(0, 600)}`);
    }
  }
  console.log(parts.length, 'commands', bad, 'differ');
  expect(bad).toBe(0);
});
