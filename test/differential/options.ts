import type { Route } from './case.ts';
import type { Random } from './random.ts';
import type { Entry } from './tree.ts';

/** What a set of options needs beside the command line. */
export interface OptionSet {
  args: string[];
  hardLinks: boolean;
  xattrs: boolean;
  acls: boolean;
  /** An alternate basis folder `old` stands beside the destination. */
  old: boolean;
  /** Rules for per-directory merge files `.rules` in both trees, or null. */
  ruleFiles: string[] | null;
  /** Names for a list that --files-from reads, or null. */
  list: string[] | null;
}

const BASES: readonly (readonly [number, readonly string[]])[] = [
  [20, ['-a']],
  [4, ['-rlt']],
  [2, ['-rlptD']],
  [2, ['-r']],
  [2, ['-rt']],
  [2, ['-dlt']],
  [1, ['-lptgo']],
  [2, ['-a', '--no-o', '--no-g']],
  [1, ['-a', '--no-t']],
  [1, ['-a', '--no-D']],
  [1, ['-a', '--no-l']],
];

/** Probability and words; PLACE is the folder that holds the trees. */
const EXTRAS: readonly (readonly [number, readonly (readonly string[])[]])[] = [
  [0.1, [['-c']]],
  [0.06, [['-u']]],
  [0.05, [['-I']]],
  [0.04, [['--size-only']]],
  [0.08, [['-W']]],
  [0.15, [['--no-whole-file']]],
  [0.08, [['-S']]],
  [0.09, [['--inplace']]],
  [0.06, [['--append'], ['--append-verify']]],
  [0.4, [['--delete'], ['--delete-before'], ['--delete-during'], ['--delete-delay'], ['--delete-after'], ['--del']]],
  [0.06, [['--delete-excluded']]],
  [
    0.04,
    [
      ['--delete', '--max-delete=1'],
      ['--delete', '--max-delete=0'],
      ['--delete', '--max-delete=3'],
    ],
  ],
  [0.05, [['--force']]],
  [0.02, [['--ignore-errors']]],
  [0.02, [['-x']]],
  [0.05, [['-L']]],
  [0.04, [['-k']]],
  [0.04, [['-K']]],
  [0.03, [['--copy-unsafe-links']]],
  [0.04, [['--safe-links']]],
  [0.02, [['--munge-links']]],
  [0.04, [['-E', '--no-p'], ['-E']]],
  [0.05, [['--chmod=D700,F600'], ['--chmod=u+x,go-w'], ['--chmod=a+rX'], ['--chmod=Dg+s,ug+w,Fo-w,+X']]],
  [0.04, [['-O']]],
  [0.03, [['-J']]],
  [0.05, [['--existing'], ['--ignore-existing'], ['--ignore-non-existing', '--ignore-existing']]],
  [0.05, [['--max-size=700'], ['--min-size=100'], ['--max-size=1K', '--min-size=1'], ['--max-size=1.5k-1']]],
  [0.03, [['--modify-window=1'], ['-@-1']]],
  [0.07, [['--fuzzy'], ['-yy']]],
  [0.1, [['-b'], ['-b', '--suffix=.old'], ['-b', '--backup-dir=../bak'], ['-b', '--backup-dir=bak', '--suffix=.x']]],
  [0.04, [['--partial'], ['--partial-dir=.part'], ['--partial-dir=../part']]],
  [0.05, [['--delay-updates']]],
  // Not ../tmp: rsync 3.5.0 as a client fails to make files there (EINVAL).
  [0.03, [['--temp-dir=PLACE/tmp']]],
  [0.05, [['-m']]],
  [0.05, [['--remove-source-files']]],
  [0.04, [['--numeric-ids']]],
  [0.04, [['--chown=1:1'], ['--usermap=1:2,*:3'], ['--groupmap=0-5:7,*:0'], ['--chown=:4']]],
  [
    0.14,
    [
      ['-z'],
      ['--zc=zstd'],
      ['--zc=lz4'],
      ['--zc=zlibx'],
      ['--zc=zlib'],
      ['-zz'],
      ['-z', '--zl=1'],
      ['-z', '--skip-compress=gz/jpg'],
    ],
  ],
  [
    0.1,
    [['--cc=md5'], ['--cc=xxh64'], ['--cc=xxh3'], ['--cc=xxh128'], ['--cc=sha1'], ['--cc=none,md5'], ['--cc=xxh3,md5']],
  ],
  [0.08, [['-B700'], ['--block-size=1K'], ['-B', '131072'], ['-B1']]],
  [0.03, [['--checksum-seed=7']]],
  [0.03, [['-C']]],
  [0.12, [['--no-inc-recursive']]],
  [0.1, [['--protocol=30'], ['--protocol=31']]],
  [0.08, [['-n']]],
  [0.03, [['--preallocate']]],
  [0.02, [['--fsync']]],
  [0.02, [['--mkpath']]],
  [0.02, [['--ignore-missing-args'], ['--delete-missing-args']]],
  [0.02, [['--super'], ['--no-super']]],
  [0.02, [['--no-implied-dirs']]],
  [0.02, [['--open-noatime']]],
  [0.02, [['--bwlimit=100m']]],
  [0.02, [['--max-alloc=1g']]],
  [
    0.02,
    [
      ['--no-r', '-d'],
      ['--old-dirs', '--no-r'],
    ],
  ],
];

