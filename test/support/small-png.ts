import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
const COLOURS = 256;

/**
 * A screenshot in 256 of its colours, each other one shown as the nearest of them: a third of the size, and on flat
 * surfaces and text no eye tells them apart. Reads what Chromium writes: 8 bits, RGB or RGBA, not
 * interlaced (PNG specification, chapters 9 and 11).
 */
export function smallPng(png: Buffer): Buffer {
  const { width, height, pixels } = decode(png);
  const counts = new Map<number, number>();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  const palette = paletteOf(counts);
  const index = new Map(palette.map((colour, n) => [colour, n]));
  // A filter byte (0, none) before each line: palette indexes do not predict each other.
  const lines = Buffer.alloc(height * (width + 1));
  for (let y = 0, n = 0; y < height; y++) {
    for (let x = 0; x < width; x++, n++) {
      const colour = pixels[n]!;
      let at = index.get(colour);
      if (at === undefined) index.set(colour, (at = nearest(palette, colour)));
      lines[y * (width + 1) + 1 + x] = at;
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  const colours = Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]));
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', colours),
    chunk('IDAT', deflateSync(lines, { level: 9, memLevel: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Pixels as 0xRRGGBB, line by line. */
function decode(png: Buffer): { width: number; height: number; pixels: Uint32Array } {
  const data: Buffer[] = [];
  let header: Buffer = Buffer.alloc(13);
  for (let at = SIGNATURE.length; at < png.length;) {
    const end = at + 8 + png.readUInt32BE(at);
    const type = png.toString('latin1', at + 4, at + 8);
    if (type === 'IHDR') header = png.subarray(at + 8, end);
    if (type === 'IDAT') data.push(png.subarray(at + 8, end));
    at = end + 4;
  }
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const step = { 2: 3, 6: 4 }[header[9]!];
  if (step === undefined) throw new Error(`colour type ${header[9]} is none that Chromium writes`);
  const raw = inflateSync(Buffer.concat(data));
  const stride = width * step;
  const bytes = Buffer.alloc(height * stride);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)]!;
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x;
      const left = x >= step ? bytes[at - step]! : 0;
      const up = y > 0 ? bytes[at - stride]! : 0;
      const corner = x >= step && y > 0 ? bytes[at - stride - step]! : 0;
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter]!;
      bytes[at] = raw[y * (stride + 1) + 1 + x]! + guess;
    }
  }
  const pixels = Uint32Array.from({ length: width * height }, (_, n) => bytes.readUIntBE(n * step, 3));
  return { width, height, pixels };
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

/** The most frequent colours, then those that are least like any chosen so far: a small green tick stays green. */
function paletteOf(counts: ReadonlyMap<number, number>): number[] {
  const all = [...counts].sort((a, b) => b[1] - a[1]).map(([colour]) => colour);
  const palette = all.slice(0, COLOURS / 2);
  const rest = all.slice(palette.length).map((colour) => ({
    colour,
    apart: Math.min(...palette.map((chosen) => distance(chosen, colour))),
  }));
  while (palette.length < COLOURS && rest.length > 0) {
    const next = rest.reduce((best, each) => (each.apart > best.apart ? each : best));
    if (next.apart === 0) break;
    palette.push(next.colour);
    for (const each of rest) each.apart = Math.min(each.apart, distance(next.colour, each.colour));
  }
  return palette;
}

function distance(one: number, other: number): number {
  const red = (one >> 16) - (other >> 16);
  const green = ((one >> 8) & 255) - ((other >> 8) & 255);
  const blue = (one & 255) - (other & 255);
  return red * red + green * green + blue * blue;
}

function nearest(palette: readonly number[], colour: number): number {
  let best = 0;
  let least = Infinity;
  for (const [n, other] of palette.entries()) {
    const apart = distance(other, colour);
    if (apart < least) [best, least] = [n, apart];
  }
  return best;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}
