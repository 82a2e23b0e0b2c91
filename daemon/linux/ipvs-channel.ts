/**
 * ipvsadm, one call after the other, through one small shell that waits for lines. Starting a program out of a node
 * process copies its page tables and costs milliseconds (0.4 s each in a guest without hardware paging, seen in a test);
 * a start with a hundred servers would take that many times. The shell gives words to ipvsadm as they are: no
 * expansion is switched on (`set -f`), and words that it would take apart are refused.
 *
 * Calls wait for each other and for nobody else: an ipvsadm that hangs must not hold adverts back.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';

/** Words that `read` and the splitting into fields would change. */
const UNSAFE_WORD = /[\s\\]|^$/;

/** How long one call may take before its shell is given up. */
const CALL_LIMIT_MS = 5000;

/** The shell's loop: a line is the words of one call, the answer ends with a line of its exit code. */
const LOOP = 'set -f; while IFS= read -r line; do IFS=" "; "$0" $line; echo "<<$?>>"; done 2>&1';

/**
 * IPVS' time-outs as they are now, in seconds. Asked once, before `lvs_timeouts` are set, so it may wait for its answer;
 * `undefined` where ipvsadm gives none.
 */
export function readIpvsTimeouts(
  namespace: string | undefined,
  command = 'ipvsadm',
): readonly [number, number, number] | undefined {
  const words = [command, '-L', '--timeout'];
  const way = namespace === undefined ? [] : ['nsenter', `--net=${namespace}`, '--'];
  const [program = '', ...rest] = [...way, ...words];
  const ran = spawnSync(program, rest, { encoding: 'utf8', timeout: 2000 });
  const match = /: (\d+) (\d+) (\d+)$/m.exec(ran.stdout ?? '');
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3])];
}

/** What tests replace. */
export interface IpvsChannelOptions {
  /** The program, `ipvsadm` unless said otherwise. */
  readonly command?: string | undefined;
  /** `net_namespace_ipvs`: the file of the namespace whose table it is; asked when a shell starts. */
  readonly namespace?: () => string | undefined;
  readonly limitMs?: number;
}

interface Call {
  readonly words: readonly string[];
  readonly onDone: (failure: string | undefined) => void;
}

/** One ordered way to ipvsadm. */
export class IpvsChannel {
  readonly #command: string;
  readonly #limitMs: number;
  readonly #namespace: () => string | undefined;
  readonly #waiting: Call[] = [];
  readonly #idleListeners: (() => void)[] = [];
  #child: ChildProcess | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  #text = '';

  constructor(options: IpvsChannelOptions = {}) {
    this.#command = options.command ?? 'ipvsadm';
    this.#limitMs = options.limitMs ?? CALL_LIMIT_MS;
    this.#namespace = options.namespace ?? (() => undefined);
  }

  /** Carries out `ipvsadm WORDS…`; `onDone` gets the text of the failure, `undefined` when it went well. */
  run(words: readonly string[], onDone: (failure: string | undefined) => void): void {
    const unsafe = words.find((word) => UNSAFE_WORD.test(word));
    if (unsafe !== undefined) {
      onDone(`refused: ${JSON.stringify(unsafe)} is not one word`);
      return;
    }
    this.#waiting.push({ words, onDone });
    if (this.#waiting.length === 1) this.#begin();
  }

  /** Calls back when everything asked so far is done, at once when nothing is. */
  whenIdle(listener: () => void): void {
    if (this.#waiting.length === 0) listener();
    else this.#idleListeners.push(listener);
  }

  /** Lets the shell go after what was asked so far. */
  close(): void {
    this.whenIdle(() => {
      this.#child?.stdin?.end();
      this.#child = undefined;
    });
  }

  #begin(): void {
    const call = this.#waiting[0];
    if (call === undefined) {
      for (const listener of this.#idleListeners.splice(0)) listener();
      return;
    }
    this.#child ??= this.#start();
    this.#text = '';
    this.#child.stdin?.write(`${call.words.join(' ')}\n`);
    this.#watchdog = setTimeout(() => {
      this.#child?.kill('SIGKILL');
      this.#giveUp(`${this.#command} did not answer`);
    }, this.#limitMs);
  }

  #start(): ChildProcess {
    const shell = ['/bin/sh', '-c', LOOP, this.#command];
    const namespace = this.#namespace();
    const way = namespace === undefined ? [] : ['nsenter', `--net=${namespace}`, '--'];
    const [program = '', ...words] = [...way, ...shell];
    const child = spawn(program, words, {
      stdio: ['pipe', 'pipe', 'ignore'],
      // A Ctrl+C at the terminal is for the daemon, which still has to clear its table.
      detached: true,
      env: { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    });
    child.on('error', (error) => this.#onGone(child, error.message));
    child.on('close', () => this.#onGone(child, 'the shell of ipvsadm ended'));
    child.stdin?.on('error', () => {});
    child.stdout?.setEncoding('utf8');
    child.stdout?.on('data', (text: string) => this.#onText(child, text));
    return child;
  }

  #onText(child: ChildProcess, text: string): void {
    if (this.#child !== child) return;
    this.#text += text;
    const end = /^<<(\d+)>>\n/m.exec(this.#text);
    if (end === null) return;
    const said = this.#text.slice(0, end.index).trim().split('\n').join('; ');
    clearTimeout(this.#watchdog);
    this.#answer(end[1] === '0' ? undefined : said || `exit code ${end[1]}`);
  }

  #onGone(child: ChildProcess, reason: string): void {
    if (this.#child === child) this.#giveUp(reason);
  }

  /** The shell is lost: its call fails, the next one gets a new shell. */
  #giveUp(reason: string): void {
    clearTimeout(this.#watchdog);
    this.#child = undefined;
    if (this.#waiting.length > 0) this.#answer(reason);
  }

  #answer(failure: string | undefined): void {
    const call = this.#waiting.shift();
    call?.onDone(failure);
    this.#begin();
  }
}
