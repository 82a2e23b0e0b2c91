// Lints Dockerfiles: `lint.mjs FILE…` prints `file:line:col: severity: message` and ends with 1 when there is anything to say.
// Its only dependency, dockerfile-utils, knows the grammar of every instruction, flags, stages and variables.
import { readFileSync } from 'node:fs';
import utils from 'dockerfile-utils';
import { DiagnosticSeverity } from 'vscode-languageserver-types';

const WORDS = new Map([
  [DiagnosticSeverity.Error, 'error'],
  [DiagnosticSeverity.Warning, 'warning'],
]);

for (const file of process.argv.slice(2)) {
  for (const { range, severity, message } of utils.validate(readFileSync(file, 'utf8'))) {
    const { line, character } = range.start;
    console.log(
      `${file}:${line + 1}:${character + 1}: ${WORDS.get(severity) ?? 'note'}: ${message}`,
    );
    process.exitCode = 1;
  }
}
