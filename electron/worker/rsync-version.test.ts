import { expect, it } from 'vitest';
import { readRsyncVersion } from './rsync-version.ts';

it.each([
  ['rsync  version 3.4.1  protocol version 32\nCopyright', 'rsync', '3.4.1', 32],
  ['rsync  version v3.2.7  protocol version 31\n', 'rsync', '3.2.7', 31],
  ['openrsync: protocol version 29\n', 'openrsync', null, 29],
  ['driftline rsync  version 0.1.0  protocol version 32\nSpeaks the rsync protocol', 'driftline', '0.1.0', 32],
])('%j is read', (text, program, version, protocol) =>
  expect(readRsyncVersion(text)).toEqual({ program, version, protocol, before: '' }),
);

it('what stands before it is told apart; other text is no version', () => {
  expect(readRsyncVersion('Welcome!\ndriftline rsync  version 1  protocol version 32\n')?.before).toBe('Welcome!');
  for (const text of ['', 'sh: rsync: not found\n', 'my rsync  version 1  protocol version 32\n'])
    expect(readRsyncVersion(text)).toBeNull();
});
