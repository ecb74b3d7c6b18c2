export type HomeLayout = 'cards' | 'list';
const KEY = 'driftline.home.layout';
/** Above this many a list is easier to read than cards. */
const MANY = 12;

/** How the list of profiles is looked at; it stays so while other views are shown. */
export class Home {
  query = $state('');
  #tags = $state.raw<ReadonlySet<string>>(new Set());
  #layout = $state<HomeLayout | null>(null);

  constructor() {
    const saved = localStorage.getItem(KEY);
    if (saved === 'cards' || saved === 'list') this.#layout = saved;
  }

  /** Tags of which a profile must have one; none means all profiles. */
  get tags(): ReadonlySet<string> {
    return this.#tags;
  }

  toggleTag(tag: string): void {
    const tags = new Set(this.#tags);
    if (!tags.delete(tag)) tags.add(tag);
    this.#tags = tags;
  }

  /** What a person chose, else what suits that many profiles. */
  layout(count: number): HomeLayout {
    return this.#layout ?? (count > MANY ? 'list' : 'cards');
  }

  choose(layout: HomeLayout): void {
    this.#layout = layout;
    localStorage.setItem(KEY, layout);
  }

  showAll(): void {
    this.query = '';
    this.#tags = new Set();
  }
}
