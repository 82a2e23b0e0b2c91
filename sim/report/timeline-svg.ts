/**
 * A run as a picture: time from left to right, one lane per virtual router of each host and per
 * traffic, steps as vertical lines. Plain SVG without script; every bar has its words as a title.
 */

import { momentWords } from '../scenario/expectations/verdict.ts';
import type { RunResult } from '../scenario/run.ts';
import { storyOf, transitionsOf } from './story.ts';

const LEFT = 170;
const WIDTH = 900;
const LANE = 22;
const TOP = 18;

/** Fill colours of states; the state's letter stands on the bar too. */
const FILLS: ReadonlyMap<string, string> = new Map([
  ['MASTER', '#4c8fe0'],
  ['BACKUP', '#c9cdd6'],
  ['FAULT', '#e07bb0'],
  ['answered', '#7fc8a9'],
  ['no answer', '#f2a154'],
]);

interface Bar {
  readonly from: number;
  readonly to: number;
  readonly label: string;
}

interface Lane {
  readonly name: string;
  readonly bars: readonly Bar[];
}

/** The picture as one `<svg>` element. */
export function timelineSvg(result: RunResult): string {
  const lanes = [...routerLanes(result), ...trafficLanes(result)];
  const height = TOP + lanes.length * LANE + 24;
  const end = Math.max(1, result.end);
  const x = (at: number) => (LEFT + (at / end) * WIDTH).toFixed(1);
  const rows = lanes.map((lane, index) => laneSvg(lane, TOP + index * LANE, x));
  const steps = storyOf(result)
    .filter((line) => line.isStep)
    .map((line) => {
      const title = `<title>${escaped(`${momentWords(line.at)} ${line.text}`)}</title>`;
      const at = x(line.at);
      return `<line x1="${at}" x2="${at}" y1="${TOP - 6}" y2="${height - 20}" stroke="#c2185b" stroke-dasharray="3 2">${title}</line>`;
    });
  const size = `viewBox="0 0 ${LEFT + WIDTH + 20} ${height}" width="100%"`;
  const body = [...rows, ...steps, axis(end, height, x)].join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="timeline" ${size}>\n${body}\n</svg>`;
}

function routerLanes(result: RunResult): readonly Lane[] {
  const lanes = new Map<string, { readonly bars: Bar[]; from: number; state: string }>();
  for (const { at, host, instance, from, to } of transitionsOf(result)) {
    const name = `${host} ${instance}`;
    const lane = lanes.get(name) ?? { bars: [], from: 0, state: from };
    lanes.set(name, lane);
    lane.bars.push({ from: lane.from, to: at, label: lane.state });
    lane.from = at;
    lane.state = to;
  }
  return [...lanes].map(([name, lane]) => ({
    name,
    bars: [...lane.bars, { from: lane.from, to: result.end, label: lane.state }],
  }));
}

function trafficLanes(result: RunResult): readonly Lane[] {
  return result.traffic.map((traffic) => {
    const outages = traffic.outages.map((one) => ({
      from: one.from,
      to: one.to,
      label: 'no answer',
    }));
    const whole = {
      from: 0,
      to: result.end,
      label: traffic.answered > 0 ? 'answered' : 'no answer',
    };
    return { name: traffic.name, bars: [whole, ...outages] };
  });
}

function laneSvg(lane: Lane, y: number, x: (at: number) => string): string {
  const bars = lane.bars
    .filter((bar) => FILLS.has(bar.label) && bar.to > bar.from)
    .map((bar) => {
      const width = Math.max(1, Number(x(bar.to)) - Number(x(bar.from))).toFixed(1);
      const words = `${lane.name}: ${bar.label} from ${momentWords(bar.from)} to ${momentWords(bar.to)}`;
      const letter = Number(width) > 14 && bar.label.length < 7 ? bar.label.slice(0, 1) : '';
      return `<rect x="${x(bar.from)}" y="${y}" width="${width}" height="${LANE - 6}" fill="${FILLS.get(bar.label)}"><title>${escaped(words)}</title></rect><text x="${Number(x(bar.from)) + 4}" y="${y + 12}">${letter}</text>`;
    });
  return `<text x="4" y="${y + 12}">${escaped(lane.name)}</text>${bars.join('')}`;
}

function axis(end: number, height: number, x: (at: number) => string): string {
  const marks: string[] = [];
  for (let i = 0; i <= 10; i++) {
    const at = (end * i) / 10;
    const text = `${(at / 1_000_000).toFixed(1)} s`;
    marks.push(`<text x="${x(at)}" y="${height - 6}" text-anchor="middle">${text}</text>`);
  }
  return marks.join('');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
