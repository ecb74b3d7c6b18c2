import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

// Importing the real one would start a download.
vi.mock('electron', () => ({ app: {} }));
const { autostartEntry, autostartFile, keepAutostart } = await import('./login-item.ts');

describe('starting with the session on Linux', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'driftline-autostart-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('keeps an entry in the folder of the specification, and takes it away', () => {
    const file = autostartFile({ XDG_CONFIG_HOME: folder }, '/home/me');
    expect(file).toBe(join(folder, 'autostart/driftline.desktop'));
    expect(autostartFile({ XDG_CONFIG_HOME: 'relative' }, '/home/me')).toBe(
      '/home/me/.config/autostart/driftline.desktop',
    );
    keepAutostart(file, false, ['/opt/driftline']);
    keepAutostart(file, true, ['/opt/driftline']);
    keepAutostart(file, true, ['/opt/driftline']);
    expect(readFileSync(file, 'utf8')).toContain('Exec="/opt/driftline" "--hidden"\n');
    expect(statSync(file).mode & 0o077).toBe(0);
    keepAutostart(file, false, ['/opt/driftline']);
    expect(existsSync(file)).toBe(false);
  });

  it.each([
    ['a blank', '/opt/my apps/driftline', '"/opt/my apps/driftline"'],
    ['a quote', '/opt/"x"', String.raw`"/opt/\\"x\\""`],
    ['a dollar', '/opt/$HOME', String.raw`"/opt/\\$HOME"`],
    ['a backslash', String.raw`/opt/a\b`, String.raw`"/opt/a\\\\b"`],
    ['a percent sign', '/opt/50%f', '"/opt/50%%f"'],
    ['a line break', '/opt/a\nExec=evil', String.raw`"/opt/a\nExec=evil"`],
  ])('quotes %s', (_what, path, word) => {
    const lines = autostartEntry([path]).split('\n');
    expect(lines.filter((line) => line.startsWith('Exec='))).toEqual([`Exec=${word} "--hidden"`]);
  });
});
