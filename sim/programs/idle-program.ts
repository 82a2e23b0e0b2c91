/** A program that only is there: a process to be found by `pidof` and tracked by name. */

import type { Program, ProgramContext } from '../host/machine.ts';

/** A process that waits for signals. */
export class IdleProgram implements Program {
  readonly #context: ProgramContext;

  constructor(context: ProgramContext) {
    this.#context = context;
  }

  start(): number | undefined {
    const { name, options } = this.#context;
    const command =
      typeof options['command'] === 'string' ? options['command'] : `/usr/sbin/${name}`;
    this.#context.spawn(name, command.split(/\s+/));
    return undefined;
  }

  terminate(): void {
    this.#context.exited({ kind: 'exit', code: 0 });
  }

  kill(): void {}

  reload(): void {}

  setStopped(): void {}

  signal(): void {}
}
