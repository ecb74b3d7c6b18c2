import { describe, expect, it } from 'vitest';
import { crumbsOf, parentOf } from './remote-path.ts';

describe('the way to a folder on a server', () => {
  it.each([
    ['/srv//x/', ['/', '/srv', '/srv/x']],
    ['/', ['/']],
    ['', ['']],
    ['backup/x', ['', 'backup', 'backup/x']],
  ])('%s', (path, way) => {
    expect(crumbsOf(path).map((crumb) => crumb.path)).toEqual(way);
    expect(parentOf(path)).toBe(way.at(-2) ?? null);
  });
});
