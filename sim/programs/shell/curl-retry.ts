/** `--retry` and what belongs to it: which failures pass, how long to wait, and what is said. Source: curl 7.88.1, tool_operate.c. */

/** What the command line says of it. */
export interface CurlRetry {
  readonly tries: number;
  readonly pauseUs: number;
  /** Without --retry-delay each pause is twice the one before. */
  readonly doubles: boolean;
  /** --retry-max-time; 0: no end. */
  readonly withinUs: number;
  readonly refused: boolean;
  readonly allErrors: boolean;
}

/** How a transfer ended. */
export interface TransferEnd {
  readonly code: number;
  readonly status: number;
  readonly wasRefused: boolean;
  /** What the server asked for; 0: nothing. */
  readonly retryAfterUs: number;
}

const UNRESOLVED = 6;
const CONNECT = 7;
const TIMEOUT = 28;
const HTTP_ERROR = 22;
/** Statuses that may pass. */
const STATUSES: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);
/** Longest pause. Source: RETRY_SLEEP_MAX. */
const PAUSE_MAX_US = 600_000_000;
/** Columns that a warning is written in. */
const COLUMNS = 79;

/** The tries of one URL. */
export class CurlTries {
  readonly #retry: CurlRetry;
  readonly #firstAt: number;
  #left: number;
  #pauseUs: number;

  constructor(retry: CurlRetry, now: number) {
    this.#retry = retry;
    this.#firstAt = now;
    this.#left = retry.tries;
    this.#pauseUs = retry.pauseUs;
  }

  /** There will be no other. */
  giveUp(): void {
    this.#left = 0;
  }

  /** After how long the next one begins, and what is said of it; `undefined`: it is over. */
  next(
    end: TransferEnd,
    now: number,
  ): { readonly pauseUs: number; readonly warning: string } | undefined {
    const reason = this.#left > 0 ? reasonToRetry(this.#retry, end) : undefined;
    const { withinUs } = this.#retry;
    const isLate = withinUs > 0 && now - this.#firstAt >= withinUs;
    if (reason === undefined || isLate) return undefined;
    const pauseUs = end.retryAfterUs > 0 ? end.retryAfterUs : this.#pauseUs;
    const waits = `Will retry in ${Math.floor(pauseUs / 1_000_000)} seconds.`;
    const text = warning(`Problem ${reason}. ${waits} ${this.#left} retries left.`);
    this.#left--;
    this.#pauseUs = nextPause(this.#retry, this.#pauseUs);
    return { pauseUs, warning: text };
  }
}

/** Why another try may do better, in curl's words; `undefined`: it is over. */
function reasonToRetry(retry: CurlRetry, end: TransferEnd): string | undefined {
  const { code, status, wasRefused } = end;
  if (code === TIMEOUT || code === UNRESOLVED) return ': timeout';
  if (code === CONNECT && wasRefused && retry.refused) return ': connection refused';
  if ((code === 0 || code === HTTP_ERROR) && STATUSES.has(status)) return ': HTTP error';
  return code !== 0 && retry.allErrors ? '(retrying all errors)' : undefined;
}

/** The pause behind one. */
function nextPause(retry: CurlRetry, pauseUs: number): number {
  return retry.doubles ? Math.min(2 * pauseUs, PAUSE_MAX_US) : pauseUs;
}

/** A warning as curl breaks it into lines. */
function warning(text: string): string {
  const prefix = 'Warning: ';
  const width = COLUMNS - prefix.length;
  let rest = text;
  let lines = '';
  // Its end of line counts, too.
  while (rest.length + 1 > width) {
    const blank = rest.lastIndexOf(' ', width - 1);
    const cut = blank <= 0 ? width - 1 : blank;
    lines += `${prefix}${rest.slice(0, cut + 1)}\n`;
    rest = rest.slice(cut + 1);
  }
  return `${lines}${prefix}${rest}\n`;
}
