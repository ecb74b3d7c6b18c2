import { lstat, opendir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, parse, posix, resolve } from 'node:path';
import type { GuardFinding } from '../../../shared/model/guard.ts';
import type { Host } from '../../../shared/model/host.ts';
import { bytesToText, displayPath, textToBytes } from '../../../shared/model/path.ts';
import type { ByteString, PathText } from '../../../shared/model/path.ts';
import type { Profile } from '../../../shared/model/profile.ts';
import { compareWithSeen } from './compare-seen.ts';
import { arrivesIn, sourcePaths } from './ends.ts';
import { finding, quoted } from './finding.ts';
import { identityOf, isSameOrInside, native, realPathOfNew } from './local-path.ts';
import type { Seen } from './seen.ts';
import { localViewOf, thisMachine } from './this-machine.ts';

/** What the guard saw of the local ends: a plan is only carried out while this is the same. */
export interface Looked {
  findings: GuardFinding[];
  /** Real path and device:inode of each local end; the destination's also while it does not exist. */
  identity: string;
  /** The destination as other runs must not touch it at the same time, for its lock. */
  destinationKey: string;
}

/**
 * Looks before anything is connected or listed. Costs a few calls; the emptiness of a folder on a server shows only
 * after planning (`judgeCounts`).
 *
 * @param seen where the last good run found the ends
 * @param home the person's home folder
 */
export async function lookBefore(
  profile: Profile,
  host: Host | null,
  seen: Seen | null,
  home: string = homedir(),
): Promise<Looked> {
  const findings: GuardFinding[] = [];
  const { source, destination } = profile;
  const sources = sourcePaths(profile);
  let identity = '';
  if (source.kind === 'local') {
    for (const [index, path] of sources.entries()) {
      const wrong = await lookAtSource(path, profile.options.delete);
      if (wrong !== null) findings.push(wrong);
      const before = seen?.sources[index];
      findings.push(...(await compareWithSeen('source', path, before?.path === path ? before : null)));
      identity += `${await identityOf(textToBytes(path))}\0`;
    }
  }
  let destinationKey: string;
  if (destination.kind === 'host') {
    const path = posix.normalize(textToBytes(destination.path)).replace(/(.)\/+$/, '$1');
    const wrong = lookAtRemoteDestination(destination.path, path);
    if (wrong !== null) findings.push(wrong);
    destinationKey = `host\0${host?.address.toLowerCase()}\0${host?.port}\0${posix.join(path, arrivesIn(profile))}`;
  } else {
    const real = await realPathOfNew(textToBytes(destination.path));
    destinationKey = `local\0${join(real, arrivesIn(profile))}`;
    identity += await identityOf(textToBytes(destination.path));
    findings.push(...(await lookAtLocalDestination(destination.path, real, home, seen)));
  }
  findings.push(...(await compareEnds(profile, host)));
  return { findings, identity, destinationKey };
}

