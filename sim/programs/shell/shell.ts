/**
 * The virtual shell: runs a parsed line on a machine. A command may end later in virtual time
 * (`ping`); the next one then waits. Of a pipeline the left command runs to its end before the
 * right one starts. `sudo` in front of a command means nothing: the shell is root's.
 */

import { errnoText } from '../../../daemon/base/errno.ts';
import { decodeUtf8, encodeUtf8 } from '../../../daemon/wire/text.ts';
import { cleanPath } from '../../host/disk.ts';
import type { ExecHandle, ExecResult, OutputListener } from '../../host/host-api.ts';
import type { Machine, ShellRunner } from '../../host/machine.ts';
import { findCommand } from './command-table.ts';
import {
  type CommandNode,
  type ParsedLine,
  type PipelineNode,
  parseLine,
  type Redirect,
  type Word,
} from './parse-line.ts';
import { expandWord, wordText } from './path-patterns.ts';
import type { CommandIo } from './shell-command.ts';

/** Most characters of output that a line may produce; the rest is lost. */
const OUTPUT_LENGTH_MAX = 4 * 1024 * 1024;
const NO_FILE = errnoText('ENOENT');
/** Exit code of Ctrl+C: 128 + SIGINT. */
const INTERRUPTED = 130;

/** Runs one line; `onEnd` is called once, maybe before this returns. */
export const runShell: ShellRunner = (machine, commandLine, onEnd, onOutput) => {
  const run = new LineRun(machine, onEnd, onOutput);
  run.begin(parseLine(commandLine));
  return run;
};

/** One line on its way. */
class LineRun implements ExecHandle {
  readonly #machine: Machine;
  readonly #onEnd: (result: ExecResult) => void;
  readonly #onOutput: OutputListener | undefined;
  #list: readonly PipelineNode[] = [];
  #stdout = '';
  #stderr = '';
  #status = 0;
  #over = false;
  #interrupted = false;
  #interrupt: (() => void) | undefined;

  constructor(
    machine: Machine,
    onEnd: (result: ExecResult) => void,
    onOutput: OutputListener | undefined,
  ) {
    this.#machine = machine;
    this.#onOutput = onOutput;
    this.#onEnd = onEnd;
  }

  get running(): boolean {
    return !this.#over;
  }

  begin(parsed: ParsedLine): void {
    if ('error' in parsed) {
      this.#writeErr(`${parsed.error}\n`);
      this.#status = 2;
      this.#end();
      return;
    }
    this.#list = parsed.list;
    this.#runPipeline(0);
  }

