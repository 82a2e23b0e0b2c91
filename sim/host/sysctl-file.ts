/**
 * sysctl(8) of procps as a function over the kernel: what setting, showing and loading files print.
 * Used by the boot (`/etc/sysctl.conf`) and by the shell's `sysctl`. Wording of procps 4.0 (Debian
 * 12).
 */

import type { KernelApi } from '../kernel/kernel-api.ts';

/** What one run of sysctl printed. */
export interface SysctlOutput {
  readonly stdout: string;
  readonly stderr: string;
  readonly failed: boolean;
}

/** How names and values are shown. */
export interface SysctlForm {
  readonly valuesOnly?: boolean;
  readonly quiet?: boolean;
  readonly ignoreUnknown?: boolean;
}

/** `sysctl -p FILE` on text that was read already. */
export function applySysctlFile(
  kernel: KernelApi,
  text: string,
  options: SysctlForm & { readonly fileName: string },
): SysctlOutput {
  const total = { stdout: '', stderr: '', failed: false };
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    const equals = line.indexOf('=');
    if (equals <= 0) {
      total.stderr += `sysctl: ${options.fileName}(${index + 1}): invalid syntax, continuing...\n`;
      continue;
    }
    const forgiving = line.startsWith('-');
    const name = line.slice(forgiving ? 1 : 0, equals).trim();
    const one = writeSysctl(kernel, name, line.slice(equals + 1).trim(), options);
    total.stdout += one.stdout;
    total.stderr += one.stderr;
    if (one.failed && !forgiving) total.failed = true;
  }
  return total;
}

/** `sysctl NAME=VALUE`. */
export function writeSysctl(
  kernel: KernelApi,
  name: string,
  value: string,
  form: SysctlForm,
): SysctlOutput {
  const dotted = dottedName(name);
  if (kernel.sysctl(dotted) === undefined) return unknownSysctl(dotted, form);
  // What is printed is what was asked; the kernel reads a number up to the first blank.
  if (!kernel.setSysctl(dotted, value) && !kernel.setSysctl(dotted, value.split(/\s/)[0] ?? '')) {
    const stderr = `sysctl: setting key "${dotted}": Invalid argument\n`;
    return { stdout: '', stderr, failed: true };
  }
  return { stdout: form.quiet ? '' : shown(dotted, value, form), stderr: '', failed: false };
}

/** `sysctl NAME`; a name of a folder shows everything below it. */
export function showSysctl(kernel: KernelApi, name: string, form: SysctlForm): SysctlOutput {
  const dotted = dottedName(name);
  const value = kernel.sysctl(dotted);
  if (value !== undefined) return { stdout: shown(dotted, value, form), stderr: '', failed: false };
  const below = kernel.sysctlNames().filter((other) => other.startsWith(`${dotted}.`));
  if (below.length === 0) return unknownSysctl(dotted, form);
  const lines = below.map((other) => shown(other, kernel.sysctl(other) ?? '', form));
  return { stdout: lines.join(''), stderr: '', failed: false };
}

/** `net/ipv4/ip_forward` is `net.ipv4.ip_forward`; in the slash form dots become slashes. */
function dottedName(name: string): string {
  const slash = name.indexOf('/');
  const dot = name.indexOf('.');
  if (slash < 0 || (dot >= 0 && dot < slash)) return name;
  return name.replaceAll(/[/.]/g, (mark) => (mark === '/' ? '.' : '/'));
}

/** `/proc/sys/net/ipv4/ip_forward` as a sysctl's name; `undefined` for other paths. */
export function sysctlOfPath(path: string): string | undefined {
  return path.startsWith('/proc/sys/') ? dottedName(path.slice('/proc/sys/'.length)) : undefined;
}

function unknownSysctl(dotted: string, form: SysctlForm): SysctlOutput {
  if (form.ignoreUnknown) return { stdout: '', stderr: '', failed: false };
  const path = dotted.replaceAll(/[/.]/g, (mark) => (mark === '.' ? '/' : '.'));
  const stderr = `sysctl: cannot stat /proc/sys/${path}: No such file or directory\n`;
  return { stdout: '', stderr, failed: true };
}

function shown(name: string, value: string, form: SysctlForm): string {
  return form.valuesOnly ? `${value}\n` : `${name} = ${value}\n`;
}
