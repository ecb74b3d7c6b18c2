import { describe, expect, it } from 'vitest';
import { DriftlineError } from './errors.ts';
import { splitRemoteShell } from './remote-shell.ts';

describe('splitRemoteShell', () => {
  it.each<[string, string[]]>([
    ['ssh', ['ssh']],
    ['  ssh  -p 22 ', ['ssh', '-p', '22']],
    [`ssh -o "User Known"`, ['ssh', '-o', 'User Known']],
    [`a 'it''s' "say ""x"""`, ['a', "it's", 'say "x"']],
    [`a b'c d'e`, ['a', 'bc de']],
    [`a ''`, ['a', '']],
    ['a\\ b\tc', ['a\\', 'b\tc']],
  ])('%s', (command, words) => expect(splitRemoteShell(command)).toEqual(words));

  it.each(["ssh 'open", 'ssh "open', '', '   '])('refuses %j', (command) => {
    expect(() => splitRemoteShell(command)).toThrow(DriftlineError);
  });
});
