/** A folder of scenarios as a heading. */

/** `seeds/three-servers` becomes `Three servers`, the folder itself `Scenarios`. */
export function groupTitle(group: string): string {
  const name = group
    .slice(group.lastIndexOf('/') + 1)
    .replaceAll('-', ' ')
    .replace(/\blvs\b/, 'LVS');
  if (name === '') return 'Scenarios';
  return `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
}
