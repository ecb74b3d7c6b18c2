import { opendir, realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join, parse, posix, resolve, sep } from 'node:path';
import { fail } from '../../shared/errors.ts';
import type { DriftlineError } from '../../shared/errors.ts';
import { bytesToText, displayPath, textToBytes } from '../../shared/model/path.ts';
import type { ByteString, PathText } from '../../shared/model/path.ts';
import type { PlanCounts } from '../../shared/model/preview.ts';
import type { Profile } from '../../shared/model/profile.ts';

/** A reason not to start, or not to go on. */
export interface Finding {
  /** `source-missing`, `source-not-folder`, `source-unlistable`, `empty-source`, `same-path`, `nested-path`,
   *  `destination-root`, `destination-home`, `destination-empty`, `destination-moved`, `many-deletions`,
   *  `source-incomplete`. */
  code: string;
  message: string;
  hint: string;
  /** Whether a person may say "do it all the same". */
  confirmable: boolean;
}

/** What the guard saw of the local ends: a plan is only carried out while this is the same. */
export interface Looked {
  findings: Finding[];
  /** Real path and device:inode of each local end; the destination's also while it does not exist. */
  identity: string;
  /** The destination as other runs must not touch it at the same time, for its lock. */
  destinationKey: string;
}

/** Larger shares of the destination are only deleted after a person agreed. */
const MANY_DELETIONS_PERCENT = 50;

/**
 * Looks before anything is connected or listed. Costs a few calls; the emptiness of a folder on a server shows only
 * after planning (`judgeCounts`).
 *
 * @param home the person's home folder
 */
export async function lookBefore(
  profile: Profile,
  host: { address: string; port: number } | null,
  home: string = homedir(),
): Promise<Looked> {
  const findings: Finding[] = [];
  const { source, destination } = profile;
  const folder = profile.contentsOnly ? '' : posix.basename(textToBytes(source.path).replaceAll(sep, '/'));
  let identity = '';
  let destinationKey: string;
  if (source.kind === 'local') {
    const finding = await lookAtSource(source.path, profile.options.delete);
    if (finding !== null) findings.push(finding);
    identity += await identityOf(textToBytes(source.path));
  }
  if (destination.kind === 'host') {
    const path = posix.normalize(textToBytes(destination.path)).replace(/(.)\/+$/, '$1');
    const finding = lookAtRemoteDestination(destination.path, path);
    if (finding !== null) findings.push(finding);
    destinationKey = `host\0${host?.address.toLowerCase()}\0${host?.port}\0${posix.join(path, folder)}`;
  } else {
    const bytes = textToBytes(destination.path);
    const real = await realPathOfNew(bytes);
    const target = folder === '' ? real : join(real, folder);
    destinationKey = `local\0${target}`;
    identity += `\0${await identityOf(bytes)}`;
    findings.push(...(await lookAtLocalDestination(real, home)));
    if (source.kind === 'local') findings.push(...(await compareEnds(textToBytes(source.path), target)));
  }
  return { findings, identity, destinationKey };
}

/**
 * Judges a plan before the first change.
 *
 * @param counts as the planner made them; the folder itself, where it travels along, is not counted as content here
 * @param listingIssues how many entries of either side could not be listed
 */
export function judgeCounts(profile: Profile, counts: PlanCounts, listingIssues: number): Finding[] {
  const findings: Finding[] = [];
  const ownFolder = profile.contentsOnly ? 0 : 1;
  if (counts.sourceTotal - ownFolder <= 0) findings.push(emptySource(profile.source.path, profile.options.delete));
  if (listingIssues > 0 && counts.delete > 0) {
    findings.push({
      code: 'source-incomplete',
      message: `${listingIssues} entries could not be listed, so nothing may be deleted.`,
      hint: 'Make the folder readable, or switch deletion off in the profile.',
      confirmable: false,
    });
  }
  const standing = Math.max(counts.delete, counts.destinationTotal - ownFolder);
  if (counts.delete * 100 > standing * MANY_DELETIONS_PERCENT) {
    findings.push({
      code: 'many-deletions',
      message: `${counts.delete} of ${standing} entries of the destination would be deleted.`,
      hint: 'Check that the source is the right folder and complete, then confirm.',
      confirmable: true,
    });
  }
  return findings;
}

