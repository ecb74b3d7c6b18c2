import { describe, expect, it } from 'vitest';
import { DriftlineError } from '../../../shared/errors.ts';
import { DEFAULT_PROFILE_OPTIONS, type ProfileOptions } from '../../../shared/model/profile.ts';
import { OPTION_WORDS } from '../../../shared/option-words.ts';
import { OPTION_TABLE } from './option-table.ts';
import { checkProfileOptions, OWN_FIELDS, readProfileOptions } from './profile-options.ts';
import { PROFILE_REFUSALS } from './profile-refusals.ts';
import { ARCHIVE } from './transfer-options.ts';

const options = (more: Partial<ProfileOptions>): ProfileOptions => ({ ...DEFAULT_PROFILE_OPTIONS, ...more });
const all = OPTION_WORDS.flatMap((group) => group.options);
const wordOf = ({ flag, off, value }: (typeof all)[number], example = value?.example): string =>
  `--${off ? 'no-' : ''}${flag}${example === undefined ? '' : `=${example}`}`;

function refusal(more: Partial<ProfileOptions>): { code: string; message: string; field: unknown } | null {
  try {
    checkProfileOptions(options(more));
    return null;
  } catch (error) {
    if (!(error instanceof DriftlineError)) throw error;
    return { code: error.data.code, message: error.data.message, field: error.data.details?.['field'] };
  }
}

describe('the words of the options', () => {
  it.each(all.map((each) => [wordOf(each), each] as const))('%s works as they say', (word, each) => {
    expect(refusal({ more: [word], delete: true })).toBeNull();
    for (const choice of each.value?.choices ?? []) expect(refusal({ more: [wordOf(each, choice)] })).toBeNull();
    const row = OPTION_TABLE.find(({ long }) => long === each.flag);
    expect(row?.arity).toBe(each.value === null ? 'flag' : 'value');
    expect(each.title).toMatch(/^[A-Z][^.]+$/);
    expect(each.help).toMatch(/^[A-Z].*\.$/);
    const off = Object.keys(ARCHIVE).includes(each.flag);
    expect(each.off === true).toBe(off);
  });

  it('have each option of the table, a field of their own, or a reason', () => {
    const table = OPTION_TABLE.filter(({ implemented, serverOnly }) => implemented && serverOnly !== true);
    const listed = [...all.map(({ flag }) => flag), ...Object.keys(OWN_FIELDS), ...Object.keys(PROFILE_REFUSALS)];
    expect([...listed].sort()).toEqual(table.map(({ long }) => long).sort());
  });
});

describe('the options of a profile', () => {
  it('are those of the same rsync command', () => {
    const filters = ['+ /keep/', '- *.tmp', 'H x'];
    const read = readProfileOptions(
      options({ delete: true, numericIds: true, filters, more: ['--bwlimit=1m', '--no-owner'] }),
    );
    expect(read).toMatchObject({
      ...{ ...ARCHIVE, owner: false, deleteMode: 'default', numericIds: true, timeout: 60, bwlimit: 1024 },
      filters: [{ pattern: '/keep', include: true }, { pattern: '*.tmp' }, { pattern: 'x', side: 'sender' }],
    });
  });

  it.each(Object.keys(PROFILE_REFUSALS))('--%s is refused with its reason', (flag) => {
    const row = OPTION_TABLE.find(({ long }) => long === flag)!;
    const word = `--${flag}${row.arity === 'value' ? '=1' : ''}`;
    if (flag.length === 1) expect(refusal({ more: [word] })?.code).toBe('unknown-option');
    else expect(refusal({ more: [word] })).toMatchObject({ code: 'option-refused', field: 'options.more.0' });
    if (flag.length > 1) expect(refusal({ more: [word] })?.message).toContain(PROFILE_REFUSALS[flag]);
  });

  it.each<[Partial<ProfileOptions>, string, string]>([
    [{ more: ['--sparse', '--daemon'] }, 'not-supported', 'options.more.1'],
    [{ more: ['--server'] }, 'unknown-option', 'options.more.0'],
    [{ more: ['--nothing'] }, 'unknown-option', 'options.more.0'],
    [{ more: ['--delete'] }, 'option-refused', 'options.more.0'],
    [{ more: ['--perms'] }, 'option-refused', 'options.more.0'],
    [{ more: ['--no-sparse'] }, 'option-refused', 'options.more.0'],
    [{ more: ['--exclude=x'] }, 'option-refused', 'options.more.0'],
    [{ more: ['--zc=zlib'] }, 'option-refused', 'options.more.0'],
    [{ more: ['--bwlimit=fast'] }, 'bad-value', 'options.more.0'],
    [{ more: ['--bwlimit'] }, 'missing-value', 'options.more.0'],
    [{ more: ['--sparse=1'] }, 'unexpected-value', 'options.more.0'],
    [{ more: ['--delete-excluded'] }, 'option-refused', 'options.more.0'],
    [{ more: ['--inplace', '--delay-updates'] }, 'conflict', 'options.more'],
    [{ filters: ['- a', 'nonsense'] }, 'filter-syntax', 'options.filters.1'],
    [{ filters: ['. /etc/passwd'] }, 'filter-file', 'options.filters.0'],
    [{ filters: [': .rsync-filter'] }, 'filter-file', 'options.filters.0'],
    [{ filters: [':e .rsync-filter'] }, 'filter-file', 'options.filters.0'],
    [{ filters: ['-C'] }, 'filter-file', 'options.filters.0'],
  ])('%j', (more, code, field) => {
    expect(refusal(more)).toMatchObject({ code, field });
  });
});