  cancel(): void {
    if (this.#over || this.#interrupted) return;
    this.#interrupted = true;
    this.#interrupt?.();
    if (!this.#over) {
      this.#status = INTERRUPTED;
      this.#end();
    }
  }

  #runPipeline(index: number): void {
    const node = this.#list[index];
    if (this.#over) return;
    if (node === undefined || this.#interrupted) {
      this.#end();
      return;
    }
    const isDue =
      node.when === 'always' || (node.when === 'after-success') === (this.#status === 0);
    if (isDue) this.#runCommand(node, 0, '', () => this.#runPipeline(index + 1));
    else this.#runPipeline(index + 1);
  }

  /** Runs one command of a pipeline; its output is the next one's input. */
  #runCommand(node: PipelineNode, place: number, stdin: string, next: () => void): void {
    const command = node.commands[place] as CommandNode;
    const isLast = place === node.commands.length - 1;
    let piped = '';
    const streams = this.#open(command.redirects, {
      out: (text) => {
        if (isLast) this.#writeOut(text);
        else piped = (piped + text).slice(0, OUTPUT_LENGTH_MAX);
      },
      err: (text) => this.#writeErr(text),
    });
    const end = (code: number) => {
      this.#interrupt = undefined;
      streams.close();
      if (isLast) {
        this.#status = code;
        next();
      } else this.#runCommand(node, place + 1, piped, next);
    };
    if (streams.problem !== undefined) {
      this.#writeErr(`bash: ${streams.problem}\n`);
      end(1);
      return;
    }
    this.#start(command, {
      stdin: streams.stdin ?? stdin,
      out: streams.out,
      err: streams.err,
      end,
    });
  }

  #start(
    command: CommandNode,
    io: {
      stdin: string;
      out: (t: string) => void;
      err: (t: string) => void;
      end: (code: number) => void;
    },
  ): void {
    const expand = (word: Word) => expandWord(this.#machine, word, this.#status);
    const words = withoutSudo(command.words.flatMap(expand));
    const name = words[0];
    if (name === undefined || name === '') {
      io.end(0);
      return;
    }
    const action = findCommand(name);
    if (action === undefined) {
      io.err(`bash: ${name}: ${name.includes('/') ? NO_FILE : 'command not found'}\n`);
      io.end(127);
      return;
    }
    let ended = false;
    const commandIo: CommandIo = {
      machine: this.#machine,
      name: name.slice(name.lastIndexOf('/') + 1),
      words: words.slice(1),
      stdin: io.stdin,
      out: (text) => {
        if (!ended) io.out(text);
      },
      err: (text) => {
        if (!ended) io.err(text);
      },
      exit: (code) => {
        if (ended) return;
        ended = true;
        io.end(code);
      },
      onInterrupt: (interrupt) => {
        this.#interrupt = interrupt;
      },
    };
    action(commandIo);
  }

  #open(
    redirects: readonly Redirect[],
    base: { out: (text: string) => void; err: (text: string) => void },
  ): {
    out: (text: string) => void;
    err: (text: string) => void;
    stdin?: string;
    problem?: string;
    close: () => void;
  } {
    let { out, err } = base;
    let stdin: string | undefined;
    const closers: (() => void)[] = [];
    for (const redirect of redirects) {
      if (redirect.how === 'to-stdout') err = out;
      else if (redirect.how === 'to-stderr') out = err;
      else {
        const path = this.#text(redirect.target);
        if (redirect.how === 'read') {
          const bytes =
            path === '/dev/null' ? new Uint8Array(0) : this.#machine.readFile(cleanPath(path));
          if (bytes === undefined) {
            return { out, err, problem: `${path}: No such file or directory`, close: () => {} };
          }
          stdin = decodeUtf8(bytes);
          continue;
        }
        const file = this.#openFile(path, redirect.how === 'append');
        closers.push(file.close);
        if (redirect.stream !== 'stderr') out = file.write;
        if (redirect.stream !== 'stdout') err = file.write;
      }
    }
    const close = () => {
      for (const closer of closers) closer();
    };
    return { out, err, close, ...(stdin === undefined ? {} : { stdin }) };
  }

  #openFile(path: string, append: boolean): { write: (text: string) => void; close: () => void } {
    if (path === '/dev/null') return { write: () => {}, close: () => {} };
    const clean = cleanPath(path);
    const before = append ? this.#machine.readFile(clean) : undefined;
    let text = before === undefined ? '' : decodeUtf8(before);
    return {
      write: (more) => {
        text = (text + more).slice(0, OUTPUT_LENGTH_MAX);
      },
      close: () => {
        if (!this.#machine.writeFile(clean, encodeUtf8(text))) {
          this.#writeErr('bash: echo: write error: Invalid argument\n');
        }
      },
    };
  }

  #text(word: Word): string {
    return wordText(word, this.#status);
  }

  #writeOut(text: string): void {
    if (this.#stdout.length >= OUTPUT_LENGTH_MAX) return;
    this.#stdout += text;
    this.#onOutput?.('stdout', text);
  }

  #writeErr(text: string): void {
    if (this.#stderr.length >= OUTPUT_LENGTH_MAX) return;
    this.#stderr += text;
    this.#onOutput?.('stderr', text);
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#onEnd({ exitCode: this.#status, stdout: this.#stdout, stderr: this.#stderr });
  }
}

function withoutSudo(words: readonly string[]): readonly string[] {
  if (words[0] !== 'sudo') return words;
  let at = 1;
  while (words[at]?.startsWith('-')) at += words[at] === '-u' || words[at] === '-g' ? 2 : 1;
  return words.slice(at);
}
