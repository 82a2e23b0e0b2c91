/** Which guide belongs to which scenario. */

import { FIRST_TOUR } from './first-tour.ts';
import type { Guide } from './guide.ts';
import { LAB_SHEET } from './lab-sheet.ts';

/** All guides, in the order in which a newcomer should meet them. */
export const GUIDES: readonly Guide[] = [FIRST_TOUR, LAB_SHEET];

/** The guide of a scenario, if it has one. */
export function guideOf(scenario: string | undefined): Guide | undefined {
  return scenario === undefined ? undefined : GUIDES.find((guide) => guide.fits(scenario));
}
