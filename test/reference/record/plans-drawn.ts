/**
 * Plans that chance draws: `drawn-17` is always the same one. A shape (pair, three nodes, group over two LANs, unicast, IPv6,
 * virtual MAC …), options in combination, sometimes one node that differs, then two to four disturbances. Meant to find what
 * nobody thought of: record some, `npm run reference -- OUTPUT`, and keep those that differed.
 */

import { chanceOf } from './chance.ts';
import { draftText, drawLan } from './drawn-lan.ts';
import { disturbances } from './drawn-steps.ts';
import type { Plan } from './plan.ts';

/** The plan named `drawn-NUMBER`; `undefined` when `id` is no such name. */
export function drawnPlan(id: string): Plan | undefined {
  const number = /^drawn-(\d+)$/.exec(id)?.[1];
  if (number === undefined) return undefined;
  const chance = chanceOf(Number(number));
  const lan = drawLan(chance);
  const { steps, end } = disturbances(chance, lan);
  const isIpv6 = lan.shape.startsWith('ipv6');
  return {
    id,
    title: `drawn: ${lan.shape}`,
    configs: Object.fromEntries(lan.nodes.map((one) => [one.node, draftText(one)])),
    lans: lan.shape === 'group' || lan.shape === 'track-link' ? 2 : 1,
    ipv6: isIpv6,
    pingTo: isIpv6 ? 'fd00:100::100' : '192.168.100.100',
    steps,
    end,
  };
}
