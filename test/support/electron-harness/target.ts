import type { Page } from 'playwright-core';

/** Chromium's own name of a page: what two clients of one Chromium can compare. */
export async function targetId(page: Page): Promise<string> {
  const cdp = await page.context().newCDPSession(page);
  try {
    return (await cdp.send('Target.getTargetInfo')).targetInfo.targetId;
  } finally {
    await cdp.detach();
  }
}
