import { describe, expect, it } from 'vitest';
import { isOurs } from './origin.ts';

describe('what belongs to the application', () => {
  it.each(['app://driftline/', 'app://driftline/index.html?x#y'])('%s does', (url) => expect(isOurs(url)).toBe(true));
  it.each([
    'app://other/',
    'app://driftline.evil/',
    'app://user@driftline/',
    'app://driftline:1/',
    'https://driftline/',
    'file:///index.html',
    'data:text/html,x',
    'javascript:0',
    'about:blank',
    '',
    'driftline',
  ])('%s does not', (url) => expect(isOurs(url)).toBe(false));
});
