import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bench, type Direction, type Release, startBench } from '../support/routes.ts';
import { type Outcome, run } from '../support/run.ts';
import { build, differences, dir, manifest } from '../support/trees.ts';
import { peers } from '../support/peers.ts';
import type { RouteName, Scenario } from './scenarios.ts';

interface Route {
  name: string;
  route: RouteName;
  direction: Direction;
  server: Release;
  client: 'ours' | 'stock';
}
const ROUTES: Route[] = [
  { name: 'push to rsync 3.5', route: 'push', direction: 'push', server: '3.5', client: 'ours' },
  { name: 'push to rsync 3.2.7', route: 'push', direction: 'push', server: '3.2.7', client: 'ours' },
  { name: 'pull from rsync 3.5', route: 'pull', direction: 'pull', server: '3.5', client: 'ours' },
  { name: 'pull from rsync 3.2.7', route: 'pull', direction: 'pull', server: '3.2.7', client: 'ours' },
  { name: 'between local folders', route: 'local', direction: 'local', server: '3.5', client: 'ours' },
  {
    name: 'push from rsync to our server',
    route: 'push from rsync',
    direction: 'push',
    server: '3.5',
    client: 'stock',
  },
  { name: 'pull by rsync from our server', route: 'pull by rsync', direction: 'pull', server: '3.5', client: 'stock' },
];

/** Output as a set, unless asked: the order of lines is not promised where files arrive while folders are listed. */
const lines = (outcome: Outcome, place: string, ordered = false): string[] => {
  const all = outcome.stdout
    .replaceAll(place, 'PLACE')
    .split('\n')
    .filter((line) => line !== '');
  return ordered ? all : all.sort();
};

/** A coarse clock of the file system may lag behind ours. */
const START = Date.now() - 1000;

/** Making ten thousand files anew for each run takes a busy disk a while. */
const LIMIT_MS = 300_000;

/**
 * The same command by stock rsync and by Driftline, from the same start: equal trees, equal lines, equal exit codes.
 * `DRIFTLINE_SCENARIO=word` runs the scenarios with that word in their name.
 */
export function compareScenarios(scenarios: readonly Scenario[]): void {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench.stop());
  const wanted = scenarios.filter(({ name }) => name.includes(process.env['DRIFTLINE_SCENARIO'] ?? ''));
  describe.each(wanted)('$name', (scenario) => compare(scenario, () => bench));
}

function compare(scenario: Scenario, rig: () => Bench): void {
  let folder: string;
  const references = new Map<
    string,
    { outcome: Outcome; tree: Map<string, string>; source: Map<string, string>; lines: string[] }
  >();

  beforeAll(() => {
    folder = join(rig().folder, 'scenario');
    mkdirSync(folder);
    makeSource();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function makeSource(): void {
    rmSync(join(folder, 'src'), { recursive: true, force: true });
    build(join(folder, 'src'), dir(scenario.source));
  }

  /** A fresh start for one run; all runs see paths of the same length. */
  function prepare(who: 'aa' | 'bb'): { place: string; destination: string } {
    const place = join(folder, who);
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place);
    if (scenario.changesSource === true) makeSource();
    if (scenario.destination !== undefined) build(join(place, 'dst'), dir(scenario.destination));
    for (const [name, node] of Object.entries(scenario.around ?? {})) build(join(place, name), node);
    if (scenario.prepare !== undefined) {
      execFileSync('bash', ['-ec', scenario.prepare], {
        cwd: place,
        env: { ...process.env, SRC: join(folder, 'src') },
      });
    }
    return { place, destination: join(place, scenario.target ?? 'dst') };
  }

  const transfer = (direction: Direction, { place, destination }: { place: string; destination: string }) => ({
    ...{ direction, args: scenario.args.map((word) => word.replaceAll('PLACE', place)), destination },
    // join() would take out /./
    sources: (scenario.sources ?? ['src/']).map((source) => `${folder}/${source}`),
  });

  async function reference(direction: Direction, server: Release) {
    const key = `${direction} ${server}`;
    let known = references.get(key);
    if (known === undefined) {
      const start = prepare('aa');
      const { place } = start;
      const outcome = await rig().stock(transfer(direction, start), server);
      known = {
        outcome,
        tree: manifest(place, { ...scenario, since: START }),
        source: manifest(join(folder, 'src'), { since: START, atimes: scenario.atimes }),
        lines: lines(outcome, place, scenario.ordered),
      };
      references.set(key, known);
    }
    return known;
  }

  const routes = ROUTES.filter(
    ({ route, server, direction, client }) =>
      (scenario.routes ?? [route]).includes(route) &&
      (server === '3.5' || scenario.alsoOld === true) &&
      !(scenario.large === true && (direction === 'local' || (direction === 'pull' && client === 'stock'))),
  );
  it.each(routes)(
    '$name',
    async ({ direction, server, client }) => {
      const stock = await reference(direction, server);
      const start = prepare('bb');
      const { place, destination } = start;
      const outcome = await (client === 'stock'
        ? rig().stockToOurs(transfer(direction, start))
        : rig().ours(transfer(direction, start), server));
      const spoke = stock.outcome.stderr !== '';
      expect({ code: outcome.code, stderr: spoke ? '' : outcome.stderr }).toEqual({
        code: stock.outcome.code,
        stderr: '',
      });
      // What a server writes last to its standard error can be lost when the client ends the ssh connection first.
      if (spoke && client === 'ours') expect(outcome.stderr).not.toBe('');
      expect(lines(outcome, place, scenario.ordered)).toEqual(stock.lines);
      const tree = manifest(place, { ...scenario, since: START });
      // Folders that are not part of what was copied have the time of the run.
      const around = (scenario.sources ?? ['src/']).some((source) => source.endsWith('/')) ? ['.'] : ['.', 'dst'];
      for (const name of around) for (const each of [tree, stock.tree]) each.delete(name);
      expect(differences(stock.tree, tree)).toEqual([]);
      if (scenario.changesSource === true) {
        expect(
          differences(stock.source, manifest(join(folder, 'src'), { since: START, atimes: scenario.atimes })),
        ).toEqual([]);
      }
      if (scenario.mirrors === true && existsSync(destination)) {
        const judged = await run(peers().rsync, ['-anic', '--delete', `${join(folder, 'src')}/`, `${destination}/`]);
        expect(judged.stdout + judged.stderr).toBe('');
      }
    },
    LIMIT_MS,
  );
}
