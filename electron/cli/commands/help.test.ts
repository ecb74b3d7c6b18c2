import { describe, expect, it } from 'vitest';
import { readWords } from './arguments.ts';
import { commandHelp, generalHelp, groupHelp, OVERVIEW } from './help.ts';
import { COMMAND_NAMES, findCommand, specOf } from './table.ts';

/** The words of an example line that are Driftline's: up to a pipe, a redirection or another command. */
function ownWords(example: string): string[] | null {
  const line = /driftline ([^|>&)]*)/.exec(example)?.[1];
  return line === undefined
    ? null
    : [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
}

describe('help', () => {
  it.each(COMMAND_NAMES)('of %s names all it takes, in 80 columns, with examples that parse', (name) => {
    const text = commandHelp(name);
    const { args, options, examples } = specOf(name);
    for (const { word } of args) expect(text).toContain(word);
    for (const option of Object.keys(options)) expect(text).toContain(`--${option}`);
    expect(examples.length).toBeGreaterThan(0);
    const prose = text.split('\n').filter((line) => !examples.includes(line.trim()) && !line.includes(' > '));
    expect(prose.filter((line) => line.length > 80)).toEqual([]);
    for (const example of examples) {
      const found = findCommand((ownWords(example) ?? []).filter((word) => word !== '--json'));
      if (found === null || 'group' in found || found.name === 'rsync') continue;
      expect(() => readWords(found.rest, specOf(found.name)), example).not.toThrow();
    }
  });

  it('lists every command', () => {
    const all = generalHelp();
    for (const name of COMMAND_NAMES) expect(all).toContain(`  ${name} `);
    for (const text of [all, OVERVIEW]) expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(groupHelp(COMMAND_NAMES.filter((name) => name.startsWith('host ')))).toContain('host forget-key');
  });
});
