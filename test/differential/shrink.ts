import type { Case } from './case.ts';
import { type Entry, without } from './tree.ts';

/**
 * Takes things away from a failing case as long as it still fails: options, then entries of the trees, then contents.
 * @param fails judges a case; @param limit at most this many judgements
 */
export async function shrink(one: Case, fails: (smaller: Case) => Promise<boolean>, limit = 120): Promise<Case> {
  let best = one;
  let left = limit;
  const attempt = async (smaller: Case): Promise<boolean> => {
    if (left-- <= 0 || !(await fails(smaller))) return false;
    best = smaller;
    return true;
  };
  for (let progress = true; progress && left > 0;) {
    progress = false;
    for (let at = best.args.length - 1; at >= 0; at--) {
      if (await attempt({ ...best, args: best.args.filter((_, i) => i !== at) })) progress = true;
    }
    for (const key of ['destination', 'old'] as const) {
      if (best[key] !== null && best[key].length > 0 && (await attempt({ ...best, [key]: [] }))) progress = true;
    }
    for (const key of ['source', 'destination', 'old'] as const) {
      for (const entry of [...(best[key] ?? [])].reverse()) {
        if (!best[key]!.includes(entry)) continue;
        if (await attempt({ ...best, [key]: without(best[key]!, entry) })) progress = true;
      }
    }
    for (const key of ['source', 'destination', 'old'] as const) {
      for (const entry of best[key] ?? []) {
        for (const simpler of simplified(entry)) {
          const entries = best[key]!.map((other) => (other === entry ? simpler : other));
          if (best[key]!.includes(entry) && (await attempt({ ...best, [key]: entries }))) progress = true;
        }
      }
    }
  }
  return best;
}

function simplified(entry: Entry): Entry[] {
  const smaller: Entry[] = [];
  const { uid, gid, mode, mtime, pieces } = entry;
  if (pieces !== undefined && pieces.length > 0) smaller.push({ ...entry, pieces: [] });
  if (pieces !== undefined && pieces.length > 1) smaller.push({ ...entry, pieces: pieces.slice(0, 1) });
  if (uid !== 0 || gid !== 0) smaller.push({ ...entry, uid: 0, gid: 0 });
  if (!Number.isInteger(mtime)) smaller.push({ ...entry, mtime: Math.floor(mtime) });
  const plain = entry.kind === 'dir' ? 0o755 : 0o644;
  if (mode !== plain) smaller.push({ ...entry, mode: plain });
  return smaller;
}
