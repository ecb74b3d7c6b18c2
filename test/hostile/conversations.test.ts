import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../differential/random.ts';
import { type Attack, Battlefield, type Outcome, SIDES, type Side } from '../support/attacked.ts';
import { allNames } from '../support/pair.ts';
import { dot, file, folder, playReceiver, playSender, type Sent } from '../support/scripts.ts';

/** Whole conversations in which one byte of the peer's is another one, wherever it may be (faults.md H24). */

const SEEDS = Number(process.env['DRIFTLINE_FUZZ_SEEDS'] ?? 20);
/** What hangs because of it is ended after this time, in milliseconds; that judges nothing. */
const PATIENCE = 250;
const TREE = (): Sent[] => [dot, file('old', 'new content!'), folder('d'), file('d/in', 'inner')];
const BYTES = [0, 1, 0x7f, 0x80, 0xfe, 0xff];

let field: Battlefield;
beforeEach(() => (field = new Battlefield()));
afterEach(() => {
  field.check();
  field.folders.remove();
});

/** Runs the same conversation undamaged, which tells its length, and then once for each seed. */
async function damaged(run: (attack: Attack) => Promise<Outcome>, check: () => void): Promise<void> {
  let length = 0;
  const count = (chunk: Buffer, offset: number): Buffer => {
    length = offset + chunk.length;
    return chunk;
  };
  expect(await run({ damage: count })).toMatchObject({ exitCode: 0, code: null });
  for (let seed = 1; seed <= SEEDS; seed++) {
    field.folders.remove();
    field = new Battlefield();
    const random = new Random(seed);
    const at = random.int(0, length - 1);
    const byte = random.pick([random.int(0, 255), random.pick(BYTES)]);
    const damage = (chunk: Buffer, offset: number): Buffer => {
      if (at < offset || at >= offset + chunk.length) return chunk;
      const copy = Buffer.from(chunk);
      copy[at - offset] = byte;
      return copy;
    };
    const { code, text } = await run({ damage, patience: PATIENCE });
    const what = `seed ${seed}, byte ${at} becomes ${byte}: ${code} ${text}`;
    expect(what).not.toMatch(/internal\/|Unexpected failure/);
    field.check();
    check();
  }
}

describe.each(SIDES)('our %s', (side: Side) => {
  it.each<[string, Attack]>([
    ['one list', {}],
    ['a list for each folder', { incRecurse: true }],
    ['zstd', { words: ['-r', '--compress-choice=zstd'] }],
    ['all that entries can have', { words: ['-aHU', '--delete', '--no-inc-recursive'] }],
  ])('receives: %s', { timeout: 3000 * SEEDS }, async (_, attack) => {
    const compressed = attack.words?.includes('--compress-choice=zstd') === true;
    await damaged(
      (more) => field.receive(side, { ...attack, ...more }, (peer) => playSender(peer, compressed ? [dot] : TREE())),
      () => {
        // Damage may take it out of the list, or let it be asked for by another's number: what is there is whole.
        if (!allNames(field.folders.dst).includes('old')) return;
        expect(['old content', 'new content!', 'inner', '']).toContain(field.read('old'));
      },
    );
  });

  it.each<[string, Attack]>([
    ['a plain list', { words: ['-r', '--no-inc-recursive'] }],
    ['a removal of what arrived', { words: ['-r', '--no-inc-recursive', '--remove-source-files'] }],
  ])('sends: %s', { timeout: 3000 * SEEDS }, async (_, attack) => {
    await damaged(
      (more) => field.send(side, { ...attack, ...more }, (peer) => playReceiver(peer).then(() => {})),
      () => expect(allNames(field.folders.src)).toEqual(['a', 'd']),
    );
  });
});
