/** Zooming and panning of the map: what stays under the hand, and what a small map of all of it shows. */

/** Smallest and largest scale. */
const SCALE_MIN = 0.3;
export const SCALE_MAX = 2.5;

/** A window onto the sheet: how far it was scrolled, in screen pixels, and how large it is. */
export interface MapWindow {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A scale within its bounds. */
export function boundedScale(scale: number): number {
  return Math.min(SCALE_MAX, Math.max(SCALE_MIN, scale));
}

/** Where to scroll so that the point under the hand stays there while the scale changes. */
export function scrollAfterZoom(
  window: Pick<MapWindow, 'left' | 'top'>,
  hand: { readonly x: number; readonly y: number },
  scales: { readonly from: number; readonly to: number },
): { readonly left: number; readonly top: number } {
  const factor = scales.to / scales.from;
  return {
    left: Math.max(0, (window.left + hand.x) * factor - hand.x),
    top: Math.max(0, (window.top + hand.y) * factor - hand.y),
  };
}

/** The part of the sheet that is in sight, in map units; for the frame on the small map. */
export function sightOn(
  window: MapWindow,
  scale: number,
  sheet: { readonly width: number; readonly height: number },
): { readonly x: number; readonly y: number; readonly width: number; readonly height: number } {
  const x = Math.min(sheet.width, window.left / scale);
  const y = Math.min(sheet.height, window.top / scale);
  return {
    x,
    y,
    width: Math.min(sheet.width - x, window.width / scale),
    height: Math.min(sheet.height - y, window.height / scale),
  };
}
