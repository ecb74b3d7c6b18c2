import { describe, expect, it } from 'vitest';
import { DriftlineError } from '../../../shared/errors.ts';
import { DEFAULT_OPTIONS } from '../options/transfer-options.ts';
import { applyRule, parseFilterRule, parseOldRule, type ParsedRule } from './parse.ts';
import { addContent, addFilter, addPatternFile } from './rule-list.ts';
import { type DirMergeRule, type FilterRule, oldRules, type PatternRule } from './rule.ts';
import { dialectOf } from '../wire/dialect.ts';
import { decodeRule, encodeRules, wantsFilterList } from './wire.ts';

const rule = (pattern: string, more: Partial<PatternRule> = {}): PatternRule => ({
  kind: 'pattern',
  include: false,
  side: 'both',
  pattern,
  dirOnly: false,
  negate: false,
  absolute: false,
  perishable: false,
  xattr: false,
  ...more,
});

const dirMerge = (name: string, more: Partial<DirMergeRule> = {}): DirMergeRule => ({
  kind: 'dir-merge',
  name,
  side: 'both',
  only: null,
  cvs: false,
  words: false,
  inherit: true,
  absolute: false,
  perishable: false,
  ...more,
});

function failure(run: () => unknown): { code: string; exitCode: number; message: string } {
  try {
    run();
  } catch (error) {
    if (error instanceof DriftlineError) return error.data;
    throw error;
  }
  throw new Error('did not fail');
}

describe('parseFilterRule', () => {
  it.each<[string, ParsedRule]>([
    ['- foo', rule('foo')],
    ['+ foo', rule('foo', { include: true })],
    ['-_foo', rule('foo')],
    ['-,s foo', rule('foo', { side: 'sender' })],
    ['-  foo ', rule(' foo ')],
    ['exclude foo', rule('foo')],
    ['exclude_foo', rule('foo')],
    ['exclude,! foo', rule('foo', { negate: true })],
    ['-!/ foo', rule('foo', { negate: true, absolute: true })],
    ['-sr foo', rule('foo', { side: 'each' })],
    ['-x foo', rule('foo', { xattr: true })],
    [': .f', dirMerge('.f')],
    ['dir-merge,ne- f', [rule('f'), dirMerge('f', { inherit: false, only: 'exclude' })]],
    [':e /a/.f', [rule('.f'), dirMerge('/a/.f')]],
    [':C', dirMerge('.cvsignore', { cvs: true, inherit: false })],
    [':w+/srp_f', dirMerge('f', { words: true, only: 'include', absolute: true, side: 'each', perishable: true })],
    ['. f', { ...dirMerge('f'), kind: 'merge', excludeSelf: false }],
    ['-C', { kind: 'cvs', include: false, side: 'both', negate: false, absolute: false }],
    ['+!C ', { kind: 'cvs', include: true, side: 'both', negate: true, absolute: false }],
    ['-rp foo/', rule('foo', { side: 'receiver', perishable: true, dirOnly: true })],
    ['H foo', rule('foo', { side: 'sender' })],
    ['show foo', rule('foo', { side: 'sender', include: true })],
    ['P foo', rule('foo', { side: 'receiver' })],
    ['risk foo', rule('foo', { side: 'receiver', include: true })],
    ['- /', rule('/')],
    ['- sub//', rule('sub/', { dirOnly: true })],
    ['!', 'clear'],
    ['clear,', 'clear'],
    ['', null],
  ])('%j', (text, expected) => {
    expect(parseFilterRule(text)).toEqual(expected);
  });

  it.each([
    ['x', 'Unknown filter rule: x'],
    ['q foo', 'Unknown filter rule: q foo'],
    ['exclude! foo', 'Unknown filter rule: exclude! foo'],
    ['excluded foo', 'Unknown filter rule: excluded foo'],
    ['  - foo', 'Unknown filter rule:   - foo'],
    ['-Z foo', "invalid modifier 'Z' at position 1 in filter rule: -Z foo"],
    ['-s,x', "invalid modifier ',' at position 2 in filter rule: -s,x"],
    ['hide,s foo', "invalid modifier 's' at position 5 in filter rule: hide,s foo"],
    ['-n foo', "invalid modifier 'n' at position 1 in filter rule: -n foo"],
    [':-C foo', "invalid modifier 'C' at position 2 in filter rule: :-C foo"],
    [':C- f', "invalid modifier '-' at position 2 in filter rule: :C- f"],
    [':! f', "invalid modifier '!' at position 1 in filter rule: :! f"],
    ['H,C', "invalid modifier 'C' at position 2 in filter rule: H,C"],
    ['-CC', "invalid modifier 'C' at position 2 in filter rule: -CC"],
    [':', 'unexpected end of filter rule: :'],
    ['- ', 'unexpected end of filter rule: - '],
    ['exclude', 'unexpected end of filter rule: exclude'],
    ['clear ', "'!' rule has trailing characters: clear "],
  ])('refuses %j as rsync does', (text, message) => {
    expect(failure(() => parseFilterRule(text))).toMatchObject({ code: 'filter-syntax', exitCode: 1, message });
  });

  it('reads a rule as the file that holds it asks', () => {
    const given = {
      prefixes: 'full',
      include: false,
      cvs: false,
      words: false,
      absolute: true,
      perishable: true,
    } as const;
    expect(parseFilterRule('+ f', { ...given, side: 'sender' })).toEqual(
      rule('f', { include: true, side: 'sender', absolute: true, perishable: true }),
    );
    const place = '<rule from x line 1>';
    expect(failure(() => parseFilterRule('H f', { ...given, side: 'sender' }, place))).toMatchObject({
      message: 'specified-side merge file contains specified-side filter: <rule from x line 1>',
    });
    expect(failure(() => parseFilterRule('secret', { ...given, side: 'both' }, place)).message).toBe(
      'Unknown filter rule: <rule from x line 1>',
    );
  });
});

