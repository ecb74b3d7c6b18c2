/** What another program may ask of us. It only ever opens a view; nothing is run, saved or connected to. */
export type DeepLink = { view: 'home' } | { view: 'profile'; profileId: string };

const MAX_LENGTH = 200;
const PROFILE = /^driftline:\/\/profile\/([0-9a-f-]{8,64})\/?$/;

/**
 * Reads a `driftline://` address by allow-list: `driftline://open`, and `driftline://profile/ID`, which shows the
 * preview of that profile. Whatever else somebody may have appended makes it no address of ours.
 *
 * @param text hostile: it comes from a web page, an e-mail, or another program's command line
 */
export function parseDeepLink(text: string): DeepLink | null {
  if (text.length > MAX_LENGTH) return null;
  if (/^driftline:\/\/open\/?$/.test(text)) return { view: 'home' };
  const profileId = PROFILE.exec(text)?.[1];
  return profileId === undefined ? null : { view: 'profile', profileId };
}

/** The first address of ours among a command line's words; everything else there is passed over. */
export function deepLinkOf(argv: readonly unknown[]): DeepLink | null {
  for (const word of argv.slice(0, 64)) {
    const link = typeof word === 'string' ? parseDeepLink(word) : null;
    if (link !== null) return link;
  }
  return null;
}
