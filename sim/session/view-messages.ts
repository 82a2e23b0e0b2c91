/** Answers to messages that only look: subscriptions, pages, details, captures, configurations, saving. */

import { expandInFolders } from '../../daemon/base/file-pattern.ts';
import { loadConfig } from '../../daemon/config/load-config.ts';
import { decodeUtf8, encodeUtf8 } from '../../daemon/wire/text.ts';
import { writePcapng } from '../report/pcapng-write.ts';
import { encodeBase64 } from './base64.ts';
import { eventChanges } from './event-changes.ts';
import { hopStory } from './hop-story.ts';
import type { LiveSession, OpenScenario } from './live-session.ts';
import { parsePacketFilter } from './packet-filter.ts';
import { dissectRecord, followStream, packetDetail } from './packet-views.ts';
import { type ClientMessage, LIMITS, type ServerMessage } from './protocol.ts';
import type { PacketRow } from './protocol-rows.ts';
import type { ConfigProblem } from './protocol-views.ts';
import { saveScenario } from './save-scenario.ts';
import type { Viewer } from './viewer.ts';

const CONFIG_PATH = '/etc/keepalived/keepalived.conf';
/** Bytes of one part of a capture file. */
const PART_BYTES = 98_304;
/** Frames that one page looks at. */
const PAGE_SEARCH_MAX = 60_000;

/** Answers one message; `false` when it is not one of these. */
export function answerView(
  session: LiveSession,
  open: OpenScenario,
  viewer: Viewer,
  message: ClientMessage,
): boolean {
  const { recorder } = open.timeline;
  const re = message.id === undefined ? {} : { re: message.id };
  switch (message.type) {
    case 'subscribe':
      viewer.subscribe(message.views);
      viewer.done(message.id);
      return true;
    case 'packet-page':
      viewer.tell({
        type: 'packets',
        how: 'page',
        rows: pageOf(open, viewer, message),
        ...viewer.counts,
        ...re,
      });
      return true;
    case 'packet':
    case 'follow': {
      const record = recorder.packets.get(message.packet);
      if (record === undefined) {
        viewer.refuse('unknown-name', `frame ${message.packet} is not kept`, message.id);
      } else if (message.type === 'packet') {
        // What real machines did to a frame cannot be played again.
        const hops =
          session.options.realTime === undefined
            ? hopStory(record, recorder, (at) => open.timeline.replayBefore(at))
            : [];
        viewer.tell({ type: 'packet-detail', ...re, detail: packetDetail(record, recorder, hops) });
      } else {
        const stream = followStream(record, recorder);
        if (stream === undefined) viewer.refuse('refused', 'this frame is no TCP', message.id);
        else viewer.tell({ ...stream, ...re });
      }
      return true;
    }
    case 'event':
      answerEvent(open, viewer, message);
      return true;
    case 'pcapng':
      sendCapture(session, open, viewer, message);
      return true;
    case 'config':
    case 'check-config':
      answerConfig(open, viewer, message);
      return true;
    case 'save': {
      const saved = saveScenario(open.timeline, message);
      viewer.tell({ type: 'saved', ...re, ...saved });
      return true;
    }
    default:
      return false;
  }
}

function answerEvent(
  open: OpenScenario,
  viewer: Viewer,
  message: ClientMessage & { readonly type: 'event' },
): void {
  const found = open.timeline.run.engine.log.events[message.event];
  if (found === undefined) {
    viewer.refuse('unknown-name', `there is no event ${message.event}`, message.id);
    return;
  }
  const replay = open.timeline.replayBefore(found.at);
  // What was recorded while the LAN was built has nothing before it.
  const told = eventChanges(message.event, found.at, replay) ?? { changes: [], omitted: 0 };
  const re = message.id === undefined ? {} : { re: message.id };
  viewer.tell({ type: 'event-detail', ...re, event: message.event, ...told });
}

function pageOf(
  open: OpenScenario,
  viewer: Viewer,
  page: ClientMessage & { readonly type: 'packet-page' },
): readonly PacketRow[] {
  const { packets } = open.timeline.recorder;
  const rows: PacketRow[] = [];
  const isForward = page.after !== undefined;
  let id = isForward
    ? (page.after ?? 0) + 1
    : Math.min(page.before ?? packets.total + 1, packets.total + 1) - 1;
  if (isForward) id = Math.max(id, packets.firstId);
  const step = isForward ? 1 : -1;
  for (let looked = 0; looked < PAGE_SEARCH_MAX && rows.length < page.count; looked++) {
    const record = packets.get(id);
    if (record === undefined) break;
    const row = viewer.wants(record);
    if (row !== undefined) rows.push(row);
    id += step;
  }
  return isForward ? rows : rows.reverse();
}

