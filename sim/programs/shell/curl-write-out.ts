/** curl's --write-out: variables in a format. Source: curl(1) 7.88. */

/** The format filled in; a variable that is not known is told, and empty. */
export function writeOutText(
  format: string,
  values: ReadonlyMap<string, string>,
  complain: (text: string) => void,
): string {
  return format
    .replace(/%\{([^}]*)\}/g, (_whole, name: string) => {
      const value = values.get(name);
      if (value === undefined) complain(`curl: unknown --write-out variable: '${name}'\n`);
      return value ?? '';
    })
    .replaceAll('\\n', '\n')
    .replaceAll('\\t', '\t')
    .replaceAll('\\r', '\r')
    .replaceAll('%%', '%');
}

/** A time as --write-out shows it. */
export function seconds(us: number): string {
  return `${Math.floor(us / 1_000_000)}.${String(us % 1_000_000).padStart(6, '0')}`;
}
