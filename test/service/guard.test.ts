import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Profile } from '../../shared/model/profile.ts';
import type { RunResult } from '../../shared/model/run.ts';
import { build, dir, file } from '../support/trees.ts';
import { errorOf, local, profileDraft, startService, tempFolder } from './harness.ts';
import type { TestService } from './harness.ts';

async function setUp(attended = true) {
  const folder = tempFolder();
  build(join(folder, 'source'), dir({ a: file('x'), b: file('y') }));
  const service = await startService({ attended });
  const profile = await service.profiles.add(
    profileDraft('docs', local(join(folder, 'source')), local(join(folder, 'mirror')), { delete: true }),
  );
  return { folder, service, profile, mirror: join(folder, 'mirror') };
}

async function run(service: TestService, { id }: Profile, confirmed: string[] = []): Promise<RunResult> {
  const { runId } = await service.runs.start({ profileId: id, planId: null, confirmed });
  return service.runs.ended(runId);
}

it('a destination that was full and is empty stops the run until a person agrees', async () => {
  const { service, profile, mirror } = await setUp(false);
  expect(await run(service, profile)).toMatchObject({ outcome: 'success' });
  for (const name of readdirSync(mirror)) rmSync(join(mirror, name));
  const stopped = await run(service, profile);
  expect(stopped).toMatchObject({
    outcome: 'needs-attention',
    exitCode: 4,
    error: {
      kind: 'guard',
      code: 'destination-emptied',
      message: 'The destination held 2 entries after the last good run and holds nothing now.',
      findings: [{ confirmable: true, facts: [{ name: 'entries-before', value: 2 }, { name: 'destination-entries' }] }],
    },
  });
  expect(readdirSync(mirror)).toEqual([]);
  expect(await run(service, profile, ['destination-emptied'])).toMatchObject({ outcome: 'success' });
  expect(await run(service, profile)).toMatchObject({ outcome: 'success' });
});

it('a preview tells what a run will have to be told, and a run of it needs the same', async () => {
  const { service, profile, mirror } = await setUp();
  await run(service, profile);
  rmSync(join(mirror, 'a'));
  rmSync(join(mirror, 'b'));
  const signal = new AbortController().signal;
  const { planId, choice } = await service.previews.create(profile.id, () => undefined, signal);
  expect(choice.warnings).toMatchObject([{ code: 'destination-emptied', confirmable: true }]);
  const { runId } = await service.runs.start({ profileId: profile.id, planId, confirmed: [] });
  expect(await service.runs.ended(runId)).toMatchObject({ outcome: 'needs-attention' });
});

it('a link as the destination is confirmed once', async () => {
  const { service, profile, folder, mirror } = await setUp();
  mkdirSync(join(folder, 'disk'));
  symlinkSync(join(folder, 'disk'), mirror);
  expect(await run(service, profile)).toMatchObject({ error: { code: 'destination-link' } });
  expect(readdirSync(join(folder, 'disk'))).toEqual([]);
  expect(await run(service, profile, ['destination-link'])).toMatchObject({ outcome: 'success' });
  expect(await run(service, profile)).toMatchObject({ outcome: 'success' });
});

it('a destination that becomes a link between plan and run is refused, whatever was confirmed', async () => {
  const { service, profile, folder, mirror } = await setUp();
  await run(service, profile);
  rmSync(join(folder, 'source/a'));
  const signal = new AbortController().signal;
  const { planId } = await service.previews.create(profile.id, () => undefined, signal);
  build(join(folder, 'other'), dir({ a: file('x') }));
  renameSync(mirror, `${mirror}-moved`);
  symlinkSync(join(folder, 'other'), mirror);
  const { runId } = await service.runs.start({
    profileId: profile.id,
    planId,
    confirmed: ['destination-link', 'destination-moved', 'destination-replaced'],
  });
  expect(await service.runs.ended(runId)).toMatchObject({
    outcome: 'needs-attention',
    error: { code: 'destination-moved', findings: [{ confirmable: false }] },
  });
  expect(readFileSync(join(folder, 'other/a'), 'utf8')).toBe('x');
});

it('a filter that newly excludes deletes nothing, and the preview counts what stays', async () => {
  const { service, profile, mirror } = await setUp();
  await run(service, profile);
  const { id, createdAt: _c, lastRun: _l, ...draft } = service.profiles.get(profile.id);
  await service.profiles.update(id, { ...draft, options: { ...draft.options, filters: ['- b'] } });
  const { counts } = await service.previews.create(id, () => undefined, new AbortController().signal);
  expect(counts).toMatchObject({ delete: 0, keptByFilter: 1 });
  expect(await run(service, profile)).toMatchObject({ outcome: 'success' });
  expect(readdirSync(mirror)).toEqual(['a', 'b']);
});

it('what was seen goes with the profile', async () => {
  const { service, profile } = await setUp();
  await run(service, profile);
  const kept = join(service.homeFolder, 'seen', `${profile.id}.json`);
  expect(existsSync(kept)).toBe(true);
  await service.handlers['profiles.remove']({ id: profile.id });
  expect(existsSync(kept)).toBe(false);
});

it('a folder inside the other is refused by the preview already', async () => {
  const { service, folder } = await setUp();
  writeFileSync(join(folder, 'source/keep'), 'k');
  const nested = await service.profiles.add(
    profileDraft('nested', local(join(folder, 'source')), local(join(folder, 'source/mirror')), { delete: true }),
  );
  const preview = service.previews.create(nested.id, () => undefined, new AbortController().signal);
  expect(await errorOf(preview)).toMatchObject({ kind: 'guard', code: 'nested-path' });
});
