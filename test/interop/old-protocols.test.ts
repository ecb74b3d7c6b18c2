import { device, edited, fifo, file, randomBytes } from '../support/trees.ts';
import { compareScenarios } from './compare.ts';
import { current, everything, oddNames, outdated, type RouteName, type Scenario } from './scenarios.ts';

/** Protocols before 30, as rsync 2.6 and servers of macOS speak them; stock rsync still does when it is told to. */
const PROTOCOLS = [29, 28, 27];

const big = randomBytes(1_200_000, 7);
const started = { log: file(big.subarray(0, 700_000)), other: file('x') };
const grown = { log: file(big), other: file('x and more') };

// Times before 1970 do not fit a number without a sign: rsync gives such files a time beyond 2100.
const { early: _, ...sinceEpoch } = everything;

const scenarios = (protocol: number): Scenario[] => {
  const old = `--protocol=${protocol}`;
  // What stands between two processes of one rsync before protocol 29 tells less than ours does.
  const apart: RouteName[] = ['push', 'pull', 'push from rsync', 'pull by rsync'];
  if (protocol >= 29) apart.push('local');
  // Before it, an rsync that deletes for a client with -i sends lines without names: ours have them.
  const toRsync = protocol >= 29 ? apart : apart.filter((route) => route !== 'push from rsync');
  const all: Scenario[] = [
    { name: 'a tree to nowhere', alsoOld: true, args: ['-ai'], source: sinceEpoch },
    { name: 'the same tree again', args: ['-ai'], source: sinceEpoch, destination: sinceEpoch },
    { name: 'names alone', args: ['-a', '--info=name'], source: sinceEpoch, destination: outdated },
    // Where `.` is not the first of the list, whether it is new is told otherwise by rsync.
    { name: 'odd names', args: ['-ai'], source: oddNames, destination: {} },
    {
      name: 'an update with deletion',
      alsoOld: true,
      args: ['-ai', '--delete', '--exclude=*.o'],
      source: current,
      destination: outdated,
      routes: toRsync,
    },
    {
      name: 'an update with deletion, names alone',
      args: ['-a', '--delete', '--info=name,del', '--exclude=*.o'],
      source: current,
      destination: outdated,
    },
    {
      name: 'deletion after',
      args: ['-ai', '--delete-after'],
      source: current,
      destination: outdated,
      routes: toRsync,
    },
    {
      name: 'a dry run with deletion',
      args: ['-ani', '--delete'],
      source: current,
      destination: outdated,
      routes: toRsync,
    },
    {
      name: 'a delta',
      alsoOld: true,
      args: ['-ai', '--no-whole-file'],
      source: { big: file(edited(big, 3, 40, 8)) },
      destination: { big: file(big, { mtime: 1 }) },
    },
    {
      name: 'a compressed delta',
      alsoOld: true,
      args: ['-aiz', '--no-whole-file'],
      source: { big: file(edited(big, 3, 40, 8)), text: file('words '.repeat(20_000)) },
      destination: { big: file(big, { mtime: 1 }) },
    },
    { name: 'by checksum', alsoOld: true, args: ['-aic'], source: current, destination: outdated },
    {
      name: 'in place',
      args: ['-ai', '--inplace', '--no-whole-file'],
      source: { big: file(edited(big, 3, 40, 8)) },
      destination: { big: file(big, { mtime: 1 }) },
    },
    { name: 'appended to', args: ['-ai', '--append'], source: grown, destination: started },
    { name: 'ids as numbers', args: ['-ai', '--numeric-ids'], source: sinceEpoch },
    {
      name: 'an empty folder',
      args: ['-ai', '--delete'],
      source: {},
      destination: outdated,
      routes: toRsync,
    },
    { name: 'no such source', args: ['-ai'], source: {}, sources: ['src/nowhere'], destination: {} },
    { name: 'folders with their parents', args: ['-aiR'], source: current, sources: ['src/./fresh/sub'] },
    {
      name: 'sources removed',
      args: ['-ai', '--remove-source-files'],
      source: current,
      destination: outdated,
      changesSource: true,
    },
    { name: 'backups', args: ['-aib', '--suffix=.was'], source: current, destination: outdated },
    { name: 'a pipe', args: ['-ai'], source: { pipe: fifo(), 'a file': file('f') } },
  ];
  if (process.getuid?.() === 0)
    all.push({
      name: 'devices',
      args: ['-ai'],
      source: { null: device('char', 1, 3), loop: device('block', 7, 300), zero: device('char', 1, 5), z: file('z') },
    });
  return all.map((scenario) => ({
    routes: apart,
    ...scenario,
    name: `protocol ${protocol}: ${scenario.name}`,
    args: [...scenario.args, old],
  }));
};

compareScenarios(PROTOCOLS.flatMap(scenarios));
