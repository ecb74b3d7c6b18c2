import { flag, integer, type OptionGroup, type OptionRow, toggle, value } from './option-row.ts';
import type { DeleteMode } from './transfer-options.ts';

function deletion(long: string, mode: DeleteMode, help: string, aliases: readonly string[] = []): OptionRow {
  return flag(long, { aliases }, help, (state) => {
    if (mode !== 'default') state.deleteTimings.add(mode);
    if (mode !== 'default' || state.options.deleteMode === 'none') state.options.deleteMode = mode;
  });
}

/** Deletion (row E9 of the features). */
export const DELETE_OPTIONS: OptionGroup = {
  title: 'Deletion',
  rows: [
    deletion('delete', 'default', 'delete what the source does not have'),
    deletion('delete-before', 'before', 'delete before transferring'),
    deletion('delete-during', 'during', 'delete folder by folder while transferring', ['del']),
    deletion('delete-delay', 'delay', 'find deletions while transferring, delete afterwards'),
    deletion('delete-after', 'after', 'delete after transferring'),
    flag('delete-excluded', {}, 'also delete what filters leave out', ({ options }) => {
      options.deleteExcluded = true;
      if (options.deleteMode === 'none') options.deleteMode = 'default';
    }),
    toggle('ignore-errors', undefined, 'ignoreErrors', 'delete even if the source could not be read'),
    value('max-delete', { metavar: 'NUM' }, 'delete no more than so many', ({ options }, text) => {
      options.maxDelete = Math.max(0, integer('max-delete', text, -0x80000000, 0x7fffffff));
    }),
  ],
};
