/**
 * What another keepalived than 2.2.7 does differently. Not verified against recordings: from the
 * lists of changes of 2.2.8, 2.3.2 and 2.3.3. Keywords that came with a version (up to 2.4) say so in their rows.
 */

import { versionNumber } from '../config/version-number.ts';
import type { VrrpSettings } from '../vrrp/vrrp-machine.ts';

/** The settings that depend on the version alone. */
export type VersionProfile = Pick<
  VrrpSettings,
  | 'acceptAddressMismatch'
  | 'limitsRefusals'
  | 'ownersKeepPriority'
  | 'tellsNewMaster'
  | 'hasRefreshTimer'
  | 'ignoresAdvertsInDelay'
  | 'tellsIntervalMismatch'
  | 'authHmacFormat'
>;

/** The profile of a version such as `2.3.3`. */
export function versionProfile(version: string): VersionProfile {
  const number = versionNumber(version);
  const isAligned = number >= versionNumber('2.3.3');
  return {
    acceptAddressMismatch: isAligned,
    limitsRefusals: isAligned,
    ownersKeepPriority: isAligned,
    tellsNewMaster: isAligned,
    tellsIntervalMismatch: isAligned,
    ignoresAdvertsInDelay: number >= versionNumber('2.2.8'),
    hasRefreshTimer: number >= versionNumber('2.3.2'),
    authHmacFormat: authHmacFormat(number),
  };
}

/** Which release first counts the checksum as zero is not known: it is in the source after 2.4.3. */
function authHmacFormat(number: number): VersionProfile['authHmacFormat'] {
  if (number >= versionNumber('2.4.3')) return 'draft';
  if (number >= versionNumber('2.4.1')) return 'fraction';
  return number >= versionNumber('2.4.0') ? 'counter' : 'none';
}
