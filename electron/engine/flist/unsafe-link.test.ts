import { describe, expect, it } from 'vitest';
import { isUnsafeLink, mungeLink, unmungeLink } from './unsafe-link.ts';

describe('a link that may lead out', () => {
  it.each([
    ['x', 'l', false],
    ['../x', 'd/l', false],
    ['../../x', 'd/e/l', false],
    ['..', 'd/l', false],
    ['.', 'l', false],
    ['./x/', 'l', false],
    ['x..', 'l', false],
    ['..x', 'l', false],
    ['', 'l', true],
    ['/x', 'l', true],
    ['..', 'l', true],
    ['../x', 'l', true],
    ['../../x', 'd/l', true],
    ['x/../y', 'l', true],
    ['../x/../y', 'd/e/l', true],
    ['d/..', 'l', true],
    ['../..', 'd/e/f/l', true],
    ['../x', './l', true],
  ])('%j at %j: %s', (target, name, unsafe) => {
    expect(isUnsafeLink(target, name)).toBe(unsafe);
  });
});

it('munged links come back', () => {
  expect(mungeLink('/etc/x')).toBe('/rsyncd-munged//etc/x');
  expect(unmungeLink(mungeLink('../x'))).toBe('../x');
  expect(unmungeLink('/rsyncd-mung/x')).toBe('/rsyncd-mung/x');
});
