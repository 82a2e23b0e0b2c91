/**
 * getopt_long(3) as keepalived calls it: short flags in groups (`-nlD`), values glued or apart (`-fFILE`, `-f FILE`,
 * `--use-file=FILE`), long names cut short while they stay unambiguous, words that are no flags passed over, `--` the end.
 * Messages are keepalived's own. Source: measured with 2.2.7.
 */

/** Whether a flag takes a value; an optional one must be glued. */
export type FlagArgument = 'none' | 'required' | 'optional';

/** The names of a flag. */
export interface FlagName {
  /** One letter, or nothing. */
  readonly short: string;
  readonly long: string;
  readonly argument: FlagArgument;
}

/** What stands on the command line, in its order. */
export type GivenWord<F extends FlagName> =
  | { readonly kind: 'flag'; readonly flag: F; readonly value: string | undefined }
  | { readonly kind: 'wrong'; readonly message: string }
  | { readonly kind: 'stray'; readonly word: string };

/** Reads the words behind the program's name. */
export function readWords<F extends FlagName>(
  words: readonly string[],
  flags: readonly F[],
): readonly GivenWord<F>[] {
  const given: GivenWord<F>[] = [];
  const left = [...words];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (word === '--') {
      given.push(...left.map((one) => ({ kind: 'stray' as const, word: one })));
      break;
    }
    if (word.startsWith('--')) given.push(readLong(word, left, flags));
    else if (word.startsWith('-') && word !== '-') given.push(...readShort(word, left, flags));
    else given.push({ kind: 'stray', word });
  }
  return given;
}

/** Takes its value from `left` where it needs one. */
function readLong<F extends FlagName>(
  word: string,
  left: string[],
  flags: readonly F[],
): GivenWord<F> {
  const equals = word.indexOf('=');
  const name = word.slice(2, equals < 0 ? undefined : equals);
  const similar = flags.filter((one) => one.long.startsWith(name));
  const exact = similar.find((one) => one.long === name);
  const flag = exact ?? (similar.length === 1 ? similar[0] : undefined);
  const glued = equals < 0 ? undefined : word.slice(equals + 1);
  if (flag === undefined || (flag.argument === 'none' && glued !== undefined)) {
    const which = similar.length > 1 && exact === undefined ? similar : [];
    const hint = which.length === 0 ? '' : ` (${which.map((one) => `--${one.long}`).join(', ')}?)`;
    return { kind: 'wrong', message: `Unknown option ${word}${hint}` };
  }
  if (flag.argument !== 'required') return { kind: 'flag', flag, value: glued };
  const value = glued ?? left.shift();
  if (value === undefined || glued === '') {
    return { kind: 'wrong', message: `Missing parameter for option --${flag.long}` };
  }
  return { kind: 'flag', flag, value };
}

/** One word of short flags; the last may take its value from `left`. */
function readShort<F extends FlagName>(
  word: string,
  left: string[],
  flags: readonly F[],
): readonly GivenWord<F>[] {
  const given: GivenWord<F>[] = [];
  for (let at = 1; at < word.length; at++) {
    const letter = word[at] as string;
    const flag = flags.find((one) => one.short === letter);
    if (flag === undefined) {
      given.push({ kind: 'wrong', message: `Unknown option -${letter}` });
      continue;
    }
    if (flag.argument === 'none') {
      given.push({ kind: 'flag', flag, value: undefined });
      continue;
    }
    const rest = word.slice(at + 1);
    const value = rest !== '' ? rest : flag.argument === 'required' ? left.shift() : undefined;
    if (value === undefined && flag.argument === 'required') {
      given.push({ kind: 'wrong', message: `Missing parameter for option -${letter}` });
    } else {
      given.push({ kind: 'flag', flag, value });
    }
    return given;
  }
  return given;
}
