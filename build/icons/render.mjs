#!/usr/bin/env node
/**
 * Draws the PNG icons from their SVG sources, with Chromium: node build/icons/render.mjs
 *
 * Each state of the tray comes twice: coloured for Linux and Windows, and as a template for macOS, which wants black
 * with transparency and colours it itself. That is why the states differ in shape.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { which } from '../peers.mjs';

const APP_SIZES = [32, 128, 256, 512, 1024];
/** 16 points on Windows and macOS at 1, 1.5, 2 and 3 times; 24 on Linux at 1 and 2 times. */
const TRAY_SIZES = [16, 24, 32, 48];
const STATES = ['idle', 'running', 'attention', 'error'];

const browser = await chromium.launch({ executablePath: which('chromium') ?? undefined, args: ['--no-sandbox'] });
try {
  const page = await browser.newPage();
  /** @type {(source: string, target: string, size: number, style?: string) => Promise<void>} */
  const draw = async (source, target, size, style = '') => {
    const svg = readFileSync(new URL(`${source}.svg`, import.meta.url), 'utf8');
    await page.setViewportSize({ width: size, height: size });
    await page.setContent(
      `<style>body{margin:0}svg{display:block;width:${size}px;height:${size}px;${style}}</style>${svg}`,
    );
    writeFileSync(new URL(`${target}-${size}.png`, import.meta.url), await page.screenshot({ omitBackground: true }));
  };
  for (const size of APP_SIZES) await draw('app', 'app', size);
  for (const state of STATES) {
    for (const size of TRAY_SIZES) {
      await draw(`tray-${state}`, `tray-${state}`, size);
      await draw(`tray-${state}`, `tray-${state}-template`, size, 'filter:brightness(0)');
    }
  }
} finally {
  await browser.close();
}
