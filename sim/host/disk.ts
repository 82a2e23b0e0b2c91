/**
 * The files of one machine. What lies on the disk survives power-off and reboot; what lies in
 * memory file systems (`/run`, `/tmp`, `/proc`, `/dev`, `/sys`) goes with the power. Paths are
 * absolute and flat: directories exist because a file lies in them. Nothing here reads the real
 * file system.
 */

/** Hears of every write, creation and removal. */
export type FileListener = (path: string) => void;

const VOLATILE = ['/run/', '/var/run/', '/tmp/', '/proc/', '/dev/', '/sys/'];

/** Folders that are there even when nothing lies in them. */
const STANDARD_FOLDERS = new Set(
  ['/', '/bin/', '/dev/', '/etc/', '/home/', '/lib/', '/proc/', '/root/', '/run/'].concat([
    '/sbin/',
    '/sys/',
    '/tmp/',
    '/usr/',
    '/usr/bin/',
    '/usr/sbin/',
    '/var/',
    '/var/log/',
  ]),
);

/** The files; see the head of the file. */
export class Disk {
  readonly #files = new Map<string, Uint8Array>();
  readonly #listeners = new Set<FileListener>();

  constructor(files: readonly (readonly [path: string, bytes: Uint8Array])[]) {
    for (const [path, bytes] of files) this.#files.set(cleanPath(path), bytes);
  }

  /** The whole file, or `undefined` when there is none. */
  read(path: string): Uint8Array | undefined {
    return this.#files.get(cleanPath(path));
  }

  /** Creates or replaces a file and tells the listeners. */
  write(path: string, bytes: Uint8Array): void {
    const clean = cleanPath(path);
    this.#files.set(clean, bytes);
    this.#tell(clean);
  }

  /** Removes a file; `false` when there was none. */
  remove(path: string): boolean {
    const clean = cleanPath(path);
    if (!this.#files.delete(clean)) return false;
    this.#tell(clean);
    return true;
  }

  /** All paths, sorted by code unit. */
  paths(): readonly string[] {
    return [...this.#files.keys()].sort((a, b) => (a < b ? -1 : 1));
  }

  /** Whether `path` is a folder of every machine, or some file lies below it. */
  isDirectory(path: string): boolean {
    const prefix = directoryPrefix(path);
    if (STANDARD_FOLDERS.has(prefix)) return true;
    for (const file of this.#files.keys()) if (file.startsWith(prefix)) return true;
    return false;
  }

  /** Names directly below a directory, sorted, without repetition. */
  list(path: string): readonly string[] {
    const prefix = directoryPrefix(path);
    const names = new Set<string>();
    for (const file of this.paths()) {
      if (!file.startsWith(prefix)) continue;
      const rest = file.slice(prefix.length);
      const slash = rest.indexOf('/');
      names.add(slash < 0 ? rest : rest.slice(0, slash));
    }
    return [...names];
  }

  /** Calls `listener` after each change. Returns how to stop. */
  listen(listener: FileListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The power is gone: memory file systems are empty again, nobody hears of it. */
  losePower(): void {
    for (const path of [...this.#files.keys()]) {
      if (VOLATILE.some((prefix) => path.startsWith(prefix))) this.#files.delete(path);
    }
    this.#listeners.clear();
  }

  #tell(path: string): void {
    for (const listener of [...this.#listeners]) listener(path);
  }
}

/**
 * An absolute path without `.`, `..`, doubled or trailing slashes; relative ones start at `/root`.
 */
export function cleanPath(path: string, workingDirectory = '/root'): string {
  const parts: string[] = [];
  const whole = path.startsWith('/') ? path : `${workingDirectory}/${path}`;
  for (const part of whole.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** The last component of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function directoryPrefix(path: string): string {
  const clean = cleanPath(path);
  return clean === '/' ? '/' : `${clean}/`;
}
