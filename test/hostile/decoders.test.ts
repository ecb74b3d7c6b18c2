import { beforeAll, describe, expect, it } from 'vitest';
import { DECODERS, loadDecoders } from './decoders.ts';
import { tryCase } from './mutate.ts';

/** Every reader of bytes from a peer, with damaged streams (faults.md H24). `npm run test:fuzz-decoders` goes on. */
beforeAll(loadDecoders);

describe.each(DECODERS)('$name', (decoder) => {
  it('reads what is by the rules', async () => {
    for (let seed = 1; seed <= 20; seed++) expect(await tryCase(decoder, seed, false)).toBeNull();
  });

  it('refuses what is not with a typed error, or takes it for something else, in bounded memory', async () => {
    const before = process.resourceUsage().maxRSS;
    for (let seed = 1; seed <= 150; seed++) expect(await tryCase(decoder, seed)).toBeNull();
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(200 * 1024);
  });
});
