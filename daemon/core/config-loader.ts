/** The daemon's default reader: keepalived's own language, from `daemon/config`. */

import { BugError } from '../base/assert.ts';
import type { ConfigLoader } from './loaded-config.ts';

/** Reads `path` and everything it includes. */
export const loadWithReader: ConfigLoader = () => {
  throw new BugError('no configuration reader was given to the daemon');
};
