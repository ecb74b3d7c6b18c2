#!/usr/bin/env node
/** Draws the PNG icons from their SVG sources, with Chromium: node build/icons/render.mjs */
import { readFileSync, writeFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { which } from '../peers.mjs';

const SIZES = { app: [32, 128, 256, 512, 1024], tray: [16, 32] };
const SOURCES = ['app', 'tray-idle', 'tray-running', 'tray-attention', 'tray-error'];

const browser = await chromium.launch({ executablePath: which('chromium') ?? undefined, args: ['--no-sandbox'] });
try {
  const page = await browser.newPage();
  for (const name of SOURCES) {
    const svg = readFileSync(new URL(`${name}.svg`, import.meta.url), 'utf8');
    for (const size of name === 'app' ? SIZES.app : SIZES.tray) {
      await page.setViewportSize({ width: size, height: size });
      await page.setContent(`<style>body{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${svg}`);
      writeFileSync(new URL(`${name}-${size}.png`, import.meta.url), await page.screenshot({ omitBackground: true }));
    }
  }
} finally {
  await browser.close();
}
