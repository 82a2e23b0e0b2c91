/** `lantwin compare FILE CAPTURE`: a real capture beside the scenario that is meant to be its twin. */

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { CaptureFile } from '../report/capture-file.ts';
import { compareCapture } from '../report/compare/compare-captures.ts';
import { comparisonLines } from '../report/compare/compare-text.ts';
import { SIGHTING_KINDS, type SightingKind } from '../report/compare/sighting.ts';
import { readCapture } from '../report/pcap-read.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { readMoment, readSeed } from './arguments.ts';
import { EnvironmentError, type ExitCode, UsageError } from './exit-codes.ts';
import { loadOrComplain } from './load-or-complain.ts';
import type { Output } from './output.ts';
import type { LoadScenario } from './scenario-loader.ts';

/** The options of `compare` as the command line hands them over. */
export interface CompareCommandOptions {
  readonly tolerance?: string;
  readonly missing?: string;
  readonly kinds?: string;
  readonly begins?: string;
  readonly on?: string;
  readonly seed?: string;
  readonly json?: boolean;
}

const TOLERANCE_DEFAULT_US = 100_000;
const KINDS_DEFAULT: readonly SightingKind[] = ['adverts', 'announcements', 'answers'];
/** Octets of an unpacked capture. */
const CAPTURE_BYTES_MAX = 1_000_000_000;

/** 0 they agree, 1 they part, 2 nothing could be compared, 3 a file is not readable as what it should be. */
export function compareCommand(
  target: { readonly file: string; readonly capture: string },
  options: CompareCommandOptions,
  output: Output,
  load?: LoadScenario,
): ExitCode {
  const { file, capture: capturePath } = target;
  const tolerances = {
    timeUs:
      options.tolerance === undefined
        ? TOLERANCE_DEFAULT_US
        : (readMoment('--tolerance', options.tolerance) as number),
    ...(options.missing === undefined ? {} : { missing: readMissing(options.missing) }),
  };
  if (tolerances.timeUs === 0) throw new UsageError('--tolerance: expected more than nothing');
  const kinds = new Set(options.kinds === undefined ? KINDS_DEFAULT : readKinds(options.kinds));
  const seed = options.seed === undefined ? {} : { seed: readSeed(options.seed) };
  const begins =
    options.begins === undefined ? {} : { begins: readMoment('--begins', options.begins) };
  const scenario = loadOrComplain(file, output, load);
  if (scenario === undefined) return 3;
  const capture = readFile(capturePath);
  if (typeof capture === 'string') {
    output.err(`${capturePath}: error: ${capture} [capture:unreadable]\n`);
    return 3;
  }
  if (capture.problem !== undefined) {
    output.err(`${capturePath}: warning: the capture ends early (${capture.problem})\n`);
  }
  const on = options.on === undefined ? {} : { on: readLans(options.on, scenario) };
  const wanted = { tolerances, kinds, ...seed, ...begins, ...on };
  const comparison = compareCapture(scenario, capture, wanted);
  if (typeof comparison === 'string') {
    output.err(`${capturePath}: ${comparison}\n`);
    return 2;
  }
  if (options.json === true) output.out(`${JSON.stringify(comparison, undefined, 2)}\n`);
  else for (const line of comparisonLines(comparison)) output.out(`${line}\n`);
  if (comparison.partings.length > 0) return 1;
  return comparison.counts.every((one) => one.paired === 0) ? 2 : 0;
}

function readFile(path: string): CaptureFile | string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EnvironmentError(`cannot read the capture: ${reason}`, { cause: error });
  }
  try {
    const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
    const plain = isPacked ? gunzipSync(bytes, { maxOutputLength: CAPTURE_BYTES_MAX }) : bytes;
    const capture = readCapture(new Uint8Array(plain.buffer, plain.byteOffset, plain.byteLength));
    const isNone = capture.problem !== undefined && capture.packets.length === 0;
    return isNone ? `this is no capture that can be read (${capture.problem})` : capture;
  } catch {
    return 'this is no capture that can be unpacked';
  }
}

/** Switches of the LANs that were captured. */
function readLans(text: string, scenario: Scenario): readonly string[] {
  const known = scenario.lan.switches.map(({ name }) => name);
  return text.split(',').map((word) => {
    const name = word.trim();
    if (known.includes(name)) return name;
    throw new UsageError(`--on: expected a switch (${known.join(', ')}), read '${word}'`);
  });
}

function readMissing(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new UsageError(`--missing: expected a number of packets, read '${text}'`);
}

function readKinds(text: string): readonly SightingKind[] {
  return text.split(',').map((word) => {
    const kind = SIGHTING_KINDS.find((one) => one === word.trim());
    if (kind !== undefined) return kind;
    throw new UsageError(`--kinds: expected some of ${SIGHTING_KINDS.join(', ')}, read '${word}'`);
  });
}
