import { type OptionGroup, type OptionRow, refused, serverFlag } from './option-row.ts';
import { BATCH_OPTIONS } from './table-batch.ts';
import { DELETE_OPTIONS } from './table-delete.ts';
import { FILTER_OPTIONS } from './table-filter.ts';
import { OUTPUT_OPTIONS } from './table-output.ts';
import { PRESERVE_OPTIONS } from './table-preserve.ts';
import { SOURCE_OPTIONS } from './table-source.ts';
import { UPDATE_OPTIONS } from './table-update.ts';
import { WIRE_OPTIONS } from './table-wire.ts';

/** The options that work, under the headings of the help text. */
export const OPTION_GROUPS: readonly OptionGroup[] = [
  SOURCE_OPTIONS,
  PRESERVE_OPTIONS,
  UPDATE_OPTIONS,
  DELETE_OPTIONS,
  FILTER_OPTIONS,
  WIRE_OPTIONS,
  BATCH_OPTIONS,
  OUTPUT_OPTIONS,
];

/** Words of a client to its server that are no options. */
const SERVER_ROWS: readonly OptionRow[] = [
  serverFlag('server', () => undefined),
  serverFlag('sender', (state) => (state.sender = true)),
];

/** Options of rsync 3.5 that this version refuses by name. */
const REFUSED_ROWS: readonly OptionRow[] = [
  refused('qsort', undefined, 'flag'),
  refused('daemon', undefined, 'flag'),
  refused('config', undefined, 'value'),
];

/** Every option rsync 3.5 has: those that work, what only servers are sent, and the refused ones. */
export const OPTION_TABLE: readonly OptionRow[] = [
  ...OPTION_GROUPS.flatMap((group) => group.rows),
  ...SERVER_ROWS,
  ...REFUSED_ROWS,
];
