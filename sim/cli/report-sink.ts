/** Where a reporter's words go: to stdout as they come, or into a file at the end. */

import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { FileOutcome, Reporter } from '../report/reporter.ts';
import { PLAIN_STYLE } from '../report/style.ts';
import { EnvironmentError } from './exit-codes.ts';
import { makeFolder } from './make-folder.ts';
import type { Output } from './output.ts';
import type { ChosenReporter } from './reporters.ts';

/** A reporter and its destination. */
export class ReportSink {
  readonly #chosen: ChosenReporter;
  readonly #output: Output;
  #reporter: Reporter | undefined;
  #text = '';

  constructor(chosen: ChosenReporter, output: Output) {
    this.#chosen = chosen;
    this.#output = output;
  }

  /** Whether it writes into a file, where nobody wants colours. */
  get isFile(): boolean {
    return this.#chosen.file !== undefined;
  }

  /** Before the first file. */
  start(context: {
    readonly style: Output['style'] | undefined;
    readonly fileCount: number;
    readonly version: string;
    readonly quiet: boolean;
    readonly surroundings: { readonly hostname: string; readonly timestamp: string };
  }): void {
    const style = context.style ?? PLAIN_STYLE;
    this.#reporter = this.#chosen.factory({ ...context, style, verbose: false });
  }

  /** After each file. */
  onFile(outcome: FileOutcome): void {
    this.#write(this.#reporter?.onFile(outcome) ?? '');
  }

  /** After the last; writes the file. */
  onEnd(outcomes: readonly FileOutcome[]): void {
    this.#write(this.#reporter?.onEnd(outcomes) ?? '');
    const { file } = this.#chosen;
    if (file === undefined) return;
    try {
      makeFolder(dirname(file));
      writeFileSync(file, this.#text);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new EnvironmentError(`cannot write the report: ${reason}`, { cause: error });
    }
  }

  #write(text: string): void {
    if (this.isFile) this.#text += text;
    else if (text !== '') this.#output.out(text);
  }
}
