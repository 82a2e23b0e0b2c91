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

/** Why another try may do better, in curl's words; `undefined`: it is over. */
export function reasonToRetry(retry: CurlRetry, end: TransferEnd): string | undefined {
  const { code, status, wasRefused } = end;
  if (code === TIMEOUT || code === UNRESOLVED) return ': timeout';
  if (code === CONNECT && wasRefused && retry.refused) return ': connection refused';
  if ((code === 0 || code === HTTP_ERROR) && STATUSES.has(status)) return ': HTTP error';
  return code !== 0 && retry.allErrors ? '(retrying all errors)' : undefined;
}

/** The pause behind one. */
export function nextPause(retry: CurlRetry, pauseUs: number): number {
  return retry.doubles ? Math.min(2 * pauseUs, PAUSE_MAX_US) : pauseUs;
}

/** A warning as curl breaks it into lines. */
export function warning(text: string): string {
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
