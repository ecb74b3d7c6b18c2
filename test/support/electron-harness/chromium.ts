import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';

let browser: Promise<Browser> | null = null;

/** The Chromium that the test started; the test and the harness are two clients of the same one. */
export function connected(): Promise<Browser> {
  const endpoint = process.env.DRIFTLINE_HARNESS_CHROMIUM;
  if (endpoint === undefined) throw new Error('DRIFTLINE_HARNESS_CHROMIUM is not set: start me with launchElectron()');
  browser ??= chromium.connectOverCDP(endpoint);
  return browser;
}
