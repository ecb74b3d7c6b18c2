import { describe, expect, it } from 'vitest';
import { deepLinkOf, parseDeepLink } from './deep-link.ts';

const ID = '00000000-0000-4000-8000-000000000000';

describe('a deep link', () => {
  it('opens the window or a profile', () => {
    expect(parseDeepLink('driftline://open')).toEqual({ view: 'home' });
    expect(parseDeepLink('driftline://open/')).toEqual({ view: 'home' });
    expect(parseDeepLink(`driftline://profile/${ID}`)).toEqual({ view: 'profile', profileId: ID });
  });

  it.each([
    '',
    'driftline:',
    'driftline://',
    'driftline://run/x',
    'driftline://delete?all',
    `driftline://profile/${ID}?run=1`,
    `driftline://profile/${ID}#run`,
    `driftline://profile/${ID}/run`,
    `driftline://profile/${ID}\n`,
    `driftline://profile/../${ID}`,
    'driftline://profile/%2e%2e%2f',
    'driftline://profile/PHOTOS',
    `driftline://user@profile/${ID}`,
    `DRIFTLINE://profile/${ID}`,
    `https://profile/${ID}`,
    `x driftline://profile/${ID}`,
    `driftline://profile/${'a'.repeat(300)}`,
    'javascript:alert(1)',
  ])('refuses %j', (text) => {
    expect(parseDeepLink(text)).toBeNull();
  });

  it('is found among hostile words, and nothing else is', () => {
    expect(deepLinkOf(['driftline', '--run', `driftline://profile/${ID}`])).toEqual({ view: 'profile', profileId: ID });
    expect(deepLinkOf(['driftline', '--run=everything', '/etc/passwd', '--inspect', null, 7])).toBeNull();
    expect(deepLinkOf([...Array<string>(100).fill('x'), 'driftline://open'])).toBeNull();
  });
});
