import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepWindowState, openingBounds, readWindowState } from './window-state.ts';

const SCREEN = { x: 0, y: 0, width: 1920, height: 1080 };
const state = { x: 100, y: 50, width: 900, height: 600, maximized: false };

describe('where the window opens', () => {
  it('is the kept place when that is still on a screen', () => {
    expect(openingBounds(state, [SCREEN])).toEqual(state);
    const second = { x: 1920, y: 0, width: 1280, height: 1024 };
    expect(openingBounds({ ...state, x: 2000 }, [SCREEN, second])).toEqual({ ...state, x: 2000 });
  });

  it('is chosen by the system when that screen is gone, with the kept size', () => {
    for (const lost of [{ x: 2000 }, { x: -890 }, { y: 1070 }, { y: -20 }]) {
      expect(openingBounds({ ...state, ...lost }, [SCREEN])).toEqual({ width: 900, height: 600, maximized: false });
    }
  });

  it('is never smaller than usable', () => {
    expect(openingBounds({ ...state, width: 10, height: 10 }, [SCREEN])).toMatchObject({ width: 640, height: 480 });
  });

  it('has a first size', () => {
    expect(openingBounds(null, [SCREEN])).toEqual({ width: 1080, height: 740, maximized: false });
  });
});

describe('the kept state', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'driftline-window-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('comes back as it was written, and leaves nothing else', () => {
    keepWindowState(join(folder, 'window.json'), state);
    expect(readWindowState(join(folder, 'window.json'))).toEqual(state);
    expect(readdirSync(folder)).toEqual(['window.json']);
  });

  it.each(['', 'null', '{"x":1}', '{"x":1e99,"y":0,"width":1,"height":1,"maximized":false}', `"${'x'.repeat(5000)}"`])(
    'is none when the file holds %s',
    (text) => {
      writeFileSync(join(folder, 'window.json'), text);
      expect(readWindowState(join(folder, 'window.json'))).toBeNull();
    },
  );

  it('is none without a file, and a folder that is gone is no failure', () => {
    expect(readWindowState(join(folder, 'none'))).toBeNull();
    keepWindowState(join(folder, 'gone/window.json'), state);
  });
});
