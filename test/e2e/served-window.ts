import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Browser, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { ROOT } from '../../build/peers.mjs';
import { peers } from '../support/peers.ts';
import { CLI } from '../support/run.ts';
import { smallPng } from '../support/small-png.ts';

/** `driftline serve` as a person starts it, and its page in a real Chromium. */
export interface ServedWindow {
  page: Page;
  /** The address that was printed, with its token. */
  url: string;
  /** For other commands on the same settings. */
  env: Record<string, string>;
  /** Errors on the console, uncaught ones, violations of the content security policy, dialogs that a script opened. */
  complaints: string[];
  /** Opens the address anew. */
  open(): Promise<void>;
  stop(): Promise<void>;
}

const NARROW = { width: 900, height: 600 };
const NORMAL = { width: 1200, height: 780 };
const WIDE = { width: 1440, height: 900 };

/** @param folder where the service's home and settings go */
export async function serveWindow(folder: string): Promise<ServedWindow> {
  const home = join(folder, 'home');
  mkdirSync(home, { recursive: true });
  const env = { HOME: home, DRIFTLINE_HOME: join(folder, 'settings'), SSH_AUTH_SOCK: '', LC_ALL: 'C.UTF-8' };
  const child = spawn(process.execPath, [CLI, 'serve'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let browser: Browser | null = null;
  const stop = async (): Promise<void> => {
    await browser?.close();
    await end(child);
  };
  try {
    const url = await firstLine(child);
    browser = await chromium.launch({ executablePath: peers().chromium, args: ['--no-sandbox'] });
    const page = await browser.newPage({ viewport: NORMAL });
    const complaints = listen(page);
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        console.error(`content security policy: ${event.violatedDirective} ${event.blockedURI}`);
      });
    });
    const open = async (): Promise<void> => {
      await page.goto(url);
      await page.getByRole('heading', { level: 1 }).waitFor();
    };
    return { page, url, env, complaints, open, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`driftline serve ended with ${code}`)));
    createInterface({ input: child.stdout! }).once('line', resolve);
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  await ended;
}

function listen(page: Page): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('requestfailed', (request) => complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return complaints;
}

/** Nothing sticks out of the window, narrow or wide, and what asks a question can be reached whole. */
export async function expectNoOverflow(page: Page): Promise<void> {
  for (const viewport of [NARROW, WIDE]) {
    await page.setViewportSize(viewport);
    const outside = await page.evaluate(() => {
      const { scrollWidth, scrollHeight } = document.documentElement;
      const dialogs = [...document.querySelectorAll('dialog[open]')].map((dialog) => dialog.getBoundingClientRect());
      return [
        scrollWidth > innerWidth ? `the page is ${scrollWidth} wide` : '',
        scrollHeight > innerHeight ? `the page is ${scrollHeight} high` : '',
        ...dialogs.map(({ top, left, right, bottom }) =>
          top < 0 || left < 0 || right > innerWidth || bottom > innerHeight ? 'a dialog is outside' : '',
        ),
      ].filter((text) => text !== '');
    });
    expect(outside, `${viewport.width} × ${viewport.height}`).toEqual([]);
  }
  await page.setViewportSize(NORMAL);
}

export interface Album {
  /** Screenshots with names of places as they would be; else they go to a folder that is thrown away. */
  kept: boolean;
  take(page: Page, name: string, look?: { dark?: boolean; narrow?: boolean }): Promise<void>;
  remove(): void;
}

/** With DRIFTLINE_SCREENSHOTS=1 the pictures of build/screenshots are taken anew (`npm run screenshots`). */
export function openAlbum(): Album {
  const kept = process.env['DRIFTLINE_SCREENSHOTS'] === '1';
  const folder = kept ? join(ROOT, 'build/screenshots') : mkdtempSync(join(tmpdir(), 'driftline-album-'));
  mkdirSync(folder, { recursive: true });
  return {
    kept,
    async take(page, name, { dark = false, narrow = false } = {}) {
      await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce' });
      await page.mouse.move(0, 0);
      if (narrow) await page.setViewportSize(NARROW);
      const picture = smallPng(await page.screenshot({ caret: 'initial' }));
      writeFileSync(join(folder, `${name}-${dark ? 'dark' : 'light'}.png`), picture);
      await page.setViewportSize(NORMAL);
      await page.emulateMedia({ colorScheme: 'light' });
    },
    remove() {
      if (!kept) rmSync(folder, { recursive: true });
    },
  };
}
