/**
 * What the steps of reading a scenario share: where problems are collected, where files of the
 * scenario's folder come from. Paths are relative to the scenario file and never leave its folder.
 */

import type { Problem } from '../../daemon/config/problem.ts';
import type { PathPart, PlaceMap } from './yaml-source.ts';

/**
 * Reads a file by its path relative to the scenario's folder; `undefined` when it cannot be read.
 */
export interface ReadScenarioFile {
  (path: string): Uint8Array | undefined;
  /**
   * Names of what lies in a folder, '' for the scenario's own: the patterns of a keepalived.conf's includes are matched
   * with them. Without it they match nothing.
   */
  readonly list?: (folder: string) => readonly string[];
}

/** A reader that can list folders. */
export function readerWith(
  read: (path: string) => Uint8Array | undefined,
  list: ReadScenarioFile['list'],
): ReadScenarioFile {
  return list === undefined ? read : Object.assign(read, { list });
}

/** A reader of files that are all at hand, by path; only those below `folder` ('' or with a slash at its end) count. */
export function readerOf(files: ReadonlyMap<string, Uint8Array>, folder = ''): ReadScenarioFile {
  return readerWith(
    (path) => files.get(folder + path),
    (name) => {
      const prefix = name === '' ? folder : `${folder}${name}/`;
      const below = [...files.keys()].filter((path) => path.startsWith(prefix));
      return [...new Set(below.map((path) => path.slice(prefix.length).split('/')[0] ?? ''))];
    },
  );
}

/** Largest file that a scenario may name, in bytes. */
const FILE_SIZE_LIMIT = 4_000_000;

/** A problem to be, placed by its path inside the document. */
export interface Remark {
  readonly code: string;
  readonly path: readonly PathPart[];
  readonly message: string;
  readonly hint?: string | undefined;
  readonly severity?: 'error' | 'warning';
  /** Stands at the key instead of the value. */
  readonly atKey?: boolean;
}

/** One scenario file while it is read. */
export class Reading {
  readonly file: string;
  readonly places: PlaceMap;
  readonly problems: Problem[] = [];
  /** Texts of files that problems may point into, by the name that problems use. */
  readonly sources = new Map<string, string>();
  readonly #readFile: ReadScenarioFile;

  constructor(file: string, places: PlaceMap, readFile: ReadScenarioFile) {
    this.file = file;
    this.places = places;
    this.#readFile = readFile;
  }

  /** Adds a located problem. */
  report(remark: Remark): void {
    const place =
      remark.atKey === true ? this.places.keyAt(remark.path) : this.places.valueAt(remark.path);
    this.problems.push({
      code: remark.code,
      severity: remark.severity ?? 'error',
      file: this.file,
      ...place,
      message: remark.message,
      ...(remark.hint === undefined ? {} : { hint: remark.hint }),
    });
  }

  /** Whether an error was found so far. */
  get failed(): boolean {
    return this.problems.some((problem) => problem.severity === 'error');
  }

  /** The bytes of a file that the scenario names at `path`; a problem and `undefined` otherwise. */
  fileAt(name: string, path: readonly PathPart[]): Uint8Array | undefined {
    const inside = insidePath(name);
    if (inside === undefined) {
      this.report({
        code: 'scenario:file-outside',
        path,
        message: `'${name}' leads out of the scenario's folder, which is not allowed`,
        hint: 'put the file beside the scenario and name it relative to it',
      });
      return undefined;
    }
    const bytes = this.#readFile(inside);
    if (bytes === undefined) {
      this.report({
        code: 'scenario:file-missing',
        path,
        message: `cannot read '${this.shownPath(name)}'`,
        hint: 'paths are relative to the scenario file',
      });
    } else if (bytes.length > FILE_SIZE_LIMIT) {
      const message = `'${name}' has ${bytes.length} bytes, at most ${FILE_SIZE_LIMIT} are read`;
      this.report({ code: 'scenario:file-too-large', path, message });
      return undefined;
    }
    return bytes;
  }

  /** The bytes of a file, without a word when it is not there. */
  peek(name: string): Uint8Array | undefined {
    const inside = insidePath(name);
    const bytes = inside === undefined ? undefined : this.#readFile(inside);
    return bytes === undefined || bytes.length > FILE_SIZE_LIMIT ? undefined : bytes;
  }

  /** Names of what lies in a folder of the scenario's. */
  list(folder: string): readonly string[] {
    return this.#readFile.list?.(folder) ?? [];
  }

  /** A named file as the user would type it: the scenario's folder in front. */
  shownPath(name: string): string {
    const folder = this.file.slice(0, this.file.lastIndexOf('/') + 1);
    return folder + (insidePath(name) ?? name);
  }
}

/**
 * A relative path without `.` and `..`; `undefined` when it is absolute or leads out of its folder.
 */
export function insidePath(name: string): string | undefined {
  if (name === '' || name.startsWith('/') || /[\\\0]/.test(name) || /^[A-Za-z]:/.test(name)) {
    return undefined;
  }
  const parts: string[] = [];
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.length === 0 ? undefined : parts.join('/');
}
