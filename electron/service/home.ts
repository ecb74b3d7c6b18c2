import { chmodSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/** Where everything we keep lies. All paths are absolute. */
export interface Home {
  folder: string;
  storeFile: string;
  /** Lock files of profiles, destinations and the store. */
  locks: string;
  /** Journals of temporary files, written by workers. */
  journals: string;
  /** Our own known_hosts, in OpenSSH's format. */
  knownHosts: string;
  /** Where the last good run of each profile found its ends, one file each. */
  seen: string;
  /** Finished runs, one JSON object a line. */
  runLog: string;
}

/**
 * The default folder: Electron's `userData` for an application named Driftline, computed without Electron so that
 * the command line and both shells share it (Electron documentation, `app.getPath`). `DRIFTLINE_HOME` overrides it.
 *
 * @param env the process environment
 * @param platform `process.platform`
 * @param home the person's home folder
 */
export function homeFolder(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: string = process.platform,
  home: string = homedir(),
): string {
  if (env['DRIFTLINE_HOME']) return resolve(env['DRIFTLINE_HOME']);
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Driftline');
  if (platform === 'win32') return join(env['APPDATA'] || join(home, 'AppData', 'Roaming'), 'Driftline');
  // The base directory specification says that a relative XDG path must be ignored.
  const config = env['XDG_CONFIG_HOME'];
  return join(config && isAbsolute(config) ? config : join(home, '.config'), 'Driftline');
}

/** Where hosts, profiles and settings are saved in a home folder. */
export const storeFileOf = (folder: string): string => join(folder, 'driftline.json');

/** Makes the folders (0700) and returns their paths. Throws the system's error when that is not possible. */
export function openHome(folder: string): Home {
  const home: Home = {
    folder,
    storeFile: storeFileOf(folder),
    locks: join(folder, 'locks'),
    journals: join(folder, 'journals'),
    knownHosts: join(folder, 'known_hosts'),
    seen: join(folder, 'seen'),
    runLog: join(folder, 'runs.jsonl'),
  };
  for (const each of [home.folder, home.locks, home.journals, home.seen]) {
    mkdirSync(each, { recursive: true, mode: 0o700 });
    // A folder made by an older version or by hand may be open to others.
    if (process.platform !== 'win32') chmodSync(each, 0o700);
  }
  return home;
}