function sendCapture(
  session: LiveSession,
  open: OpenScenario,
  viewer: Viewer,
  message: ClientMessage & { readonly type: 'pcapng' },
): void {
  const read = parsePacketFilter(message.filter ?? '');
  if ('problem' in read) {
    viewer.refuse('bad-arguments', read.problem.message, message.id);
    return;
  }
  const { run, packets } = open.timeline.recorder;
  const { cables } = run.lan;
  if (message.cable !== undefined && !cables.some((cable) => cable.name === message.cable)) {
    viewer.refuse('unknown-name', 'there is no such cable', message.id);
    return;
  }
  const frames = [];
  for (let id = packets.firstId; id <= packets.total; id++) {
    const record = packets.get(id);
    if (record === undefined) continue;
    if (message.cable !== undefined && cables[record.cable]?.name !== message.cable) continue;
    if (!read.filter(dissectRecord(record).fields)) continue;
    const remark = record.lost === undefined ? record.change : `lost: ${record.lost}`;
    frames.push({
      at: record.at as typeof run.engine.now,
      frame: record.frame,
      interfaceIndex: record.cable,
      direction: record.fromEnd === 'a' ? ('outbound' as const) : ('inbound' as const),
      ...(remark === undefined ? {} : { comment: remark }),
    });
  }
  const bytes = writePcapng({
    epochUs: run.lan.spec.epochUs,
    application: session.options.application,
    interfaces: cables.map((cable) => ({ name: cable.a.id, description: `cable ${cable.name}` })),
    frames,
  });
  const re = message.id === undefined ? {} : { re: message.id };
  const fileName = 'lantwin.pcapng';
  for (let part = 0; part * PART_BYTES < bytes.length; part++) {
    const end = (part + 1) * PART_BYTES;
    const base64 = encodeBase64(bytes.subarray(part * PART_BYTES, end));
    viewer.tell({ type: 'pcapng', ...re, fileName, part, last: end >= bytes.length, base64 });
  }
}

function answerConfig(
  open: OpenScenario,
  viewer: Viewer,
  message: ClientMessage & { readonly type: 'config' | 'check-config' },
): void {
  const { host } = message;
  const found = open.timeline.run.lan.hosts.get(host);
  const re = message.id === undefined ? {} : { re: message.id };
  if (found === undefined) {
    viewer.refuse('unknown-name', `there is no host '${host}'`, message.id);
    return;
  }
  if (message.type === 'check-config') {
    const problems = configProblems(open, host, message.text);
    viewer.tell({ type: 'config-problems', ...re, host, problems });
    return;
  }
  const text = decodeUtf8(found.readFile(CONFIG_PATH) ?? new Uint8Array(0));
  const answer: ServerMessage = {
    type: 'config',
    ...re,
    host,
    path: CONFIG_PATH,
    text: text.slice(0, LIMITS.configLengthMax),
    problems: configProblems(open, host, text),
  };
  viewer.tell(answer);
}

/** What the daemon's own reader says of a text, on that host with its files and interfaces. */
function configProblems(open: OpenScenario, host: string, text: string): readonly ConfigProblem[] {
  const found = open.timeline.run.lan.hosts.get(host);
  const read = (path: string) => (path === CONFIG_PATH ? encodeUtf8(text) : found?.readFile(path));
  const interfaces = (found?.kernel?.links() ?? []).map((link) => ({
    name: link.name,
    addresses: link.addresses,
    index: link.index,
    mtu: link.mtu,
    loopback: link.kind === 'loopback',
    up: link.up,
  }));
  const { problems } = loadConfig({
    path: CONFIG_PATH,
    readFile: read,
    expandPattern: (pattern) =>
      expandInFolders(pattern, (folder) => found?.listFolder(folder) ?? []).filter(
        (path) => read(path) !== undefined,
      ),
    hostname: host,
    ...(interfaces.length === 0 ? {} : { interfaces }),
    random: { uint32: () => 0 },
  });
  return problems
    .filter((one) => one.file === CONFIG_PATH)
    .map(({ severity, code, line, column, message, hint }) => ({
      severity: severity === 'error' ? 'error' : 'warning',
      code,
      line,
      column,
      message,
      ...(hint === undefined ? {} : { hint }),
    }));
}
