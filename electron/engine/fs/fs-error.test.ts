import { constants } from 'node:os';
import { expect, it } from 'vitest';
import { errnoName, errnoOf, fsError } from './fs-error.ts';

const thrown = (code: string, errno: number): Error => Object.assign(new Error(code), { code, errno });

it.runIf(process.platform !== 'win32')('an errno that libuv does not know has its name all the same', () => {
  const quota = thrown('UNKNOWN', -constants.errno.EDQUOT);
  expect(errnoOf(quota)).toBe('EDQUOT');
  expect(fsError(quota, 'write', '/x').data).toMatchObject({
    code: 'edquot',
    message: 'Cannot write “/x”: the disk quota is used up.',
    details: { errno: 'EDQUOT' },
  });
  expect(errnoOf(thrown('UNKNOWN', -9999))).toBe('UNKNOWN');
  expect([constants.errno.EDQUOT, constants.errno.ENOENT, 9999].map(errnoName)).toEqual([
    'EDQUOT',
    'ENOENT',
    'UNKNOWN',
  ]);
  expect(errnoOf(thrown('ENOENT', -2))).toBe('ENOENT');
});
