import { describe, expect, it } from 'vitest';
import { DriftlineError, type ErrorData } from '../../../shared/errors.ts';
import { optionsHelp } from './help.ts';
import { OPTION_TABLE } from './option-table.ts';
import { nearestOption } from './lex.ts';
import { parseClientWords, parseServerWords } from './parse.ts';
import { parseInteger, parseSize } from './size.ts';

const noFiles = (): string => {
  throw new Error('no rule file expected');
};
const parse = (...words: string[]) => parseClientWords(words, noFiles);

function failure(run: () => unknown): ErrorData {
  try {
    run();
  } catch (error) {
    if (error instanceof DriftlineError) return error.data;
    throw error;
  }
  throw new Error('did not fail');
}

describe('client words', () => {
  it('reads clusters, values in every form, and the rest', () => {
    const { options, args } = parse(
      '-avn',
      'src',
      '--timeout=5',
      '--block-size',
      '1K',
      '-essh -p 1',
      '-f',
      '- x',
      '--',
      '-z',
    );
    expect(options).toMatchObject({
      ...{
        recursive: true,
        links: true,
        perms: true,
        times: true,
        group: true,
        owner: true,
        devices: true,
        specials: true,
      },
      ...{ verbose: 1, dryRun: true, timeout: 5, blockSize: 1024, rsh: 'ssh -p 1' },
    });
    expect(options.filters).toHaveLength(1);
    expect(args).toEqual(['src', '-z']);
    expect(parse('-vB=700', 'x').options).toMatchObject({ verbose: 1, blockSize: 700 });
    expect(Object.isFrozen(options) && Object.isFrozen(options.filters)).toBe(true);
  });

  it('takes options in their order', () => {
    expect(parse('-a', '--no-o', '--no-D').options).toMatchObject({ owner: false, devices: false, specials: false });
    expect(parse('--no-o', '-a').options.owner).toBe(true);
    expect(parse('-W', '--no-W').options.wholeFile).toBe(false);
    expect(parse('-vvi', '--no-v', '--no-i').options).toMatchObject({ verbose: 0, itemize: 0 });
    expect(parse('--i-r', '--no-i-r').options.incRecurse).toBe(false);
    expect(parse('-hh').options.humanReadable).toBe(3);
    expect(parse('-r', '--delete', '--delete-after').options.deleteMode).toBe('after');
    expect(parse('-r', '--delete-after', '--delete').options.deleteMode).toBe('after');
    expect(parse('-r', '--del').options.deleteMode).toBe('during');
  });

  it('reads rule files through the caller', () => {
    const { options } = parseClientWords(
      ['--exclude-from=f', '--include', 'b', '--exclude=!', '--include-from', 'f'],
      (path) => {
        expect(path).toBe('f');
        return '# rules\na\n+ b/\n';
      },
    );
    expect(
      options.filters.map((rule) => rule.kind === 'pattern' && `${rule.include ? '+' : '-'} ${rule.pattern}`),
    ).toEqual(['+ a', '+ b']);
  });

  it('lists without descending unless asked to', () => {
    expect(parse('--list-only').options.dirs).toBe(true);
    expect(parse('-r', '--list-only').options.dirs).toBe(false);
  });

  it('settles what options mean for each other', () => {
    const texts = (...words: string[]) =>
      parse(...words).options.filters.map((rule) =>
        rule.kind === 'pattern' ? `${rule.side} ${rule.pattern}` : rule.kind,
      );
    expect(parse('-b', '-a').options).toMatchObject({ omitDirTimes: true, backup: true });
    expect(parse('--backup-dir=x', '-a').options).toMatchObject({ omitDirTimes: false, backup: true, suffix: null });
    expect(texts('-ab', '--delete')).toEqual(['receiver *~']);
    expect(texts('-ab', '--delete', '--suffix=.old', '-f', '- x')).toEqual(['both x', 'receiver *.old']);
    expect(texts('-ab', '--delete-excluded')).toEqual([]);
    expect(texts('--partial-dir=p')).toEqual(['both p']);
    expect(texts('--partial-dir=/p')).toEqual([]);
    expect(parse('--delay-updates').options).toMatchObject({ partialDir: '.~tmp~', partial: true });
    expect(parse('--append-verify').options).toMatchObject({ append: 'verify', inplace: true });
    expect(parse('--write-devices').options.inplace).toBe(true);
    expect(parse('--old-dirs').options).toMatchObject({ recursive: true, dirs: false });
    expect(texts('--old-d')).toEqual(['both /*/*']);
    expect(parse('-a', '--files-from=x').options).toMatchObject({ recursive: false, dirs: true, relative: true });
    expect(parse('-a', '-r', '--no-R', '--files-from=x').options).toMatchObject({ recursive: true, relative: false });
    expect(parse('--files-from=h:a:b').options.filesFrom).toEqual({ path: 'a:b', at: 'remote', host: 'h' });
    expect(parse('--files-from=:a').options.filesFrom).toEqual({ path: 'a', at: 'remote', host: null });
    expect(parse('--files-from=./h:a').options.filesFrom).toEqual({ path: './h:a', at: 'local', host: null });
    expect(parse('--max-alloc=0').options.maxAlloc).toBe(Infinity);
    expect(parse('-i', '--out-format=%n').options.itemize).toBe(0);
    expect(parse('--out-format=%-5i').options.itemize).toBe(1);
  });

  it('reads the environment where an option leaves room', () => {
    const { options } = parseClientWords(['--partial'], noFiles, {
      RSYNC_PARTIAL_DIR: '.part/',
      RSYNC_MAX_ALLOC: '2m',
    });
    expect(options).toMatchObject({ partialDir: '.part', maxAlloc: 2097152 });
    const dir = (...words: string[]) => parseClientWords(words, noFiles, { RSYNC_PARTIAL_DIR: 'p' }).options.partialDir;
    expect([dir(), dir('--partial', '--inplace'), dir('--partial-dir=x'), dir('--delay-updates')]).toEqual([
      ...[null, null, 'x', '.~tmp~'],
    ]);
  });

  it.each<[string[], number, string]>([
    [['--bogus'], 1, '--bogus: unknown option'],
    [['-Q'], 1, '-Q: unknown option'],
    [['-aQv'], 1, '-aQv: unknown option'],
    [['--no-bogus'], 1, '--no-bogus: unknown option'],
    [['--no-update'], 1, '--no-update: unknown option'],
    [['--sender'], 1, '--sender: unknown option'],
    [['--timeout'], 1, '--timeout: missing argument'],
    [['-B'], 1, '-B: missing argument'],
    [['--archive=3'], 1, '--archive=3: option does not take an argument'],
    [['--timeout=x'], 1, '--timeout=x: invalid numeric value'],
    [['--timeout=99999999999'], 1, '--timeout=99999999999: number too large or too small'],
    [['-B', '1M'], 1, '--block-size=1M is too large (max: 128.00K)'],
    [['--block-size=1kX'], 1, '--block-size=1kX is invalid'],
    [['--cc=foo'], 4, 'unknown checksum name: foo'],
    [['--cc=md5,sha1,md5'], 4, 'unknown checksum name: sha1,md5'],
    [['--protocol=33'], 2, '--protocol must be from 27 to 32, not 33'],
    [['--delete'], 1, '--delete does not work without --recursive (-r) or --dirs (-d).'],
    [['-r', '--delete-before', '--delete-after'], 1, 'You may not combine multiple --delete-WHEN options.'],
    [['-aMx'], 1, 'Remote option must start with a dash: x'],
    [['-s', '--old-args'], 1, '--secluded-args conflicts with --old-args.'],
    [['--read-batch=x', '--write-batch=y'], 1, '--write-batch and --read-batch can not be used together'],
    [['--read-batch=x', '--files-from=-'], 1, '--read-batch cannot be used with --files-from'],
    [['--read-batch=x', '--remove-source-files'], 1, '--read-batch cannot be used with --remove-source-files'],
    [[`--write-batch=${'x'.repeat(257)}`], 1, 'the batch-file name must be 256 characters or less.'],
    [['-N'], 1, 'This rsync does not support --crtimes (-N)'],
    [['--append', '-W'], 1, '--append cannot be used with --whole-file'],
    [['--append', '--cc=none,md5'], 1, '--append cannot be used with --whole-file'],
    [['--append-verify', '--partial-dir=x'], 1, '--append cannot be used with --partial-dir'],
    [['--inplace', '--delay-updates'], 1, '--inplace cannot be used with --delay-updates'],
    [['--write-devices', '--partial-dir=x'], 1, '--inplace cannot be used with --partial-dir'],
    [['--link-dest=a', '--copy-dest=b'], 1, 'ERROR: the --copy-dest option conflicts with the --link-dest option'],
    [Array<string>(21).fill('--link-dest=a'), 1, 'ERROR: at most 20 --link-dest args may be specified'],
    [['--usermap=0:0', '--usermap=0:1'], 1, 'You can only specify --usermap once.'],
    [['--chown=a:b', '--usermap=c:d'], 1, '--usermap conflicts with prior --chown.'],
    [['--groupmap=c:d', '--chown=:b'], 1, '--chown conflicts with prior --groupmap.'],
    [['--chown=a', '--chown=b'], 1, 'You can only specify a user-affecting --chown once.'],
    [['--usermap=a'], 1, 'No colon found in --usermap: a'],
    [['--usermap=1-a:0'], 1, 'Invalid number in --usermap: 1-a'],
    [['--suffix=a/b'], 1, '--suffix cannot contain slashes: a/b'],
    [['-b', '--suffix='], 1, '--suffix cannot be empty without a --backup-dir'],
    [['--backup-dir='], 1, '--suffix cannot be empty when --backup-dir is the same as the dest dir'],
    [['--max-size=x'], 1, '--max-size=x is invalid'],
    [['--max-size=-1'], 1, '--max-size=-1 is too large'],
    [['--max-alloc=1000'], 1, '--max-alloc=1000 is too small (min: 1.00M or 0 for unlimited)'],
    [['--bwlimit=0.1'], 1, '--bwlimit=0.1 is too small (min: 512 or 0 for unlimited)'],
    [['--chmod=zz'], 1, 'Invalid argument passed to --chmod (zz)'],
    [['--stop-at=x'], 1, 'invalid --stop-at format: x'],
    [['--stop-at=1999-01-01'], 1, '--stop-at time is not in the future: 1999-01-01'],
    [['--stop-after=0'], 1, 'invalid --stop-after value: 0'],
    [['--info=foo9'], 1, 'Unknown --info item: "foo"'],
    [['--stderr=x'], 1, '--stderr mode "x" is not one of errors, all, or client'],
    [['--outbuf=x'], 1, 'Invalid --outbuf setting -- specify N, L, or B.'],
    [['--zc=foo'], 4, 'unknown compress name: foo'],
  ])('refuses %j', (words, exitCode, message) => {
    expect(failure(() => parse(...words))).toMatchObject({ kind: 'usage', exitCode, message });
  });

  it('suggests the nearest option', () => {
    expect(nearestOption('recursiv')).toBe('recursive');
    expect(nearestOption('exlude')).toBe('exclude');
    expect(nearestOption('arch')).toBe('archive');
    expect(nearestOption('zzzzzz')).toBeNull();
    expect(failure(() => parse('--timout=3')).hint).toBe('Did you mean --timeout?');
  });
});

