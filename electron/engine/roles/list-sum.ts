import type { ByteString } from '../../../shared/model/path.ts';
import type { FileSum } from '../checksum/strong.ts';
import type { ReadFile } from '../fs/fs.ts';

const CHUNK = 1 << 20;
let buffer: Buffer | null = null;

/**
 * `--checksum` sum of a whole open file (reference §6.4 field 17), unseeded, in wire order.
 * @param poll called between pieces; may throw to give up
 * @throws fs when the file cannot be read
 */
export function sumFile(file: ReadFile, sum: FileSum, poll?: () => void): ByteString {
  buffer ??= Buffer.allocUnsafe(CHUNK);
  sum.reset();
  let at = 0;
  for (;;) {
    const count = file.read(buffer, 0, CHUNK, at);
    if (count === 0) break;
    sum.update(buffer, 0, count);
    at += count;
    poll?.();
  }
  return Buffer.from(sum.digest()).toString('latin1');
}
