import { DriftlineError } from '../../shared/errors.ts';
import { UNDERFLOW } from '../../electron/engine/wire/byte-reader.ts';
import { Random } from '../differential/random.ts';
import type { Decoder } from './decoders.ts';

/** Bytes and numbers that bounds are wrong about. */
const BYTES = [0, 1, 0x20, 0x2e, 0x2f, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xf0, 0xfc, 0xfe, 0xff];
const INTS = [0, 1, -1, 0x7f, 0x80, 0xff, 0xffff, 131_073, 0x7fff_ffff, -0x8000_0000, 0x0100_0000, 2 ** 30];

/** Makes one to three changes of different kinds to a stream. */
export function mutate(bytes: Buffer, other: Buffer, random: Random): Buffer {
  let out = Buffer.from(bytes);
  for (let changes = random.int(1, 3); changes > 0; changes--) {
    const at = random.int(0, Math.max(0, out.length - 1));
    const length = random.int(1, random.pick([4, 40, 400]));
    const [before, behind] = [out.subarray(0, at), out.subarray(at)];
    switch (random.int(0, 7)) {
      case 0:
        if (out.length > 0) out[at]! ^= 1 << random.int(0, 7);
        break;
      case 1:
        if (out.length > 0) out[at] = random.pick(BYTES);
        break;
      case 2:
        if (at + 4 <= out.length) out.writeInt32LE(random.pick(INTS), at);
        break;
      case 3:
        out = Buffer.concat([before, behind.subarray(length)]);
        break;
      case 4:
        out = Buffer.concat([before, behind.subarray(0, length), behind]);
        break;
      case 5:
        out = Buffer.concat([before, Buffer.from(Array.from({ length }, () => random.int(0, 255))), behind]);
        break;
      case 6:
        out = Buffer.from(before);
        break;
      default: {
        const from = random.int(0, other.length);
        out = Buffer.concat([before, other.subarray(from, from + length), behind]);
      }
    }
  }
  return out;
}

/**
 * One case: a valid stream, changed, read.
 * @param damage false reads it as it is, which must succeed
 * @returns what went wrong, for people, or null: a refusal that says what is wrong, or a stream that is still one
 */
export async function tryCase(decoder: Decoder, seed: number, damage = true): Promise<string | null> {
  // The same numbers shape what is written and how it is read.
  const valid = decoder.valid(new Random(seed));
  const random = new Random(seed ^ 0x5bd1e995);
  const bytes = damage ? mutate(valid, decoder.valid(new Random(seed + 1)), random) : valid;
  try {
    await decoder.decode(bytes, new Random(seed));
    return null;
  } catch (error) {
    const ended = error === UNDERFLOW || (error instanceof DriftlineError && error.data.code === 'closed-early');
    const refused = ended || (error instanceof DriftlineError && error.data.kind !== 'internal');
    const fine = damage ? refused : error instanceof DriftlineError && error.data.code === 'closed-early';
    if (fine) return null;
    return `${decoder.name}, seed ${seed}: ${error instanceof Error ? error.stack : String(error)}\n${bytes.toString('hex').slice(0, 4000)}`;
  }
}
