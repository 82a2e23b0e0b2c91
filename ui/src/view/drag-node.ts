/** Moving a device on the map: by pointer, or by Alt and the arrow keys. */

import type { Box, Place } from '../geometry/layout.ts';

/** What moving needs to know. */
export interface DragOptions {
  readonly box: Box;
  readonly scale: number;
  readonly move: (place: Place) => void;
}

/** Pixels that the pointer may tremble before a press becomes a drag. */
const SLACK_PX = 4;

/** How far one arrow key moves, map units. */
const KEY_STEP = 12;

/** Follows the pointer until it is let go. */
export function beginDrag(event: PointerEvent, options: DragOptions): void {
  if (event.button !== 0) return;
  const { box, scale, move } = options;
  const [startX, startY] = [event.clientX, event.clientY];
  let dragging = false;
  const onMove = (now: PointerEvent) => {
    const [x, y] = [now.clientX - startX, now.clientY - startY];
    dragging = dragging || Math.abs(x) + Math.abs(y) > SLACK_PX;
    if (dragging) move({ x: box.x + x / scale, y: box.y + y / scale });
  };
  const onEnd = () => {
    window.removeEventListener('pointermove', onMove);
    window.removeEventListener('pointerup', onEnd);
    window.removeEventListener('pointercancel', onEnd);
  };
  window.addEventListener('pointermove', onMove);
  window.addEventListener('pointerup', onEnd);
  window.addEventListener('pointercancel', onEnd);
}

/** Moves by Alt and an arrow key; false when it was another key. */
export function moveByKey(event: KeyboardEvent, options: DragOptions): boolean {
  if (!event.altKey) return false;
  const steps = new Map([
    ['ArrowLeft', [-1, 0]],
    ['ArrowRight', [1, 0]],
    ['ArrowUp', [0, -1]],
    ['ArrowDown', [0, 1]],
  ]);
  const step = steps.get(event.key);
  if (step === undefined) return false;
  const [x = 0, y = 0] = step;
  options.move({ x: options.box.x + x * KEY_STEP, y: options.box.y + y * KEY_STEP });
  return true;
}
