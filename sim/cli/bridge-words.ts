/** What a bridge says while it runs and when it ends, in words. */

import { formatSeconds } from '../../daemon/base/time.ts';
import { formatIp } from '../../daemon/wire/ip-address.ts';
import type { BridgeSummary, BridgeWord } from '../bridge/bridge.ts';
import type { LatenessSummary } from '../bridge/lateness.ts';
import type { LinkChange } from '../bridge/link-watch.ts';

/** One line for stderr, without its end. */
export function bridgeLine(word: BridgeWord, atUs: number): string {
  return `${timeText(atUs)}  ${wordText(word)}`;
}

/** `   12.345 s`. */
export function timeText(atUs: number): string {
  return `${formatSeconds(Math.max(0, atUs) as never)
    .slice(0, -3)
    .padStart(9)} s`;
}

function wordText(word: BridgeWord): string {
  switch (word.kind) {
    case 'heard': {
      const { vrid, priority, source, version } = word.advert;
      return `real router ${formatIp(source)} on ${word.port}: VRID ${vrid}, VRRPv${version}, priority ${priority}`;
    }
    case 'refused':
      return `held back: ${word.reason}`;
    case 'link':
      return linkText(word.change);
    case 'late':
      return `warning: ${Math.round(word.lateUs / 1000)} ms late: this machine cannot keep up with real time`;
    case 'stopped': {
      const seconds = (word.forUs / 1_000_000).toFixed(1);
      return `warning: this process stood still for ${seconds} s: every keepalived goes on as after SIGCONT`;
    }
  }
}

function linkText(change: LinkChange): string {
  switch (change.kind) {
    case 'renamed':
      return `interface ${change.label} is called ${change.to} now; it stays joined`;
    case 'vanished':
      return `warning: interface ${change.label} is gone: its cable has no signal any more`;
    case 'moved':
      return `interface ${change.label} moved to another network namespace; it stays joined`;
    case 'carrier':
      return `interface ${change.label} is ${change.up ? 'up' : 'down'}`;
  }
}

/** Lines about a bridge that has ended. */
export function summaryLines(summary: BridgeSummary): readonly string[] {
  const ports = summary.ports.map((port, index) => {
    const { counters } = port;
    const limited = summary.limits[index]?.refused ?? 0;
    const more = [
      counters.malformed > 0 ? `${counters.malformed} malformed` : '',
      counters.offloaded > 0 ? `${counters.offloaded} offloaded (checksum completed)` : '',
      counters.segmented > 0 ? `${counters.segmented} large segments cut` : '',
      counters.refused > 0 ? `${counters.refused} not taken by the other side` : '',
      counters.foreign > 0 ? `${counters.foreign} of others` : '',
      limited > 0 ? `${limited} over the rate limit` : '',
    ].filter((one) => one !== '');
    const extra = more.length === 0 ? '' : `, ${more.join(', ')}`;
    return `${port.label} (${port.kind}): ${counters.received} frames in, ${counters.sent} out${extra}`;
  });
  const lines = [...ports, latenessText(summary.lateness)];
  if (summary.guardRefused > 0) {
    lines.push(`${summary.guardRefused} frames held back for the sake of real routers`);
  }
  if (summary.recordingOmitted > 0) {
    lines.push(`warning: the recording is full, ${summary.recordingOmitted} inputs are not in it`);
  }
  return lines;
}

const CLASS_WORDS = ['≤ 0.1 ms', '≤ 1 ms', '≤ 10 ms', '≤ 100 ms', 'more'];

/** `on time: …`. */
function latenessText(lateness: LatenessSummary): string {
  if (lateness.turns === 0) return 'nothing was due';
  const shares = lateness.classes.flatMap((count, index) =>
    count === 0 ? [] : [`${CLASS_WORDS[index]}: ${percent(count, lateness.turns)}`],
  );
  const ms = (us: number) => (us / 1000).toFixed(us < 10_000 ? 2 : 0);
  return `late by ${ms(lateness.meanUs)} ms on average, ${ms(lateness.maxUs)} ms at most (${shares.join(', ')})`;
}

function percent(part: number, whole: number): string {
  const value = (part / whole) * 100;
  return `${value < 0.1 ? '< 0.1' : value.toFixed(1)} %`;
}
