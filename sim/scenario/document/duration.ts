/** How long something takes, as scenarios write it. */

/** A duration with its unit: `'3.7s'`, `'100ms'`, `'200us'`, `'2m'`, `'1h'`. */
export type Duration = `${number}${'us' | 'ms' | 's' | 'm' | 'h'}`;
