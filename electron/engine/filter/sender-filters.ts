import { joinPath, textToBytes, type ByteString } from '../../../shared/model/path.ts';
import { type ChainOptions, FilterChain } from './chain.ts';
import type { FilterRule } from './rule.ts';

/** A sender's rules over all its source arguments: each has a transfer root and per-directory files of its own. */
export class SenderFilters {
  readonly #rules: readonly FilterRule[];
  readonly #options: ChainOptions;
  readonly #baseOf: (root: number) => ByteString;
  /** Where no rule depends on the root: the one chain for all arguments. */
  readonly #shared: FilterChain | null;
  readonly #chains: FilterChain[] = [];

  /** @param baseOf local directory of a source argument's transfer root; '' = the working directory */
  constructor(rules: readonly FilterRule[], baseOf: (root: number) => ByteString, options: ChainOptions = {}) {
    this.#rules = rules;
    this.#options = options;
    this.#baseOf = baseOf;
    const rooted = rules.some((rule) => rule.kind === 'dir-merge' || rule.absolute);
    this.#shared = rooted ? null : new FilterChain(rules, 'sender', '/', options);
  }

  /** Whether the name is left out. */
  excludes(name: ByteString, isDir: boolean, root: number): boolean {
    const chain = this.#shared ?? this.#chain(root);
    return !chain.isEmpty && chain.check(name, isDir) === 'exclude';
  }

  /** Names of this directory are asked about next. */
  entering(dir: ByteString, root: number): void {
    if (this.#shared === null) this.#chain(root).enter(dir);
  }

  /** For rules about extended attributes, which do not depend on an argument's root. */
  get xattrs(): FilterChain {
    return this.#shared ?? this.#chain(0);
  }

  #chain(root: number): FilterChain {
    let chain = this.#chains[root];
    if (chain === undefined) {
      const base = this.#baseOf(root);
      const path = base.startsWith('/') ? base : joinPath(textToBytes(process.cwd()), base);
      chain = new FilterChain(this.#rules, 'sender', path, this.#options);
      this.#chains[root] = chain;
    }
    return chain;
  }
}
