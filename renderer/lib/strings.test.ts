import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'svelte/compiler';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Attributes that a person sees or hears. */
const SPOKEN = /^(title|label|placeholder|alt|text|help|aria-(label|description|roledescription|valuetext))$/;
/** Two letters in a row, unless it is a path or the program's own name. */
const WORDS = /^(?!rsync$|[~/]).*\p{L}{2}/su;

interface Node {
  type: string;
  name?: string;
  data?: string;
  value?: unknown;
  start: number;
}

/** Texts in the markup of a component that are words and not from the catalogue. */
function literals(source: string): string[] {
  const found: string[] = [];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (typeof node !== 'object' || node === null || !('type' in node)) return;
    const { type, name = '', data = '', value } = node as Node;
    // What a computer reads is the same in every language.
    if (type === 'RegularElement' && /^(code|kbd|pre)$/.test(name)) return;
    if (type === 'Text' && WORDS.test(data)) found.push(data.trim());
    if (type === 'Attribute') {
      if (!SPOKEN.test(name)) return;
      for (const part of [value].flat() as (Node | true)[]) {
        if (part === true) continue;
        const literal =
          part.type === 'Text' ? part.data : quoted((part as unknown as { expression?: Node }).expression);
        if (literal !== undefined && WORDS.test(literal)) found.push(`${name}="${literal}"`);
      }
      return;
    }
    for (const child of Object.values(node)) visit(child);
  };
  visit(parse(source, { modern: true }).fragment);
  return found;
}

const quoted = (expression: Node | undefined): string | undefined =>
  expression?.type === 'Literal' && typeof expression.value === 'string' ? expression.value : undefined;

it('finds words in markup and in attributes that are read', () => {
  const source = `<script>const a = 'not this';</script>
    <p class="nor this" title="Seen">Hello {a} <b>–</b></p><input placeholder={'Type'} aria-label={a} />
    {#if a}<i>deep</i><code>--filter</code>{/if}<input placeholder="~/.ssh/key" /><style>p { color: red }</style>`;
  expect(literals(source)).toEqual(['title="Seen"', 'Hello', 'placeholder="Type"', 'deep']);
});

it('every word of the window is in the catalogue', () => {
  const found = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.svelte'))
    .flatMap((file) => literals(readFileSync(`${ROOT}/${file}`, 'utf8')).map((text) => `${file}: ${text}`));
  expect(found).toEqual([]);
});
