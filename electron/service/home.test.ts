import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { homeFolder, openHome } from './home.ts';

describe('homeFolder', () => {
  it.each([
    ['linux', {}, '/h/.config/Driftline'],
    ['linux', { XDG_CONFIG_HOME: '/x' }, '/x/Driftline'],
    ['linux', { XDG_CONFIG_HOME: 'relative' }, '/h/.config/Driftline'],
    ['linux', { XDG_CONFIG_HOME: '' }, '/h/.config/Driftline'],
    ['darwin', { XDG_CONFIG_HOME: '/x' }, '/h/Library/Application Support/Driftline'],
    ['win32', { APPDATA: '/a' }, '/a/Driftline'],
    ['win32', {}, '/h/AppData/Roaming/Driftline'],
    ['linux', { DRIFTLINE_HOME: '/own', XDG_CONFIG_HOME: '/x' }, '/own'],
  ])('on %s with %j is %s', (platform, env, expected) => {
    expect(homeFolder(env, platform, '/h')).toBe(expected);
  });
});

describe('openHome', () => {
  it('makes folders for their owner alone, and closes those that were open', () => {
    const root = mkdtempSync(join(tmpdir(), 'driftline-home-'));
    try {
      mkdirSync(join(root, 'a/locks'), { recursive: true });
      chmodSync(join(root, 'a'), 0o755);
      const home = openHome(join(root, 'a'));
      for (const folder of [home.folder, home.locks, home.journals]) expect(statSync(folder).mode & 0o777).toBe(0o700);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
