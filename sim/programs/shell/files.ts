/**
 * Commands about files: cat, ls, rm, mkdir, touch, cp, mv, tee. Directories exist where files lie.
 */

import { errnoText } from '../../../daemon/base/errno.ts';
import { decodeUtf8, encodeUtf8 } from '../../../daemon/wire/text.ts';
import { baseName, cleanPath } from '../../host/disk.ts';
import { type CommandIo, fail, readOptions, type ShellCommand } from './shell-command.ts';

/** cat: files, or the input. */
export const cat: ShellCommand = (io) => {
  const parsed = readOptions(io.words, { flags: 'nbsAvet', valued: '' });
  if (parsed.rest.length === 0) io.out(io.stdin);
  let code = 0;
  for (const path of parsed.rest) {
    const text = path === '-' ? io.stdin : readText(io, path);
    if (text === undefined) {
      io.err(`cat: ${path}: ${missing(io, path)}\n`);
      code = 1;
    } else io.out(text);
  }
  io.exit(code);
};

/** ls: names, one a line; with -l the long form without owners that mean something. */
export const ls: ShellCommand = (io) => {
  const parsed = readOptions(io.words, { flags: 'laA1htrRd', valued: '' });
  const paths = parsed.rest.length > 0 ? parsed.rest : ['.'];
  const { disk } = io.machine;
  let code = 0;
  for (const path of paths) {
    const clean = cleanPath(path);
    const isFile = io.machine.readFile(clean) !== undefined;
    if (!isFile && !disk.isDirectory(clean)) {
      io.err(`ls: cannot access '${path}': No such file or directory\n`);
      code = 2;
      continue;
    }
    const names = isFile ? [path] : disk.list(clean);
    if (paths.length > 1 && !isFile) io.out(`${path}:\n`);
    io.out(
      names
        .map((name) =>
          listLine(io, isFile ? clean : `${clean}/${name}`, name, parsed.flags.has('l')),
        )
        .join(''),
    );
  }
  io.exit(code);
};

function listLine(io: CommandIo, path: string, name: string, long: boolean): string {
  if (!long) return `${name}\n`;
  const bytes = io.machine.readFile(path);
  const link =
    name.endsWith('.service') && path.includes('.wants/')
      ? decodeUtf8(bytes ?? new Uint8Array(0)).trim()
      : '';
  if (link !== '')
    return `lrwxrwxrwx 1 root root ${String(link.length).padStart(5)} ${name} -> ${link}\n`;
  return bytes === undefined
    ? `drwxr-xr-x 2 root root  4096 ${name}\n`
    : `-rw-r--r-- 1 root root ${String(bytes.length).padStart(5)} ${name}\n`;
}

/** rm: files; with -r whole folders. */
export const rm: ShellCommand = (io) => {
  const parsed = readOptions(io.words, { flags: 'rRfvi', valued: '' });
  const force = parsed.flags.has('f');
  const recursive = parsed.flags.has('r') || parsed.flags.has('R');
  const { disk } = io.machine;
  let code = 0;
  for (const path of parsed.rest) {
    const clean = cleanPath(path);
    if (disk.remove(clean)) continue;
    if (disk.isDirectory(clean) && recursive) {
      for (const file of disk.paths()) if (file.startsWith(`${clean}/`)) disk.remove(file);
    } else if (!force || disk.isDirectory(clean)) {
      io.err(`rm: cannot remove '${path}': ${missing(io, path)}\n`);
      code = 1;
    }
  }
  io.exit(code);
};

/** mkdir: nothing to do, folders come with their files. */
export const mkdir: ShellCommand = (io) => {
  const parsed = readOptions(io.words, { flags: 'pv', valued: 'm' });
  for (const path of parsed.rest) {
    const clean = cleanPath(path);
    const exists = io.machine.disk.isDirectory(clean) || io.machine.disk.read(clean) !== undefined;
    if (exists && !parsed.flags.has('p'))
      return fail(io, `mkdir: cannot create directory ‘${path}’: File exists`, 1);
  }
  io.exit(0);
};

/** touch: makes empty files. */
export const touch: ShellCommand = (io) => {
  for (const path of readOptions(io.words, { flags: 'acm', valued: 'dtr' }).rest) {
    const clean = cleanPath(path);
    io.machine.writeFile(clean, io.machine.readFile(clean) ?? new Uint8Array(0));
  }
  io.exit(0);
};

/** cp and mv of single files. */
export const copy: ShellCommand = (io) => {
  const { rest } = readOptions(io.words, { flags: 'rRfapvi', valued: '' });
  const [from, to] = rest;
  if (from === undefined) return fail(io, `${io.name}: missing file operand`, 1);
  if (to === undefined)
    return fail(io, `${io.name}: missing destination file operand after '${from}'`, 1);
  const bytes = io.machine.readFile(cleanPath(from));
  if (bytes === undefined)
    return fail(io, `${io.name}: cannot stat '${from}': ${missing(io, from)}`, 1);
  const intoFolder = to.endsWith('/') || io.machine.disk.isDirectory(cleanPath(to));
  const target = intoFolder ? `${cleanPath(to)}/${baseName(from)}` : cleanPath(to);
  io.machine.writeFile(target, bytes);
  if (io.name === 'mv') io.machine.disk.remove(cleanPath(from));
  io.exit(0);
};

/** tee: the input to files and on. */
export const tee: ShellCommand = (io) => {
  const parsed = readOptions(io.words, { flags: 'ai', valued: '' });
  for (const path of parsed.rest) {
    const before = parsed.flags.has('a') ? (readText(io, path) ?? '') : '';
    if (path !== '/dev/null') io.machine.writeFile(cleanPath(path), encodeUtf8(before + io.stdin));
  }
  io.out(io.stdin);
  io.exit(0);
};

/** A file's text; `undefined` when there is none. */
export function readText(io: CommandIo, path: string): string | undefined {
  if (path === '/dev/null') return '';
  const bytes = io.machine.readFile(cleanPath(path));
  return bytes === undefined ? undefined : decodeUtf8(bytes);
}

/** Why a file cannot be read. */
export function missing(io: CommandIo, path: string): string {
  return io.machine.disk.isDirectory(cleanPath(path)) ? 'Is a directory' : errnoText('ENOENT');
}
