/**
 * `*` and `?` in words of a command line, as bash expands them: the sorted paths that fit, or the word as it was written when
 * there is none. Known are the host's files and folders and what its kernel shows under /proc/sys. A name that begins with a
 * dot needs the dot written. Left out: `[...]`, `**` and braces. Source: bash(1), "Pathname Expansion".
 */

import { cleanPath } from '../../host/disk.ts';
import type { Machine } from '../../host/machine.ts';
import type { Word } from './parse-line.ts';

/** Most paths that one word becomes. */
const MATCHES_MAX = 4096;

/** The words that a word becomes; `status` is what `$?` stands for. */
export function expandWord(machine: Machine, word: Word, status: number): readonly string[] {
  const text = wordText(word, status);
  if (!word.some((part) => typeof part === 'object' && part.kind === 'pattern')) return [text];
  const isAbsolute = text.startsWith('/');
  const wanted = segmentsOf(word, status);
  const found = pathsOf(machine)
    .map((path) => (isAbsolute ? path : relativeTo(path, cleanPath('.'))))
    .filter((path) => path !== undefined)
    .filter((path) => fits(path, wanted))
    .slice(0, MATCHES_MAX);
  return found.length === 0 ? [text] : found;
}

/** A word as it is written. */
export function wordText(word: Word, status: number): string {
  return word
    .map((part) =>
      typeof part === 'string' ? part : part.kind === 'status' ? String(status) : part.text,
    )
    .join('');
}

/** Patterns of the names between slashes. */
function segmentsOf(word: Word, status: number): readonly RegExp[] {
  const source = word
    .map((part) => {
      if (typeof part === 'string') return literally(part);
      if (part.kind === 'status') return String(status);
      return part.text === '*' ? '.*' : '.';
    })
    .join('');
  return source.split('/').map((segment) => {
    // A written dot stands behind a backslash here.
    return new RegExp(`^${segment.startsWith('.') ? '(?!\\.)' : ''}${segment}$`);
  });
}

function literally(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function fits(path: string, wanted: readonly RegExp[]): boolean {
  const names = path.split('/');
  return names.length === wanted.length && names.every((name, at) => wanted[at]?.test(name));
}

function relativeTo(path: string, folder: string): string | undefined {
  return path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : undefined;
}

/** All files and folders, sorted. */
function pathsOf(machine: Machine): readonly string[] {
  const files = [
    ...machine.disk.paths(),
    ...machine.kernel.sysctlNames().map((name) => `/proc/sys/${slashed(name)}`),
  ];
  const all = new Set<string>();
  for (const file of files) {
    for (let end = file.length; end > 0; end = file.lastIndexOf('/', end - 1)) {
      all.add(file.slice(0, end));
    }
  }
  return [...all].sort((one, other) => (one < other ? -1 : 1));
}

/** `net.ipv4.conf.eth0/100.arp_ignore` is a path with `eth0.100`. */
function slashed(name: string): string {
  return name.replaceAll(/[/.]/g, (mark) => (mark === '.' ? '/' : '.'));
}
