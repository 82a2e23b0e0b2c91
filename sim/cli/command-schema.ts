/** `lantwin schema`: the JSON Schema of scenario files, for editors. */

import { scenarioJsonSchema } from '../scenario/schema/scenario-schema.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Output } from './output.ts';

/** Prints the schema. */
export function schemaCommand(output: Output): ExitCode {
  output.out(`${JSON.stringify(scenarioJsonSchema(), undefined, 2)}\n`);
  return 0;
}
