/** The run of row E9 with the packets of all its cables, as the packet list and as a capture have them. */

import { Capture, captureCable } from '../../../sim/lan/capture.ts';
import { startRun } from '../../../sim/scenario/run.ts';
import { parsePacketFilter } from '../../../sim/session/packet-filter.ts';
import { type PacketRecord, PacketStore } from '../../../sim/session/packet-store.ts';
import { dissectRecord } from '../../../sim/session/packet-views.ts';
import { scenarioOf } from './session-kit.ts';

export const DYING_DIRECTOR =
  'scenarios/seeds/five-directors/connection-when-the-director-dies.twin.yml';

/** The filters of the article. */
export const ARTICLE_FILTERS = [
  'vrrp',
  'vrrp and vrrp.auth_string == "ghi678"',
  'ip.addr == 192.168.100.223',
  'http and ip.addr == 192.168.100.150',
  'http.user_agent == "KeepAliveClient"',
] as const;

/** Runs the scenario and keeps what crosses the cables of these hosts. */
export function capturedRun(hosts: readonly string[]) {
  const capture = new Capture();
  const run = startRun(scenarioOf(DYING_DIRECTOR), {
    onStart: (lan) => {
      for (const cable of lan.cables) {
        if (hosts.some((host) => cable.a.id.startsWith(`${host}:`))) captureCable(cable, capture);
      }
    },
  });
  run.finish();
  const store = new PacketStore(1_000_000);
  const records = capture.frames.map(({ at, frame }) =>
    store.add({ at, cable: 0, fromEnd: 'a', frame }),
  );
  return { frames: capture.frames, records, epochUs: run.lan.spec.epochUs };
}

/** Numbers of the records that a filter shows. */
export function shownBy(records: readonly PacketRecord[], filter: string): number[] {
  const read = parsePacketFilter(filter);
  if ('problem' in read) throw new Error(read.problem.message);
  return records.filter((one) => read.filter(dissectRecord(one).fields)).map((one) => one.id);
}
