import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { ROOT } from './sources.ts';

/** Diagnostics of one planted file under the pure zone's own compiler options. */
function diagnose(code: string): string[] {
  const configPath = join(ROOT, 'daemon', 'tsconfig.json');
  const parsed = ts.getParsedCommandLineOfConfigFile(
    configPath,
    {},
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: () => undefined,
    },
  );
  if (parsed === undefined) throw new Error('daemon/tsconfig.json cannot be read');
  const path = join(ROOT, 'daemon', 'base', 'planted.ts');
  const options = { ...parsed.options, composite: false, incremental: false, noEmit: true };
  const host = ts.createCompilerHost(options);
  const original = host.getSourceFile.bind(host);
  host.getSourceFile = (name, target) =>
    name === path ? ts.createSourceFile(name, code, target) : original(name, target);
  host.fileExists = (name) => name === path || ts.sys.fileExists(name);
  const program = ts.createProgram([path], options, host);
  return program
    .getSemanticDiagnostics(program.getSourceFile(path))
    .map((one) => ts.flattenDiagnosticMessageText(one.messageText, ' '));
}

describe('the types of the pure zone', () => {
  it.each(['setTimeout', 'console', 'process', 'Buffer', 'TextEncoder', 'performance', 'window'])(
    'hide %s',
    (name) => {
      expect(diagnose(`export const x = ${name};`).join()).toContain(`Cannot find name '${name}'`);
    },
  );

  it('hide the modules of Node', () => {
    expect(diagnose("import 'node:fs';\nexport {};").join()).toContain('node:fs');
  });

  it('let the language itself through', () => {
    expect(diagnose('export const x = new Map([[1, 2n]]);')).toEqual([]);
  });
});
