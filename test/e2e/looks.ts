import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

/**
 * What is wrong with the layout of what the page shows now, one line a fault: content that leaves its box or the
 * window, text that is cut without an ellipsis and a tooltip, controls that lie over each other.
 */
export function layoutFaults(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const SLACK = 1.5;
    const faults = new Set<string>();
    const CONTROLS = 'button, a[href], input, select, textarea, summary, [role=menuitem], [role=option], [role=tab]';
    const FIELDS = 'input, select, textarea, option, optgroup';

    const name = (element: Element): string => {
      const text = (element.getAttribute('aria-label') ?? element.textContent ?? '').trim().replace(/\s+/g, ' ');
      const cls = [...element.classList].filter((each) => !each.startsWith('svelte-')).join('.');
      return `<${element.localName}${cls ? `.${cls}` : ''}> “${text.slice(0, 60)}”`;
    };
    const hidden = (element: Element): boolean =>
      element.closest('.visually-hidden') !== null ||
      !element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true });

    // Under a modal dialog or beside an open menu nothing can be pressed: only the topmost layer is judged.
    const layers = document.querySelectorAll('dialog:modal, [popover]:popover-open');
    const top = layers[layers.length - 1] ?? document.body;

    const page = document.documentElement;
    if (page.scrollWidth > innerWidth) faults.add(`the page is ${page.scrollWidth} wide in a window of ${innerWidth}`);
    if (page.scrollHeight > innerHeight) faults.add(`the page is ${page.scrollHeight} high, the window ${innerHeight}`);
    for (const layer of layers) {
      const box = layer.getBoundingClientRect();
      const inside = box.top >= 0 && box.left >= 0 && box.right <= innerWidth && box.bottom <= innerHeight;
      if (!inside) faults.add(`${name(layer)} is outside of the window`);
    }

    /** The part of an element that can be seen, or null. */
    const seen = (element: Element): DOMRect | null => {
      let { left, top, right, bottom } = element.getBoundingClientRect();
      for (let up = element.parentElement; up !== null; up = up.parentElement) {
        const { overflowX, overflowY, position } = getComputedStyle(up);
        if (overflowX !== 'visible' || overflowY !== 'visible') {
          const box = up.getBoundingClientRect();
          [left, right] = [Math.max(left, box.left), Math.min(right, box.right)];
          [top, bottom] = [Math.max(top, box.top), Math.min(bottom, box.bottom)];
        }
        if (position === 'fixed') break;
      }
      return right - left > SLACK && bottom - top > SLACK ? new DOMRect(left, top, right - left, bottom - top) : null;
    };

    for (const element of top.querySelectorAll('*')) {
      if (!(element instanceof HTMLElement) || element.matches(FIELDS) || hidden(element)) continue;
      const { clientWidth, scrollWidth, clientHeight, scrollHeight } = element;
      if (clientWidth === 0) continue;
      const style = getComputedStyle(element);
      const wide = scrollWidth > clientWidth + SLACK;
      const high = scrollHeight > clientHeight + SLACK;
      const inner = [...element.children].some(
        (child) =>
          child instanceof HTMLElement && child.clientWidth > 0 && child.scrollWidth > child.clientWidth + SLACK,
      );
      const tooltip = element.closest('[title]') !== null;
      if (style.overflowX === 'hidden' || style.overflowX === 'clip') {
        if (wide && style.textOverflow !== 'ellipsis' && style.webkitLineClamp === 'none')
          faults.add(`${name(element)} is cut at its side without an ellipsis`);
        else if (wide && !tooltip) faults.add(`${name(element)} is cut and has no tooltip`);
      } else if ((style.overflowX === 'auto' || style.overflowX === 'scroll') && wide) {
        if (!element.hasAttribute('data-scrolls')) faults.add(`${name(element)} has to be scrolled sideways`);
      } else if (wide && !inner)
        faults.add(`${name(element)} does not hold its content (${scrollWidth} in ${clientWidth})`);
      if ((style.overflowY === 'hidden' || style.overflowY === 'clip') && high && !tooltip)
        faults.add(`${name(element)} is cut at its bottom and has no tooltip`);
    }

    const controls = [...top.querySelectorAll(CONTROLS)].flatMap((element) => {
      const box = hidden(element) ? null : seen(element);
      return box === null ? [] : [{ element, box }];
    });
    for (const [n, one] of controls.entries()) {
      const { box } = one;
      if (box.left < -SLACK || box.right > innerWidth + SLACK || box.bottom > innerHeight + SLACK)
        faults.add(`${name(one.element)} is outside of the window`);
      for (const other of controls.slice(n + 1)) {
        const across = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
        const down = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
        if (across <= SLACK || down <= SLACK) continue;
        if (one.element.contains(other.element) || other.element.contains(one.element)) continue;
        // The button that empties a search field stands in it; messages stand above the page on purpose.
        const field = one.element.closest('[role=search]');
        if (field !== null && field === other.element.closest('[role=search]')) continue;
        if (one.element.closest('[aria-live]') !== other.element.closest('[aria-live]')) continue;
        faults.add(`${name(one.element)} and ${name(other.element)} overlap`);
      }
    }
    return [...faults];
  });
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface AxeResults {
  violations: { id: string; help: string; nodes: { html: string; failureSummary?: string }[] }[];
}

/** What axe-core finds on the page as it is now, one line a fault. */
export async function accessFaults(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE);
  const results = await page.evaluate(() =>
    (window as unknown as { axe: { run(options: object): Promise<AxeResults> } }).axe.run({
      resultTypes: ['violations'],
    }),
  );
  return results.violations.flatMap(({ id, help, nodes }) =>
    nodes.map(
      (node) => `${id}: ${help}: ${node.html.slice(0, 200)} ${node.failureSummary?.split('\n')[1]?.trim() ?? ''}`,
    ),
  );
}