describe('--iconv', () => {
  const client = (words: string[], env = {}) => parseClientWords(words, noFiles, env).options.iconv;

  it('is what was said last, and the environment where nothing is', () => {
    expect(client([])).toBeNull();
    expect(client(['--iconv=latin1', '--iconv', 'utf8,koi8-r'])).toBe('utf8,koi8-r');
    expect(client([], { RSYNC_ICONV: 'utf8,latin1' })).toBe('utf8,latin1');
    for (const off of ['--no-iconv', '--iconv=-']) expect(client([off], { RSYNC_ICONV: 'utf8' })).toBeNull();
    expect(client(['--iconv=.'], { RSYNC_ICONV: 'utf8' })).toBe('.');
  });

  it('needs a charset that is known before anything starts', () => {
    for (const word of ['nonsense', 'UTF-16', 'nonsense,utf8'])
      expect(failure(() => client([`--iconv=${word}`]))).toMatchObject({ code: 'charset', exitCode: 4 });
    // The other side's is its own business.
    expect(client(['--iconv=utf8,nonsense'])).toBe('utf8,nonsense');
    expect(failure(() => parseServerWords(['--server', '-re.s', '--iconv=-', '.', 'x']))).toMatchObject({
      exitCode: 4,
    });
  });
});

describe('server words', () => {
  it('reads what a stock client sends', () => {
    expect(
      parseServerWords(['--server', '--sender', '-vlogDtpre.iLsfxCIvu', '--timeout=3', '-B700', '.', 'a', '-b']),
    ).toMatchObject({
      ...{ mode: 'server', sender: true, args: ['a', '-b'], capabilities: 'iLsfxCIvu', messages: 'stderr' },
      options: { verbose: 1, recursive: true, timeout: 3, blockSize: 700, incRecurse: true },
    });
    expect(
      parseServerWords([
        '--server',
        '-lde.LsfxCIvu',
        '--no-r',
        '--log-format=%i%I',
        '--delete',
        '--specials',
        '.',
        '/x',
      ]),
    ).toMatchObject({
      ...{ sender: false, args: ['/x'] },
      options: { dirs: true, itemize: 2, deleteMode: 'default', specials: true, devices: false, incRecurse: false },
    });
    expect(parseServerWords(['--server', '-r', '.', 'x']).capabilities).toBe('');
  });

  it('reads the words that are still to come', () => {
    const inSight = ['--server', '--sender', '-sre.LsfxCIvu'];
    expect(parseServerWords(inSight)).toMatchObject({ args: [], options: { secludedArgs: true } });
    expect(parseServerWords(inSight, ['--timeout=3', '.', '-x'])).toMatchObject({
      args: ['-x'],
      options: { timeout: 3 },
    });
    expect(failure(() => parseServerWords(inSight, ['.']))).toMatchObject({ code: 'missing-path' });
  });

  it('opens no batch file, and changes nothing where its client writes one alone', () => {
    const words = (...more: string[]) => parseServerWords(['--server', '-re.iL', ...more, '.', 'x']).options;
    expect(words('--write-batch=x')).toMatchObject({ batch: null, dryRun: false });
    expect(words('--only-write-batch=X')).toMatchObject({ batch: { kind: 'only-write' }, dryRun: true });
    expect(words('-n', '--only-write-batch=X')).toMatchObject({ batch: null, dryRun: true });
  });

  it('refuses the rest', () => {
    const refused = (...words: string[]) => failure(() => parseServerWords(['--server', ...words, '.', 'x']));
    expect(refused('-re.iL', '--qsort')).toMatchObject({ exitCode: 4, code: 'not-supported' });
    expect(refused('-re.iL', '--iconv=x')).toMatchObject({ exitCode: 4, code: 'charset' });
    expect(refused('--nonsense')).toMatchObject({ exitCode: 4, code: 'unknown-option' });
    expect(refused('--exclude-from=/etc/shadow')).toMatchObject({ exitCode: 4 });
    expect(refused('--exclude=x')).toMatchObject({ exitCode: 4 });
    expect(failure(() => parseServerWords(['--server', '-r', '.']))).toMatchObject({ code: 'missing-path' });
    expect(failure(() => parseServerWords(['--server', '-r', '.', 'a', 'b']))).toMatchObject({
      code: 'too-many-paths',
    });
  });
});

