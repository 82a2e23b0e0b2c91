/** Versions of keepalived, for comparing. */

/** `2.3.3` as 2003003; what is no number counts as 0. */
export function versionNumber(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map((part) => Number(part) || 0);
  return (major * 1000 + minor) * 1000 + patch;
}
