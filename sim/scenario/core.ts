/**
 * The package's other door, `lantwin/core`: the simulator without Node, for browsers and workers. Texts of files
 * come in as bytes, results go out as values; nothing here touches a disk, a clock or a network.
 */

export type { Problem } from '../../daemon/config/problem.ts';
export type { RunEvent } from '../engine/run-log.ts';
export type { ScenarioDocument } from './document/scenario-document.ts';
export type { ExpectationResult, Verdict } from './expectations/verdict.ts';
export { type LoadedScenario, type LoadOptions, loadScenario } from './load-scenario.ts';
export { type ReadScenarioFile, readerOf } from './reading.ts';
export { type RunOptions, type RunResult, runScenario, type ScenarioRun, startRun } from './run.ts';
export type { Scenario } from './scenario.ts';
export { scenarioJsonSchema } from './schema/scenario-schema.ts';
export type { TrafficResult } from './traffic/outages.ts';
export { loadTypedScenario, type TypedScenario } from './typed-scenario.ts';
