/**
 * Located problems as SARIF 2.1.0, the form that code scanning reads: one rule per code, its
 * explanation and fix from the table of checks.
 */

import type { Problem } from '../../daemon/config/problem.ts';
import { checkOfCode } from '../scenario/checks/run-checks.ts';

/** The whole document as text. */
export function sarifText(problems: readonly Problem[], version: string): string {
  const codes = [...new Set(problems.map((one) => one.code))];
  const document = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'lantwin', version, rules: codes.map(ruleOf) } },
        results: problems.map((one) => resultOf(one, codes.indexOf(one.code))),
      },
    ],
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function ruleOf(code: string) {
  const check = checkOfCode(code);
  if (check === undefined) return { id: code };
  return {
    id: code,
    shortDescription: { text: check.title },
    fullDescription: { text: check.explanation },
    help: { text: check.fix },
    defaultConfiguration: { level: check.severity },
  };
}

function resultOf(problem: Problem, ruleIndex: number) {
  const { code, severity, file, line, column, message } = problem;
  const region =
    line === 0
      ? {}
      : { region: { startLine: line, ...(column === 0 ? {} : { startColumn: column }) } };
  const uri = file.replaceAll('\\', '/').replace(/^\.\//, '');
  return {
    ruleId: code,
    ruleIndex,
    level: severity,
    message: { text: message },
    locations: [{ physicalLocation: { artifactLocation: { uri }, ...region } }],
  };
}
