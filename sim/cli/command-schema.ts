/** `lantwin schema`: the JSON Schema of scenario files, for editors. */

import { scenarioJsonSchema } from '../scenario/schema/scenario-schema.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Output } from './output.ts';

/** Prints the schema. */
export function schemaCommand(output: Output): ExitCode {
  output.out(schemaText());
  return 0;
}

/** The schema as a file. */
export function schemaText(): string {
  return `${JSON.stringify(scenarioJsonSchema(), undefined, 2)}\n`;
}
