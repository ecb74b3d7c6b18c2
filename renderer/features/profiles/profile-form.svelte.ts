import type { CommandReading } from '../../../shared/model/command.ts';
import { displayPath, type PathText } from '../../../shared/model/path.ts';
import {
  DEFAULT_PROFILE_OPTIONS,
  type Endpoint,
  type Profile,
  type ProfileDraft,
  type ProfileOptions,
  type SourcePlace,
} from '../../../shared/model/profile.ts';
import { baseName, expandHome } from '../../lib/endpoint.ts';

/** A filter rule in the form; the key stays with it while it moves. */
export interface FilterRow {
  key: number;
  rule: string;
}

const hostOf = (end: Endpoint | SourcePlace | undefined): string => (end?.kind === 'host' ? end.hostId : '');

/** A row whose pattern is still to come is no rule. */
export const isRule = (rule: string): boolean => !/^[-+]?\s*$/.test(rule);

/** What a person enters for a profile. Host ids are '' for this computer. */
export class ProfileForm {
  sourceHost = $state('');
  sources = $state<string[]>(['']);
  destinationHost = $state('');
  destination = $state('');
  contents = $state<'folder' | 'contents'>('folder');
  /** Null until somebody types one: the name follows the source. */
  typedName = $state<string | null>(null);
  tags = $state<string[]>([]);
  mirror = $state(false);
  checksum = $state(false);
  update = $state(false);
  numericIds = $state(false);
  timeout = $state('');
  filters = $state<FilterRow[]>([]);
  more = $state<string[]>([]);
  #nextKey = 1;

  /** A saved profile's values, or those of a new one. */
  start(profile: Profile | null, source: PathText | null, firstHost: string): void {
    this.sourceHost = hostOf(profile?.source);
    this.sources = profile ? [...profile.source.paths] : [source ?? ''];
    this.destinationHost = profile ? hostOf(profile.destination) : firstHost;
    this.destination = profile?.destination.path ?? '';
    this.contents = profile?.contentsOnly ? 'contents' : 'folder';
    this.typedName = profile?.name ?? null;
    this.tags = [...(profile?.tags ?? [])];
    this.#takeOptions(profile?.options ?? DEFAULT_PROFILE_OPTIONS);
  }

  /** What a pasted command says, in place of everything but name and tags. */
  take(read: CommandReading): void {
    this.sourceHost = read.remote === 'source' ? (read.hostId ?? '') : '';
    this.sources = read.sources.length > 0 ? [...read.sources] : [''];
    this.destinationHost = read.remote === 'destination' ? (read.hostId ?? '') : '';
    this.destination = read.destination;
    this.contents = read.contentsOnly ? 'contents' : 'folder';
    this.#takeOptions(read.options);
  }

  #takeOptions(options: ProfileOptions): void {
    this.mirror = options.delete;
    this.checksum = options.checksum;
    this.update = options.update;
    this.numericIds = options.numericIds;
    this.timeout = String(options.timeout);
    this.filters = options.filters.map((rule) => ({ key: this.#nextKey++, rule }));
    this.more = [...options.more];
  }

  addFilter(rule: string): void {
    this.filters.push({ key: this.#nextKey++, rule });
  }

  get name(): string {
    return this.typedName ?? displayPath(baseName(this.sources[0] ?? ''));
  }

  get contentsOnly(): boolean {
    return this.contents === 'contents';
  }

  /** @param home of this computer, for `~/x` */
  draft(home: string | null): ProfileDraft {
    const local = (path: string): PathText => expandHome(path, home) as PathText;
    const paths = this.sources.filter((path) => path !== '');
    return {
      name: this.name.trim(),
      tags: [...this.tags],
      source:
        this.sourceHost === ''
          ? { kind: 'local', paths: paths.map(local) }
          : { kind: 'host', hostId: this.sourceHost, paths: paths as PathText[] },
      destination:
        this.destinationHost === ''
          ? { kind: 'local', path: local(this.destination) }
          : { kind: 'host', hostId: this.destinationHost, path: this.destination as PathText },
      contentsOnly: this.contentsOnly,
      options: {
        delete: this.mirror,
        checksum: this.checksum,
        update: this.update,
        numericIds: this.numericIds,
        filters: this.filters.map(({ rule }) => rule).filter(isRule),
        more: [...this.more],
        timeout: Number(this.timeout),
      },
    };
  }
}