describe('old prefixes', () => {
  it('reads bare patterns, two prefixes and the clear mark', () => {
    expect(parseOldRule('foo/', false)).toEqual(rule('foo', { dirOnly: true }));
    expect(parseOldRule('+ foo', false)).toEqual(rule('foo', { include: true }));
    expect(parseOldRule('- foo', true)).toEqual(rule('foo'));
    expect(parseOldRule('-_foo', false)).toEqual(rule('-_foo'));
    expect(parseOldRule('! foo', false)).toEqual(rule('! foo'));
    expect(parseOldRule('!', false)).toBe('clear');
    expect(parseOldRule('', false)).toBeNull();
    expect(failure(() => parseOldRule('- ', false)).code).toBe('filter-syntax');
    expect(failure(() => parseOldRule('x'.repeat(5000), false)).code).toBe('filter-too-long');
  });

  it('splits rule files at LF and CR and drops comments', () => {
    const texts: FilterRule[] = [];
    const sink = { add: (each: FilterRule) => void texts.push(each), clear: () => undefined };
    const files = { read: () => '', from0: false };
    const content = 'foo\r\nbar\rbaz\n# c\n;d\n\n  \n-';
    addContent(sink, content, oldRules(false), { files, dir: '', depth: 0 }, 'x');
    expect(texts.map((each) => (each.kind === 'pattern' ? each.pattern : ''))).toEqual([
      'foo',
      'bar',
      'baz',
      '  ',
      '-',
    ]);
  });
});

describe('rule files', () => {
  const tree: Record<string, string> = {
    m: '. m2\n! \n',
    m2: '- a',
    words: '-_a +_b\n-_c',
    old: '+ a\n!\nb\n# c',
    loop: '. loop',
  };
  const files = (from0 = false) => ({
    read: (path: string) => {
      if (tree[path] === undefined) throw new Error('missing');
      return tree[path];
    },
    from0,
  });
  const read = (...texts: string[]): FilterRule[] => {
    const rules: FilterRule[] = [];
    for (const text of texts) addFilter(rules, text, files());
    return rules;
  };

  it('takes the place of the rule that names them', () => {
    expect(read('- x', '. m2', '- y')).toEqual([rule('x'), rule('a'), rule('y')]);
    expect(read('.w words')).toEqual([rule('a'), rule('b', { include: true }), rule('c')]);
    expect(read('.-s m2')).toEqual([rule('- a', { side: 'sender' })]);
    expect(read('.e m2')).toEqual([rule('m2'), rule('a')]);
  });

  it('reads the files of --exclude-from', () => {
    const rules: FilterRule[] = [rule('before')];
    addPatternFile(rules, 'old', false, files());
    expect(rules).toEqual([rule('b')]);
    tree['nul'] = 'a\nb\0c\0';
    addPatternFile(rules, 'nul', true, files(true));
    expect(rules.slice(1)).toEqual([rule('a\nb', { include: true }), rule('c', { include: true })]);
  });

  it('refuses endless nesting and tells where a rule stands', () => {
    expect(failure(() => read('. loop'))).toMatchObject({ code: 'rule-file', exitCode: 11 });
    expect(failure(() => read('. m')).message).toBe("'!' rule has trailing characters: <rule from m line 2>");
    tree['outer'] = '. none';
    expect(failure(() => read('. outer'))).toMatchObject({
      exitCode: 11,
      message: expect.stringContaining('outer line 1'),
    });
  });
});

