import { fail } from '../../../shared/errors.ts';
import { bytesToText, displayPath, joinPath, type ByteString } from '../../../shared/model/path.ts';
import { excluding, type MergeRequest, parseByTemplate } from './parse.ts';
import { type FilterRule, FULL_RULES, oldRules, type RuleTemplate, templateOf } from './rule.ts';

/** How deep rule files may name each other (reference §5.6). */
const MAX_NESTING = 32;

/** Reads a rule file that need not be there: its content by its absolute path, or null for no rules. */
export type ReadRuleFile = (path: ByteString) => ByteString | null;

/** What reads rule files. */
export interface RuleFiles {
  /** Content of a file as bytes. @throws where it cannot be read */
  readonly read: (path: ByteString) => ByteString;
  /** Whether NUL, not the end of a line, stands between rules (`-0`). */
  readonly from0: boolean;
}

/** Takes rules and the clear mark in; the list of a directory is filled in its own way. */
export interface RuleSink {
  /** @param depth how many files deep the rule stands; 0 = an argument */
  add(rule: FilterRule, depth: number): void;
  clear(): void;
}

const sinkOf = (rules: FilterRule[]): RuleSink => ({
  add: (rule) => void rules.push(rule),
  clear: () => {
    rules.length = 0;
  },
});

/**
 * `-f RULE`: adds one rule in full syntax, or what the file named by a merge rule holds.
 * @throws usage `filter-syntax`, fs `rule-file` exit 11
 */
export function addFilter(rules: FilterRule[], text: ByteString, files: RuleFiles): void {
  addOne(sinkOf(rules), text, FULL_RULES, { files, dir: '', depth: 0 });
}

/** `--exclude=PATTERN`, `--include=PATTERN`. */
export function addPattern(rules: FilterRule[], text: ByteString, include: boolean): void {
  addOne(sinkOf(rules), text, oldRules(include), null);
}

/** `--exclude-from=FILE`, `--include-from=FILE`; `-` is standard input. */
export function addPatternFile(rules: FilterRule[], path: ByteString, include: boolean, files: RuleFiles): void {
  addContent(sinkOf(rules), files.read(path), oldRules(include), { files, dir: '', depth: 1 }, path);
}

interface Reading {
  readonly files: RuleFiles;
  /** What relative names in merge rules are below; '' = the working directory. */
  readonly dir: ByteString;
  readonly depth: number;
}

/**
 * Adds the rules of one rule file.
 * @param path for error messages
 * @param reading how files are read that it names; their relative names are below its `dir`
 */
export function addContent(
  sink: RuleSink,
  content: ByteString,
  template: RuleTemplate,
  reading: Reading,
  path: ByteString,
): void {
  const shown = displayPath(bytesToText(path));
  if (template.words) {
    for (const word of content.split(reading.files.from0 ? /[ \t-\r\0]/ : /[ \t-\r]/)) {
      addOne(sink, word, template, reading, `<rule from ${shown}>`);
    }
    return;
  }
  let number = 0;
  for (const line of content.split(reading.files.from0 ? '\0' : /[\r\n]/)) {
    number++;
    if (line === '' || line[0] === '#' || line[0] === ';') continue;
    addOne(sink, line, template, reading, `<rule from ${shown} line ${number}>`);
  }
}

function addOne(
  sink: RuleSink,
  text: ByteString,
  template: RuleTemplate,
  reading: Reading | null,
  place?: string,
): void {
  const parsed = parseByTemplate(text, template, place);
  const depth = reading?.depth ?? 0;
  if (parsed === null) return;
  if (parsed === 'clear') sink.clear();
  else if (!('kind' in parsed)) parsed.forEach((rule) => sink.add(rule, depth));
  else if (parsed.kind !== 'merge') sink.add(parsed, depth);
  else if (reading !== null) merge(sink, parsed, reading, place);
}

function merge(sink: RuleSink, request: MergeRequest, reading: Reading, place?: string): void {
  const { name } = request;
  const { files, dir, depth } = reading;
  if (depth >= MAX_NESTING) {
    throw fail('fs', 'rule-file', `Rule files are nested more than ${MAX_NESTING} deep${place ? ` at ${place}` : ''}`, {
      exitCode: 11,
    });
  }
  if (request.excludeSelf) sink.add(excluding(name), depth);
  const path = name.startsWith('/') ? name : joinPath(dir, name);
  let content: ByteString;
  try {
    content = files.read(path);
  } catch (error) {
    if (place === undefined) throw error;
    throw fail('fs', 'rule-file', `Cannot read the rule file named by ${place}`, { exitCode: 11, cause: error });
  }
  addContent(sink, content, templateOf(request), { files, dir, depth: depth + 1 }, path);
}