/** The findings a person has not confirmed, as one error; null when there are none. Those nobody can confirm come first. */
export function guardError(findings: readonly Finding[], confirmed: readonly string[]): DriftlineError | null {
  const open = findings.filter((finding) => !finding.confirmable || !confirmed.includes(finding.code));
  open.sort((a, b) => Number(a.confirmable) - Number(b.confirmable));
  const first = open[0];
  if (first === undefined) return null;
  return fail('guard', first.code, open.map((finding) => finding.message).join(' '), {
    hint: first.hint,
    details: { confirmable: first.confirmable, codes: open.map((finding) => finding.code) },
  });
}

async function lookAtSource(path: PathText, deletes: boolean): Promise<Finding | null> {
  const name = `“${displayPath(path)}”`;
  const finding = (code: string, message: string, hint: string): Finding => ({
    code,
    message,
    hint,
    confirmable: false,
  });
  try {
    const folder = await opendir(native(textToBytes(path)), { encoding: 'latin1' as BufferEncoding, bufferSize: 1 });
    try {
      return (await folder.read()) === null ? emptySource(path, deletes) : null;
    } finally {
      await folder.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    if (code === 'ENOENT')
      return finding('source-missing', `There is no folder ${name}.`, 'Is the disk or share connected?');
    if (code === 'ENOTDIR')
      return finding('source-not-folder', `${name} is not a folder.`, 'Choose a folder as the source.');
    return finding('source-unlistable', `${name} cannot be listed (${code}).`, 'Check the permissions of the folder.');
  }
}

function emptySource(path: PathText, deletes: boolean): Finding {
  return {
    code: 'empty-source',
    message: `The source “${displayPath(path)}” is empty${deletes ? ', and the profile would delete everything at the destination' : ''}.`,
    hint: 'Is the disk or share connected? To empty the destination, delete its contents there yourself.',
    confirmable: !deletes,
  };
}

function lookAtRemoteDestination(path: PathText, normal: ByteString): Finding | null {
  const refuse = (code: string, message: string): Finding => ({
    code,
    message,
    hint: 'Name a folder for the mirror.',
    confirmable: false,
  });
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

async function lookAtLocalDestination(real: ByteString, home: string): Promise<Finding[]> {
  const shown = `“${displayPath(bytesToText(real))}”`;
  const refuse = (code: string, message: string): Finding[] => [
    { code, message, hint: 'Choose a folder below it.', confirmable: false },
  ];
  if (parse(real).root === real)
    return refuse('destination-root', `The destination is ${shown}, the top of the file system.`);
  const realHome = await realPathOfNew(textToBytes(home));
  if ((await isSameOrInside(realHome, real)) && parse(realHome).root !== realHome) {
    return refuse('destination-home', `The destination ${shown} is your home folder, or holds it.`);
  }
  return [];
}

async function compareEnds(source: ByteString, target: ByteString): Promise<Finding[]> {
  const hint = 'Choose two folders of which neither is in the other.';
  const from = await realPathOfNew(source);
  const intoSource = await isSameOrInside(target, from);
  const intoTarget = await isSameOrInside(from, target);
  if (intoSource && intoTarget) {
    return [
      { code: 'same-path', message: 'The source and the destination are the same folder.', hint, confirmable: false },
    ];
  }
  if (!intoSource && !intoTarget) return [];
  const message = intoSource ? 'The destination lies inside the source.' : 'The source lies inside the destination.';
  return [{ code: 'nested-path', message, hint, confirmable: false }];
}

/** Whether `inner` is `outer` or below it, by real path and by device and inode (bind mounts, case folding). */
async function isSameOrInside(inner: ByteString, outer: ByteString): Promise<boolean> {
  const wanted = await fileId(outer);
  for (let at = inner; ; at = dirname(at)) {
    if (at === outer || (wanted !== null && wanted === (await fileId(at)))) return true;
    if (dirname(at) === at) return false;
  }
}

async function fileId(path: ByteString): Promise<string | null> {
  try {
    const { dev, ino } = await stat(native(path), { bigint: true });
    return ino === 0n ? null : `${dev}:${ino}`;
  } catch {
    return null;
  }
}

async function identityOf(path: ByteString): Promise<string> {
  const real = await realPathOfNew(path);
  return `${real}\0${(await fileId(real)) ?? 'absent'}`;
}

/** The real path, also of something that does not exist yet: links are resolved as far as it exists. */
async function realPathOfNew(path: ByteString): Promise<ByteString> {
  const absolute = resolve(path);
  try {
    return await realpath(native(absolute), { encoding: 'latin1' as BufferEncoding });
  } catch {
    const parent = dirname(absolute);
    return parent === absolute ? absolute : join(await realPathOfNew(parent), basename(absolute));
  }
}

/** Path bytes as node:fs takes them without decoding. */
const native = (bytes: ByteString): Buffer => Buffer.from(bytes, 'latin1');
