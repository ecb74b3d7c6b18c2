import { join } from 'node:path';
import { DEFAULT_PROFILE_OPTIONS, singleSource } from '../../../shared/model/profile.ts';
import type { Endpoint, Profile } from '../../../shared/model/profile.ts';
import type { Host } from '../../../shared/model/host.ts';
import type { PathText } from '../../../shared/model/path.ts';

/** For the guard's tests only. */
export const SERVER: Host = {
  id: '00000000',
  name: 'server',
  address: 'server.example',
  port: 22,
  user: '',
  auth: { kind: 'agent' },
  rsyncPath: '',
  jumpHostId: null,
  hostKey: null,
  createdAt: 0,
};

export const at = (...path: string[]): Endpoint => ({ kind: 'local', path: join(...path) as PathText });
export const remote = (path: string): Endpoint => ({ kind: 'host', hostId: SERVER.id, path: path as PathText });

export const profileOf = (
  source: Endpoint,
  destination: Endpoint,
  more: { contentsOnly?: boolean; delete?: boolean; more?: string[] } = {},
): Profile => ({
  id: '00000000-0000-4000-8000-000000000000',
  name: 'p',
  tags: [],
  source: singleSource(source),
  destination,
  contentsOnly: more.contentsOnly ?? true,
  options: { ...DEFAULT_PROFILE_OPTIONS, delete: more.delete ?? false, more: more.more ?? [] },
  createdAt: 0,
  lastRun: null,
});
