/**
 * The table of all checks across configurations, and running it: findings become located problems
 * in the files of the nodes. A new check is one new row.
 */

import type { Problem } from '../../../daemon/config/problem.ts';
import type { HostSpec } from '../../topology/lan-spec.ts';
import { ADVERT_CHECKS } from './advert-checks.ts';
import { type Check, type CheckedNode, type CheckFinding, checkInput } from './check.ts';
import { ELECTION_CHECKS } from './election-checks.ts';
import { GROUP_CHECKS } from './group-checks.ts';
import { NODE_CHECKS } from './node-checks.ts';
import { READER_CHECKS } from './reader-checks.ts';

/** All rows, in the order of the documentation. */
export const CHECK_TABLE: readonly Check[] = [
  ...ADVERT_CHECKS,
  ...ELECTION_CHECKS,
  ...GROUP_CHECKS,
  ...NODE_CHECKS,
  ...READER_CHECKS,
];

/** The row of a code. */
export function checkOfCode(code: string): Check | undefined {
  return CHECK_TABLE.find((one) => one.code === code);
}

/** Runs every check; problems in the order of the table, each at its keyword if that is found. */
export function runChecks(
  nodes: readonly CheckedNode[],
  more: {
    readonly hosts?: readonly HostSpec[];
    /** Texts of the files, for places. */
    readonly sources: ReadonlyMap<string, string>;
  },
): readonly Problem[] {
  const input = checkInput(nodes, more.hosts ?? []);
  return CHECK_TABLE.flatMap((check) =>
    (check.find?.(input) ?? []).map((finding): Problem => {
      const { line, column } = placeOf(finding, more.sources.get(finding.node.file) ?? '');
      return {
        code: check.code,
        severity: check.severity,
        file: finding.node.file,
        line,
        column,
        message: finding.message,
        hint: `${check.fix} More: lantwin check --explain ${check.code}`,
      };
    }),
  );
}

/** File name of the page of a check. */
export function pageOf(check: Check): string {
  return `${check.code.replace(/^[a-z]+:/, '')}.md`;
}

/** The page of a check, Markdown. */
export function checkPage(check: Check): string {
  const how =
    check.find === undefined
      ? 'Found by reading the one file.'
      : 'Found by comparing the files of all nodes: `lantwin check a.conf b.conf`.';
  return [
    `# ${check.title}`,
    '',
    `Code \`${check.code}\`, ${check.severity}. ${how}`,
    '',
    check.explanation,
    '',
    `**Fix.** ${check.fix}`,
    '',
  ].join('\n');
}

/** The line of a keyword inside its instance; else that of the instance; else of the keyword. */
function placeOf(
  finding: CheckFinding,
  text: string,
): { readonly line: number; readonly column: number } {
  const lines = text.split(/\r?\n/);
  const { instance, keyword } = finding;
  const head = instance === undefined ? -1 : lines.findIndex((line) => heads(line, instance));
  const end = head < 0 ? lines.length : endOfBlock(lines, head);
  const found =
    keyword === undefined
      ? -1
      : lines.findIndex((line, i) => i >= head && i < end && line.includes(keyword));
  const anywhere =
    found < 0 && keyword !== undefined ? lines.findIndex((line) => line.includes(keyword)) : -1;
  const index = found >= 0 ? found : head >= 0 ? head : anywhere;
  if (index < 0) return { line: 0, column: 0 };
  const line = lines[index] ?? '';
  return { line: index + 1, column: Math.max(0, line.search(/[^ \t]/)) + 1 };
}

function heads(line: string, instance: string): boolean {
  const words = line.trim().split(/[ \t{]+/);
  return words[0] === 'vrrp_instance' && words[1] === instance;
}

function endOfBlock(lines: readonly string[], head: number): number {
  let depth = 0;
  for (let i = head; i < lines.length; i++) {
    const line = lines[i] ?? '';
    depth += line.split('{').length - line.split('}').length;
    if (depth <= 0 && i > head) return i + 1;
  }
  return lines.length;
}
