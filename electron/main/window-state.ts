import { readFileSync, statSync } from 'node:fs';
import * as v from 'valibot';
import { writeWhole } from '../service/store/whole-file.ts';

const Pixels = v.pipe(v.number(), v.integer(), v.minValue(-100_000), v.maxValue(100_000));
const Extent = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100_000));

/** Where the window was, in device-independent pixels. */
const WindowState = v.strictObject({ x: Pixels, y: Pixels, width: Extent, height: Extent, maximized: v.boolean() });
export type WindowState = v.InferOutput<typeof WindowState>;

export interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

export const MIN_SIZE = { width: 640, height: 480 } as const;
const FIRST_SIZE = { width: 1080, height: 740 } as const;
/** How much of the window must be on a screen for a person to get hold of it. */
const GRIP = 80;

/** The bounds to open with; without a position the system centres the window. */
export type OpeningBounds = { width: number; height: number; maximized: boolean } | WindowState;

/** Reads the kept state. A missing, damaged or huge file is as good as none: it holds nothing but comfort. */
export function readWindowState(path: string): WindowState | null {
  try {
    if (statSync(path).size > 4096) return null;
    const parsed = v.safeParse(WindowState, JSON.parse(readFileSync(path, 'utf8')));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}

/** Keeps the state; a full disk loses the window's place, nothing else. */
export function keepWindowState(path: string, state: WindowState): void {
  try {
    writeWhole(path, `${JSON.stringify(state)}\n`);
  } catch {
    // The next start opens at the default place.
  }
}

/**
 * @param screens the work areas of the screens there are now, which may not be those of last time
 */
export function openingBounds(kept: WindowState | null, screens: readonly Rectangle[]): OpeningBounds {
  if (kept === null) return { ...FIRST_SIZE, maximized: false };
  const width = Math.max(kept.width, MIN_SIZE.width);
  const height = Math.max(kept.height, MIN_SIZE.height);
  // The title bar is what a window is moved by: its top edge has to be on a screen, and a piece of its width.
  const reachable = screens.some(
    (area) =>
      kept.y >= area.y &&
      kept.y <= area.y + area.height - GRIP &&
      kept.x + width >= area.x + GRIP &&
      kept.x <= area.x + area.width - GRIP,
  );
  return reachable ? { ...kept, width, height } : { width, height, maximized: kept.maximized };
}
