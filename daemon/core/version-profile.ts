/**
 * What another keepalived than 2.2.7 does differently. Not verified against recordings: from the
 * lists of changes of 2.3.2 and 2.3.3.
 */

import type { VrrpSettings } from '../vrrp/vrrp-machine.ts';

/** The settings that depend on the version alone. */
export type VersionProfile = Pick<
  VrrpSettings,
  'acceptAddressMismatch' | 'limitsRefusals' | 'hasRefreshTimer'
>;

/** The profile of a version such as `2.3.3`. */
export function versionProfile(version: string): VersionProfile {
  const number = versionNumber(version);
  const isAligned = number >= versionNumber('2.3.3');
  return {
    acceptAddressMismatch: isAligned,
    limitsRefusals: isAligned,
    hasRefreshTimer: number >= versionNumber('2.3.2'),
  };
}

/** `2.3.3` as 2003003, for comparing. */
function versionNumber(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  return (major * 1000 + minor) * 1000 + patch;
}