const ALTERNATES: readonly (readonly string[])[] = [
  ['--link-dest=../old'],
  ['--copy-dest=../old'],
  ['--compare-dest=../old'],
  ['--link-dest=../old', '--link-dest=../old/sub'],
];

/** What is printed. Names come in an order that is not promised, so lines are compared as a set. */
const OUTPUTS: readonly (readonly [number, readonly string[]])[] = [
  [10, ['-i']],
  [3, ['-ii']],
  [3, ['-v']],
  [2, ['-iv']],
  [2, ['-i', '--stats']],
  [2, ['--stats']],
  [1, ['--out-format=%i %n%L %l']],
  [1, []],
];

export function generateOptions(random: Random, route: Route, source: readonly Entry[]): OptionSet {
  const set: OptionSet = {
    ...{ args: [...random.weighted(BASES)], hardLinks: false, xattrs: false, acls: false, old: false },
    ...{ ruleFiles: null, list: null },
  };
  set.args.push(...random.weighted(OUTPUTS));
  // One option after the other: many singles, many pairs, some crowds.
  const boldness = random.weighted([
    [3, 0.4],
    [4, 1],
    [2, 2],
  ]);
  for (const [probability, choices] of EXTRAS) {
    if (random.chance(probability * boldness)) set.args.push(...random.pick(choices));
  }
  if (random.chance(0.18)) {
    set.hardLinks = true;
    set.args.push('-H');
  }
  if (random.chance(0.05)) {
    set.xattrs = true;
    set.args.push('-X');
  }
  if (random.chance(0.05)) {
    set.acls = true;
    set.args.push('-A');
  }
  if (random.chance(0.12)) {
    set.old = true;
    set.args.push(...random.pick(ALTERNATES));
  }
  if (random.chance(0.06)) set.args.push('-R');
  const names = source.map((entry) => entry.path);
  const rule = (): string => generateRule(random, names);
  if (random.chance(0.3)) for (let n = random.int(1, 4); n > 0; n--) set.args.push(...filterWords(random, rule));
  if (random.chance(0.06)) {
    set.ruleFiles = Array.from({ length: random.int(1, 3) }, rule);
    set.args.push(random.pick(['-f: .rules', '-f:n .rules', '-f:e .rules', '-f:- .rules', '-f dir-merge /.rules']));
  }
  if (random.chance(0.05) && names.length > 0) {
    set.list = Array.from({ length: random.int(1, 4) }, () => random.pick(names)).filter(
      (name) => !/[\n\r]/.test(name),
    );
    const where = route === 'local' || random.chance(0.6) ? '' : 'peer:';
    set.args.push(`--files-from=${where}LIST`);
    if (random.chance(0.3)) set.args.push('--from0');
    if (random.chance(0.3)) set.args.push('-r');
  }
  return set;
}

function filterWords(random: Random, rule: () => string): string[] {
  return random.chance(0.3) ? [random.pick(['--exclude', '--include']), rule().replace(/^\S+ /, '')] : ['-f', rule()];
}

export function generateRule(random: Random, names: readonly string[]): string {
  const kind = random.weighted([
    [8, '-'],
    [4, '+'],
    [1, 'H'],
    [1, 'S'],
    [1, 'P'],
    [1, 'R'],
    [1, '-!'],
    [1, '-p'],
    [0.5, '-/'],
    [0.5, '-s'],
    [0.5, '-r'],
  ]);
  return `${kind} ${pattern(random, names)}`;
}

function pattern(random: Random, names: readonly string[]): string {
  const name = names.length > 0 && random.chance(0.7) ? random.pick(names) : 'a';
  const clean = name.replace(/[\n\r]/g, '?');
  const base = clean.split('/').at(-1)!;
  return random.weighted([
    [4, base],
    [2, `/${clean}`],
    [1, clean],
    [1, `${base}/`],
    [1, '*.txt'],
    [1, '*'],
    [0.5, '*/'],
    [0.5, '**'],
    [1, `${base.slice(0, 1)}*`],
    [0.5, `/${clean.split('/')[0]}/***`],
    [0.5, `sub/**`],
    [0.5, '[a-d]*'],
    [0.5, '?'],
    [0.5, `**/${base}`],
  ]);
}