describe('wire', () => {
  const withRules = (filters: FilterRule[], more = {}) => ({ ...DEFAULT_OPTIONS, filters, ...more });
  const list = ['- *.o', '+ /keep/', 'P keepme', 'H *.tmp', '-p .pp/', '-/! x', 'R risky'].map(
    (text) => parseFilterRule(text) as FilterRule,
  );

  it('sends what the server needs (reference §5.2, §5.3)', () => {
    expect(encodeRules(withRules(list), false, dialectOf(32), () => null)).toEqual([
      '- *.o',
      '+ /keep/',
      '-r keepme',
      '-p .pp/',
      '-/! x',
      '+r risky',
    ]);
    expect(encodeRules(withRules(list), true, dialectOf(32), () => null)).toEqual([
      '- *.o',
      '+ /keep/',
      '-s *.tmp',
      '-p .pp/',
      '-/! x',
    ]);
  });

  // Texts captured from rsync 3.5.0.
  const merges = [
    ': .r',
    ':e .r2',
    ':n- .r3',
    ':w+ .r4',
    ':sC',
    '-C',
    ':p/ .r5',
    '-x user.foo',
    ':r .r6',
    ':- a b',
    'P x',
    'H y',
    '- foo',
  ];
  const parsedMerges = (): FilterRule[] => {
    const rules: FilterRule[] = [];
    for (const text of merges) applyRule(rules, parseFilterRule(text));
    return rules;
  };

  it('sends per-directory and CVS rules as stock rsync does', () => {
    const sent = [': .r', '- .r2', ': .r2', ':n- .r3', ':w+ .r4'];
    expect(encodeRules(withRules(parsedMerges()), true, dialectOf(32), () => null)).toEqual([
      ...sent,
      ':Cs .cvsignore',
      '-C ',
      ':/p .r5',
      '-x user.foo',
      ':- a b',
      '-s y',
      '- foo',
    ]);
    const pushed = encodeRules(withRules(parsedMerges()), false, dialectOf(32), () => null);
    expect(pushed.slice(0, 7)).toEqual([...sent, '-p RCS', '-p SCCS']);
    expect(pushed.slice(-7)).toEqual(['-p .bzr/', ':/p .r5', '-x user.foo', ':r .r6', ':- a b', '-r x', '- foo']);
  });

  it('keeps rules without a side from a receiver that deletes what is excluded', () => {
    const options = withRules(parsedMerges(), { deleteExcluded: true, cvsExclude: true });
    expect(encodeRules(options, false, dialectOf(32), () => null)).toEqual([
      ': .r',
      ': .r2',
      ':/p .r5',
      ':r .r6',
      '-r x',
    ]);
    expect(encodeRules(options, true, dialectOf(32), () => null)).toContain('-s foo');
  });

  it('sends what -C stands for on a push, and leaves it to the server on a pull', () => {
    const options = withRules([rule('x')], { cvsExclude: true });
    expect(encodeRules(options, false, dialectOf(32), () => null).slice(0, 3)).toEqual([
      '- x',
      ':C .cvsignore',
      '-p RCS',
    ]);
    expect(encodeRules(options, true, dialectOf(32), () => null)).toEqual(['- x']);
  });

  it('reads back what it sent', () => {
    const received: FilterRule[] = [];
    for (const text of encodeRules(withRules(list), false, dialectOf(32), () => null))
      decodeRule(received, text, dialectOf(32));
    expect(received).toEqual(list.filter((one) => one.side !== 'sender'));
  });

  it('leaves out before protocol 30 that a rule keeps no folder, where that is right', () => {
    const rules = withRules([rule('a'), parseFilterRule('-p .part/') as FilterRule], { partialDir: '.part' });
    expect(encodeRules(rules, false, dialectOf(29), () => null)).toEqual(['- a', '- .part/']);
    expect(encodeRules(withRules(list), true, dialectOf(29), () => null)).toContain('- .pp/');
    expect(failure(() => encodeRules(withRules(list), false, dialectOf(29), () => null))).toMatchObject({
      code: 'filter-too-modern',
      exitCode: 2,
    });
    const cvs = encodeRules(withRules([], { cvsExclude: true }), false, dialectOf(29), () => null);
    expect(cvs.slice(0, 2)).toEqual([':C .cvsignore', '- RCS']);
  });

  it('before protocol 29 sends bare patterns, or refuses', () => {
    const folder = parseFilterRule('- c/') as FilterRule;
    const simple = [rule('a'), rule('- b'), folder, parseFilterRule('+ /k') as FilterRule];
    const texts = encodeRules(withRules(simple), true, dialectOf(28), () => null);
    expect(texts).toEqual(['a', '- - b', 'c/', '+ /k']);
    const received: FilterRule[] = [];
    for (const text of texts) decodeRule(received, text, dialectOf(28));
    expect(received).toEqual(simple);
    const sided = ['H *.tmp', 'P keepme'].map((text) => parseFilterRule(text) as FilterRule);
    expect(encodeRules(withRules(sided), true, dialectOf(28), () => null)).toEqual(['*.tmp']);
    expect(encodeRules(withRules(sided), false, dialectOf(28), () => null)).toEqual(['keepme']);
    const cvs = encodeRules(withRules([], { cvsExclude: true }), false, dialectOf(28), () => null);
    expect(cvs.slice(0, 2)).toEqual(['RCS', 'SCCS']);
    for (const text of ['-! x', ': .r', '-/ x', '-x user.y'])
      expect(
        failure(() => encodeRules(withRules([parseFilterRule(text) as FilterRule]), true, dialectOf(27), () => null)),
      ).toMatchObject({ code: 'filter-too-modern', exitCode: 2 });
    const all = { ...DEFAULT_OPTIONS, deleteMode: 'default' as const, deleteExcluded: true };
    expect([28, 29].map((protocol) => wantsFilterList(all, false, dialectOf(protocol)))).toEqual([false, true]);
  });

  it('refuses what is out of bounds', () => {
    expect(failure(() => decodeRule([], '', dialectOf(32)))).toMatchObject({ code: 'filter-list', exitCode: 12 });
    expect(failure(() => decodeRule([], `- ${'x'.repeat(5200)}`, dialectOf(32)))).toMatchObject({
      code: 'filter-list',
      exitCode: 12,
    });
    expect(failure(() => decodeRule([], '- a\0b', dialectOf(32)))).toMatchObject({ code: 'filter-list', exitCode: 12 });
    expect(failure(() => decodeRule([], '~ a', dialectOf(32)))).toMatchObject({ code: 'filter-list', exitCode: 12 });
    expect(failure(() => decodeRule([], '. /etc/passwd', dialectOf(32)))).toMatchObject({
      code: 'filter-list',
      exitCode: 12,
    });
  });

  it('bounds what a peer can make us keep', () => {
    const many: FilterRule[] = [];
    expect(
      failure(() => {
        for (;;) decodeRule(many, '- x', dialectOf(32));
      }),
    ).toMatchObject({ code: 'filter-list', exitCode: 12 });
    expect(many.length).toBe(65536);
    const long: FilterRule[] = [];
    expect(
      failure(() => {
        for (;;) decodeRule(long, `- ${'x'.repeat(4000)}`, dialectOf(32));
      }),
    ).toMatchObject({ code: 'filter-list' });
    expect(long.length).toBeLessThan(1400);
  });

  it('crosses the wire on every pull, and on a push that deletes', () => {
    const pruning = { ...DEFAULT_OPTIONS, pruneEmptyDirs: true };
    expect(wantsFilterList(pruning, false, dialectOf(32))).toBe(true);
    const deleting = { ...DEFAULT_OPTIONS, deleteMode: 'default' as const };
    expect([
      wantsFilterList(DEFAULT_OPTIONS, true, dialectOf(32)),
      wantsFilterList(DEFAULT_OPTIONS, false, dialectOf(32)),
    ]).toEqual([true, false]);
    expect([wantsFilterList(deleting, true, dialectOf(32)), wantsFilterList(deleting, false, dialectOf(32))]).toEqual([
      true,
      true,
    ]);
  });
});
