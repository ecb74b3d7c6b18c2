import { existsSync } from 'node:fs';
import { DriftlineError, fail } from '../../../shared/errors.ts';
import { displayPath, type PathText } from '../../../shared/model/path.ts';
import { ownUser } from '../own-user.ts';
import {
  configFiles,
  configLines,
  includedFiles,
  MAX_CONFIG_DEPTH,
  parseConfigLine,
  readSshConfig,
} from './ssh-config.ts';
import { parseJump } from './ssh-jump.ts';

/** What a name of the OpenSSH configuration leads to. */
export interface ConfiguredHost {
  alias: string;
  host: string;
  port: number;
  user: string;
  /** The first configured key that exists; null = none is configured. */
  keyPath: PathText | null;
  /** Hosts to go through, first to last; only the first may have a way of its own. */
  jumps: ConfiguredHost[];
  /** What applies and is not carried out here. */
  skipped: string[];
}

export type ConfiguredName = ConfiguredHost | { alias: string; problem: string };

/** More names than this are not a person's. */
const MAX_NAMES = 1000;
/** Hosts one connection may go through. */
const MAX_JUMPS = 8;

/**
 * Every name that `Host` lines spell out, in their order, with what it leads to. Patterns and negations name nothing by
 * themselves. Nothing of the configuration is run.
 *
 * @param file one file to read in place of the user's and the system's
 */
export function sshConfigHosts(file?: string): ConfiguredName[] {
  const names = new Set<string>();
  for (const each of configFiles(file)) collectNames(each, 0, names);
  return [...names].map((alias) => {
    try {
      return configuredHost(alias, file);
    } catch (error) {
      if (error instanceof DriftlineError) return { alias, problem: error.data.message };
      throw error;
    }
  });
}

/** @param left how many hosts the way may still have */
function configuredHost(alias: string, file: string | undefined, left = MAX_JUMPS): ConfiguredHost {
  const entry = readSshConfig(alias, file);
  if (entry.proxyJump.length > left)
    throw fail(
      'usage',
      'ssh-config-bad',
      `The SSH configuration reaches ${displayPath(alias)} through too many hosts.`,
    );
  return {
    alias,
    host: entry.hostName ?? alias,
    port: entry.port ?? 22,
    user: entry.user ?? ownUser().username,
    keyPath: entry.identityFiles.find((path) => existsSync(path)) ?? entry.identityFiles[0] ?? null,
    jumps: entry.proxyJump.map((item, index) => {
      const { name, user, port } = parseJump(item);
      const hop = configuredHost(name, file, left - entry.proxyJump.length);
      return { ...hop, user: user ?? hop.user, port: port ?? hop.port, jumps: index === 0 ? hop.jumps : [] };
    }),
    skipped: [...entry.skipped, ...(entry.hostKeyAlias === null ? [] : ['HostKeyAlias'])],
  };
}

function collectNames(file: string, depth: number, names: Set<string>): void {
  if (depth > MAX_CONFIG_DEPTH) return;
  for (const line of configLines(file)) {
    const parsed = parseConfigLine(line);
    if (parsed?.keyword === 'include')
      for (const pattern of parsed.args)
        for (const path of includedFiles(pattern, file)) collectNames(path, depth + 1, names);
    if (parsed?.keyword !== 'host') continue;
    for (const name of parsed.args) if (!/[*?!]/.test(name) && names.size < MAX_NAMES) names.add(name);
  }
}
