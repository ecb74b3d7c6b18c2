import { toErrorData } from '../../../shared/errors.ts';
import { entryName, type FileEntry } from '../flist/entry.ts';
import type { Decision } from '../plan/decide.ts';
import { ItemFlag } from '../wire/constants.ts';
import { isDiskFull, shownName } from './destination.ts';
import type { ReceiveState } from './receive-state.ts';

/** Item flags that must be as planned for an item to be carried out; attributes are best effort (design §5). */
export const PLAN_MASK =
  ItemFlag.TRANSFER | ItemFlag.IS_NEW | ItemFlag.REPORT_SIZE | ItemFlag.REPORT_TIME | ItemFlag.REPORT_CHANGE;

/** A plan carries out its own items only, and only as they were previewed (design §5). */
export function isAsPlanned({ planned, conn }: ReceiveState, entry: FileEntry, decision: Decision): boolean {
  if (planned === null || decision.action === 'none' || decision.action === 'skip') return true;
  const item = planned.get(entryName(entry));
  if (item === undefined) return false;
  if ((item.iflags & PLAN_MASK) === (decision.iflags & PLAN_MASK)) return true;
  conn.issue({
    code: 'changed-since-preview',
    name: entryName(entry),
    message: `${shownName(entry)} changed since the preview and was left alone`,
    ioError: 0,
  });
  return false;
}

/**
 * Reports what went wrong with one item.
 * @param told what to say instead of the error's own words
 * @throws the error itself where every further item would fail as well
 */
export function itemFailed({ conn }: ReceiveState, entry: FileEntry, error: unknown, told?: string): void {
  conn.check();
  if (isDiskFull(error)) throw error;
  const { code, message, details } = toErrorData(error);
  const errno = details?.['errno'];
  conn.issue({
    code: errno === 'ENOTSUP' || code === 'not-supported' ? 'not-supported' : 'write-failed',
    name: entryName(entry),
    errno: typeof errno === 'string' ? errno : undefined,
    message: told === undefined ? message : `${told}: ${message}`,
    ioError: 0,
  });
}
