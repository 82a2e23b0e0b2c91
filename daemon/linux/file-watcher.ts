/**
 * Tells when a tracked file was written, made or removed. The folder is watched, not the file, so that a file
 * that is replaced (rename) or does not exist yet is seen too, as keepalived's inotify watch does.
 */

import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { SystemEvent } from '../core/events.ts';

/** Watches for a set of files. */
export class FileWatcher {
  readonly #deliver: (event: SystemEvent) => void;
  #watchers: FSWatcher[] = [];

  constructor(deliver: (event: SystemEvent) => void) {
    this.#deliver = deliver;
  }

  /** Replaces the set of files; an empty one ends all watching. */
  watch(paths: readonly string[]): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
    for (const folder of new Set(paths.map((path) => dirname(path)))) {
      const files = paths.filter((path) => dirname(path) === folder);
      this.#watchFolder(folder, files);
    }
  }

  #watchFolder(folder: string, files: readonly string[]): void {
    try {
      const watcher = watch(folder, { persistent: false }, (_change, name) => {
        for (const path of files) {
          if (name === null || basename(path) === name) {
            this.#deliver({ kind: 'file-changed', path });
          }
        }
      });
      watcher.on('error', () => watcher.close());
      this.#watchers.push(watcher);
    } catch {
      // No such folder: the daemon has said so when it read the file.
    }
  }
}
