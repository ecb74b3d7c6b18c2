import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { build } from 'vite';
import { rendererConfig } from '../../build/vite-configs.mjs';
import { peers } from '../support/peers.ts';

/** The window over made-up data (renderer/dev): every state of every screen, without waiting for a server. */
export interface SamplePage {
  page: Page;
  complaints: string[];
  /** Loads a scene of renderer/dev/main.ts anew. */
  open(scene: string): Promise<void>;
  stop(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export async function openSamples(): Promise<SamplePage> {
  const folder = mkdtempSync(join(tmpdir(), 'driftline-samples-'));
  await build(rendererConfig({ dev: 'renderer/dev.html' }, folder));
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    try {
      const body = readFileSync(join(folder, 'renderer', path));
      response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' }).end(body);
    } catch {
      response.writeHead(path === '/favicon.ico' ? 204 : 404).end();
    }
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/dev.html`;
  let browser: Browser | null = null;
  const stop = async (): Promise<void> => {
    await browser?.close();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    browser = await chromium.launch({ executablePath: peers().chromium, args: ['--no-sandbox'] });
    const page = await browser.newPage();
    await page.emulateMedia({ reducedMotion: 'reduce' });
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    const open = async (scene: string): Promise<void> => {
      await page.goto(`${address}?scene=${scene}`);
      await page.getByRole('heading', { level: 1 }).waitFor();
    };
    return { page, complaints, open, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
