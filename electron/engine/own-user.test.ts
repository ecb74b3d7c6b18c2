import { homedir, userInfo } from 'node:os';
import { expect, it } from 'vitest';
import { ownUser } from './own-user.ts';

it('is who the user database says, and has a name where it says nothing', () => {
  expect(ownUser()).toMatchObject({ username: userInfo().username, homedir: userInfo().homedir });
  const unknown = (): never => {
    throw new Error('uv_os_get_passwd returned ENOENT');
  };
  expect(ownUser(unknown, { LOGNAME: 'sam', USER: 'x' })).toEqual({ username: 'sam', homedir: homedir() });
  expect(ownUser(unknown, { USER: 'x' }).username).toBe('x');
  expect(ownUser(unknown, {}).username).toBe(String(process.getuid?.() ?? ''));
});
