/**
 * Folders for what a command writes. Node's own `mkdirSync(…, { recursive: true })` asks for ever where a file system lets nobody
 * make a folder (`--pcap /proc/x`), so the folders are made one by one, from the outermost that is missing.
 */

import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Makes a folder and those around it; one that is there already is left alone. Throws what Node throws. */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  for (let folder = resolve(path); !isThere(folder); folder = dirname(folder)) missing.push(folder);
  for (const folder of missing.reverse()) makeOne(folder);
}

function makeOne(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    // Another process may have been quicker.
    if (!isThere(folder)) throw error;
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true || isRoot(path);
}

function isRoot(path: string): boolean {
  return dirname(path) === path;
}
