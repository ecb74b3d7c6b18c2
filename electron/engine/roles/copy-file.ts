import type { ByteString } from '../../../shared/model/path.ts';
import { toErrorData } from '../../../shared/errors.ts';
import type { DestinationDir, NewAttributes, ReadFile } from '../fs/fs.ts';
import { lesserAttributes } from './attributes.ts';

const CHUNK = 1 << 20;
let buffer: Buffer | null = null;

/**
 * Copies an open file to `name`, which appears complete or not at all, and closes it.
 * @param poll called between pieces; may throw to give up
 * @throws fs what kept it from being copied
 */
export function copyFile(
  from: ReadFile,
  dir: DestinationDir,
  name: ByteString,
  attributes: NewAttributes,
  poll: () => void,
): void {
  buffer ??= Buffer.alloc(CHUNK);
  try {
    const temp = dir.createTemp(name);
    try {
      for (let at = 0; ;) {
        const count = from.read(buffer, 0, CHUNK, at);
        if (count === 0) break;
        temp.write(buffer, 0, count);
        at += count;
        poll();
      }
      for (let wanted: NewAttributes | null = attributes; wanted; wanted = lesserAttributes(wanted)) {
        try {
          return temp.commit(wanted);
        } catch (error) {
          if (toErrorData(error).code === 'temp-ended' || lesserAttributes(wanted) === null) throw error;
        }
      }
    } catch (error) {
      temp.discard();
      throw error;
    }
  } finally {
    from.close();
  }
}