async function lookAtSource(path: PathText, deletes: boolean): Promise<GuardFinding | null> {
  const name = quoted(textToBytes(path));
  const facts = { source: bytesToText(await realPathOfNew(textToBytes(path))) };
  try {
    const folder = await opendir(native(textToBytes(path)), { encoding: 'latin1' as BufferEncoding, bufferSize: 1 });
    try {
      return (await folder.read()) === null ? emptySource(path, deletes, facts) : null;
    } finally {
      await folder.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    if (code === 'ENOENT')
      return finding('source-missing', `There is no folder ${name}.`, 'Is the disk or share connected?', { facts });
    if (code === 'ENOTDIR')
      return finding('source-not-folder', `${name} is not a folder.`, 'Choose a folder as the source.', { facts });
    const hint = 'Check the permissions of the folder.';
    return finding('source-unlistable', `${name} cannot be listed (${code}).`, hint, { facts });
  }
}

export function emptySource(path: PathText, deletes: boolean, facts: { source: PathText }): GuardFinding {
  return finding(
    'empty-source',
    `The source “${displayPath(path)}” is empty${deletes ? ', and the profile would delete everything at the destination' : ''}.`,
    'Is the disk or share connected? To empty the destination, delete its contents there yourself.',
    { confirmable: !deletes, facts },
  );
}

function lookAtRemoteDestination(path: PathText, normal: ByteString): GuardFinding | null {
  const refuse = (code: string, message: string): GuardFinding =>
    finding(code, message, 'Name a folder for the mirror.', { facts: { destination: path } });
  if (path === '')
    return refuse(
      'destination-empty',
      'The destination on the server has no path: that would be the home folder there.',
    );
  if (/^\/+$/.test(normal))
    return refuse('destination-root', 'The destination is the top of the server’s file system.');
  if (normal === '.' || /^\.\.(\/\.\.)*$/.test(normal) || /^~[^/]*$/.test(normal)) {
    return refuse(
      'destination-home',
      `The destination “${displayPath(path)}” is a home folder on the server, or above it.`,
    );
  }
  return null;
}

async function lookAtLocalDestination(
  path: PathText,
  real: ByteString,
  home: string,
  seen: Seen | null,
): Promise<GuardFinding[]> {
  const facts = { destination: bytesToText(real) };
  const refuse = (code: string, message: string): GuardFinding[] => [
    finding(code, message, 'Choose a folder below it.', { facts }),
  ];
  if (parse(real).root === real)
    return refuse('destination-root', `The destination is ${quoted(real)}, the top of the file system.`);
  const realHome = await realPathOfNew(textToBytes(home));
  if ((await isSameOrInside(realHome, real)) && parse(realHome).root !== realHome) {
    return refuse('destination-home', `The destination ${quoted(real)} is your home folder, or holds it.`);
  }
  const before = seen?.destination?.path === path ? seen.destination : null;
  const changed = await compareWithSeen('destination', path, before);
  if (before !== null || changed.length > 0 || !(await isLink(textToBytes(path)))) return changed;
  return [
    finding(
      'destination-link',
      `The destination ${quoted(textToBytes(path))} is a link: the files go to ${quoted(real)}.`,
      'If that is where they are to go, confirm it once; it is remembered after a good run.',
      { confirmable: true, facts },
    ),
  ];
}

async function isLink(path: ByteString): Promise<boolean> {
  const stat = await lstat(native(resolve(path))).catch(() => null);
  return stat?.isSymbolicLink() ?? false;
}

/** Neither end may lie in the other, also where a host turns out to be this machine. */
async function compareEnds(profile: Profile, host: Host | null): Promise<GuardFinding[]> {
  const { source, destination } = profile;
  const findings: GuardFinding[] = [];
  const machine = host && (await thisMachine());
  let certain = true;
  const here = (kind: 'local' | 'host', path: PathText): ByteString | null => {
    if (kind === 'local') return textToBytes(path);
    const view = host && machine && localViewOf(path, host, machine);
    if (!view) return null;
    certain = view.certain;
    return view.path;
  };
  const to = here(destination.kind, destination.path);
  if (to === null) return [];
  for (const path of sourcePaths(profile)) {
    const from = here(source.kind, path);
    if (from === null) continue;
    const target = join(await realPathOfNew(to), arrivesIn(profile));
    const found = await compareFolders(await realPathOfNew(from), target, host, certain);
    if (found !== null) findings.push(found);
  }
  return findings;
}

async function compareFolders(
  from: ByteString,
  target: ByteString,
  host: Host | null,
  certain: boolean,
): Promise<GuardFinding | null> {
  const intoSource = await isSameOrInside(target, from);
  const intoTarget = await isSameOrInside(from, target);
  if (!intoSource && !intoTarget) return null;
  const same = intoSource && intoTarget;
  const what = same
    ? 'The source and the destination are the same folder'
    : intoSource
      ? 'The destination lies inside the source'
      : 'The source lies inside the destination';
  const via = host === null ? '' : `: the host “${displayPath(host.name)}” is this computer`;
  const hint = certain
    ? 'Choose two folders of which neither is in the other.'
    : 'If its port leads to another computer, through a tunnel or into a container, confirm it.';
  return finding(same ? 'same-path' : 'nested-path', `${what}${via}.`, hint, {
    confirmable: !certain,
    facts: { source: bytesToText(from), destination: bytesToText(target) },
  });
}
