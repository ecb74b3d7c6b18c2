import { describe, expect, it } from 'vitest';
import { baseName, examplePath, expandHome, shortenHome } from './endpoint.ts';

describe('endpoints', () => {
  it('shows the trailing-slash rule as a path', () => {
    expect(examplePath('/home/ada/Photos', '/srv/mirror', false, 'a.jpg')).toBe('/srv/mirror/Photos/a.jpg');
    expect(examplePath('/home/ada/Photos/', '/srv/mirror/', true, 'a.jpg')).toBe('/srv/mirror/a.jpg');
    expect(examplePath('C:\\Users\\ada\\Photos', '/srv', false, 'a')).toBe('/srv/Photos/a');
  });

  it('shortens the home folder only at a folder boundary', () => {
    expect(shortenHome('/home/ada/x', '/home/ada')).toBe('~/x');
    expect(shortenHome('/home/adam/x', '/home/ada')).toBe('/home/adam/x');
    expect(shortenHome('/home/ada', '/home/ada')).toBe('~');
    expect(shortenHome('/opt/x', null)).toBe('/opt/x');
  });

  it('expands it again', () => {
    expect(expandHome('~/x', '/home/ada')).toBe('/home/ada/x');
    expect(expandHome('~', '/home/ada')).toBe('/home/ada');
    expect(expandHome('~bob/x', '/home/ada')).toBe('~bob/x');
    expect(expandHome('~/x', null)).toBe('~/x');
  });

  it('names the last part', () => {
    expect(baseName('/a/b/')).toBe('b');
    expect(baseName('/')).toBe('');
  });
});