describe('numbers', () => {
  it.each<[string, number | null]>([
    ['700', 700],
    ['700b', 700],
    ['1K', 1024],
    ['1kb', 1000],
    ['1KiB', 1024],
    ['1.5K', 1536],
    ['.5K', 512],
    ['1K+1', 1025],
    ['1KB-1', 999],
    ['', 0],
    ['K', 0],
    ['010', 10],
    ['1.999K', 2046],
    ['1.', 1],
    ['1P', 2 ** 50],
    ['700+2', null],
    ['0x10', null],
    [' 700', null],
    ['1e2', null],
    ['+700', null],
    ['1Ki', null],
    ['-5', -5],
    ['-0', null],
  ])('size %j', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it('reads integers as the option library of rsync does', () => {
    expect(['5', '0x10', '010', ' 10', '', '-5', '5 ', 'x', '-', '08'].map(parseInteger)).toEqual([
      ...[5, 16, 8, 10, 0, -5, null, null, null, null],
    ]);
  });
});

it('has each name once, and a help line for each option that works', () => {
  const names = OPTION_TABLE.flatMap((row) => [
    row.long,
    ...(row.aliases ?? []),
    ...(row.short === undefined ? [] : [`-${row.short}`]),
  ]);
  expect(new Set(names).size).toBe(names.length);
  const help = optionsHelp();
  expect(help).toContain('Usage: driftline rsync');
  for (const row of OPTION_TABLE) if (row.serverOnly !== true) expect(help).toContain(row.long);
  for (const line of help.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
});
