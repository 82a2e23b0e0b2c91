/**
 * Answers to the scripts that a keepalived.conf names. None is ever executed: the scenario says
 * what it answers, by name of the vrrp_script or by path; commands of the shell (`pidof nginx`,
 * `killall -0 x`) are asked of the virtual machine itself; a check that neither knows was not run.
 */

import type { ScriptCommand } from '../../daemon/core/commands.ts';
import type { AnswerEvent } from '../../daemon/core/events.ts';
import { baseName } from './disk.ts';
import type { ExecHandle, ScriptAnswer } from './host-api.ts';
import type { Machine } from './machine.ts';
import type { MachineTimer } from './machine-timers.ts';

/** How long a command of the shell or a notification takes: fork, exec, exit on an idle machine. */
const SHORT_RUN_US = 1000;

/** The events that scripts answer with. */
export type ScriptExited = Extract<AnswerEvent, { kind: 'script-exited' }>;
type RunCommand = Extract<ScriptCommand, { kind: 'script-run' }>;
type Outcome = ScriptExited['outcome'];

interface Running {
  readonly command: RunCommand;
  readonly pid: number;
  timer?: MachineTimer;
  handle?: ExecHandle;
}

/** Whether a word is a command that the virtual shell can answer. */
export type KnowsCommand = (name: string) => boolean;

/** The scripts that run for one daemon. */
export class Scripts {
  readonly #machine: Machine;
  readonly #onExit: (event: ScriptExited) => void;
  readonly #knowsCommand: KnowsCommand;
  readonly #running = new Map<number, Running>();

  constructor(
    machine: Machine,
    options: { onExit: (event: ScriptExited) => void; knowsCommand: KnowsCommand },
  ) {
    this.#machine = machine;
    this.#onExit = options.onExit;
    this.#knowsCommand = options.knowsCommand;
  }

  /** Starts a script; its end comes later, by `onExit`. */
  run(command: RunCommand): void {
    const machine = this.#machine;
    const answer = findAnswer(machine.scriptAnswers, command);
    const knows = this.#knowsCommand(command.arguments[0] ?? '') && !runsScriptFile(command);
    const running: Running = { command, pid: machine.processes.takePid() };
    this.#running.set(command.id, running);
    if (answer !== undefined) this.#answerLater(running, answer);
    else if (knows) this.#askShell(running);
    else if (command.purpose === 'check') this.#notRun(running);
    else running.timer = machine.timers.after(SHORT_RUN_US, () => this.#end(running, exit(0)));
    if (command.limit !== undefined && command.purpose !== 'check')
      this.#limit(running, command.limit);
  }

  /** TERM or KILL to a running script. */
  signal(id: number, signal: 'TERM' | 'KILL'): void {
    const running = this.#running.get(id);
    if (running !== undefined) this.#end(running, { kind: 'signal', signal });
  }

  /** The daemon is gone: its scripts go with it, nobody is told. */
  stopAll(): void {
    for (const running of this.#running.values()) {
      running.timer?.cancel();
      running.handle?.cancel();
    }
    this.#running.clear();
  }

  #answerLater(running: Running, answer: ScriptAnswer): void {
    const { exit: code, after } = answer;
    if (code === 'hang') return;
    running.timer = this.#machine.timers.after(after, () => this.#end(running, exit(code)));
  }

  #askShell(running: Running): void {
    running.timer = this.#machine.timers.after(SHORT_RUN_US, () => {
      const line = running.command.arguments.map(quoted).join(' ');
      const handle = this.#machine.runShell(this.#machine, line, (result) => {
        this.#end(running, exit(result.exitCode));
      });
      if (handle.running) running.handle = handle;
    });
  }

  #notRun(running: Running): void {
    const path = running.command.arguments[0] ?? '';
    const reason = `no answer is given for script ${path} (${running.command.subject})`;
    running.timer = this.#machine.timers.after(0, () =>
      this.#end(running, { kind: 'not-run', reason }),
    );
  }

  #limit(running: Running, limitUs: number): void {
    this.#machine.timers.after(limitUs, () => {
      if (this.#running.get(running.command.id) === running) {
        this.#end(running, { kind: 'signal', signal: 'TERM' });
      }
    });
  }

  #end(running: Running, outcome: Outcome): void {
    const { command } = running;
    if (this.#running.get(command.id) !== running) return;
    this.#running.delete(command.id);
    running.timer?.cancel();
    if (running.handle?.running) running.handle.cancel();
    this.#machine.record({
      kind: 'script',
      purpose: command.purpose,
      subject: command.subject,
      arguments: command.arguments,
      outcome: outcomeText(outcome),
    });
    this.#onExit({ kind: 'script-exited', id: command.id, outcome });
  }
}

/** `/bin/sh /etc/keepalived/check.sh`: a script in a file, whose text is never executed. */
function runsScriptFile(command: RunCommand): boolean {
  const [shell = '', next = ''] = command.arguments;
  return /^(ba|da)?sh$/.test(baseName(shell)) && next !== '-c';
}

/** An answer by name of the vrrp_script, by the whole command line, by path, or by file name. */
function findAnswer(
  answers: ReadonlyMap<string, ScriptAnswer>,
  command: RunCommand,
): ScriptAnswer | undefined {
  const path = command.arguments[runsScriptFile(command) ? 1 : 0] ?? '';
  const byName = command.purpose === 'check' ? answers.get(command.subject) : undefined;
  return (
    byName ??
    answers.get(command.arguments.join(' ')) ??
    answers.get(path) ??
    answers.get(baseName(path))
  );
}

function exit(code: number): Outcome {
  return { kind: 'exit', code };
}

function outcomeText(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'exit':
      return `exit ${outcome.code}`;
    case 'signal':
      return `signal ${outcome.signal}`;
    case 'not-run':
      return `not run: ${outcome.reason}`;
  }
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
