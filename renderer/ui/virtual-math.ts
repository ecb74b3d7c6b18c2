/**
 * Geometry of a windowed list of equal rows. Browsers stop laying out elements at some 17–33 million pixels, so beyond
 * `MAX_HEIGHT` the scrollable box is shorter than the list and scroll positions are scaled; a wheel turn still moves
 * by its own distance, because the list keeps its true offset and the scroll bar follows.
 */
export const MAX_HEIGHT = 10_000_000;
/** Rows drawn above and below what is visible. */
const OVERSCAN = 6;
const MOST_ROWS = 200;

export interface Geometry {
  count: number;
  rowHeight: number;
  viewport: number;
}

export interface RowWindow {
  first: number;
  /** Exclusive. */
  end: number;
}

export function trueHeight({ count, rowHeight }: Geometry): number {
  return count * rowHeight;
}

/** Height of the element that is scrolled. */
export function boxHeight(geometry: Geometry): number {
  return Math.min(trueHeight(geometry), MAX_HEIGHT);
}

export function isScaled(geometry: Geometry): boolean {
  return trueHeight(geometry) > MAX_HEIGHT;
}

export function maxOffset(geometry: Geometry): number {
  return Math.max(0, trueHeight(geometry) - geometry.viewport);
}

/** Position of the scroll bar → offset in the list. */
export function offsetOf(scrollTop: number, geometry: Geometry): number {
  const room = boxHeight(geometry) - geometry.viewport;
  return room <= 0 ? 0 : Math.min(1, Math.max(0, scrollTop / room)) * maxOffset(geometry);
}

/** Offset in the list → position of the scroll bar. */
export function scrollTopOf(offset: number, geometry: Geometry): number {
  const most = maxOffset(geometry);
  return most === 0 ? 0 : (offset / most) * (boxHeight(geometry) - geometry.viewport);
}

/** Rows to draw at an offset: what is visible and a little more, at most 200. */
export function rowsAt(offset: number, { count, rowHeight, viewport }: Geometry): RowWindow {
  const first = Math.max(0, Math.floor(offset / rowHeight) - OVERSCAN);
  const wanted = Math.min(MOST_ROWS, Math.ceil(viewport / rowHeight) + 1 + 2 * OVERSCAN);
  return { first: Math.min(first, count), end: Math.min(count, first + wanted) };
}

/** The offset nearest to `offset` at which a row is wholly visible. */
export function reveal(row: number, offset: number, geometry: Geometry): number {
  const top = row * geometry.rowHeight;
  const bottom = top + geometry.rowHeight;
  if (top < offset) return top;
  if (bottom > offset + geometry.viewport) return bottom - geometry.viewport;
  return offset;
}
