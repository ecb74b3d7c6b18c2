import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ByteString, textToBytes } from '../../../shared/model/path.ts';
import { sweep } from '../../engine/fs/sweep.ts';
import { homeFolder } from '../../service/home.ts';

/**
 * Removes what killed runs left behind and says where this run keeps its journal. A folder that cannot be used (a home
 * that is read-only or somebody else's) is no reason to refuse a transfer: the run then keeps none.
 *
 * @returns the folder for journals, or null
 */
export function sweepJournals(): ByteString | null {
  try {
    const folder = join(homeFolder(), 'journals');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK | constants.X_OK);
    const bytes = textToBytes(folder);
    sweep(bytes);
    return bytes;
  } catch {
    return null;
  }
}
