import { MAX_EXPORT_LENGTH } from '../../../shared/model/import.ts';
import type { ExportResult, ImportChoices, ImportOffer, ImportResult } from '../../../shared/model/import.ts';
import type { Result } from '../../../shared/errors.ts';
import { fail } from '../../../shared/errors.ts';
import type { Settings as Values, SettingsChange } from '../../../shared/model/settings.ts';
import type { Backend } from '../backend.ts';
import { strings } from '../strings.ts';
import type { Theme } from './theme.ts';

/** What a person chose for the application; the look follows it. */
export class Settings {
  #values = $state.raw<Values | null>(null);
  #unanswered = 0;
  readonly #backend: Backend;
  readonly #theme: Theme;

  constructor(backend: Backend, theme: Theme) {
    this.#backend = backend;
    this.#theme = theme;
    backend.on('event.settings', (values) => this.#receive(values));
  }

  /** Null until the first load: a choice made on top of guessed values would overwrite the real ones. */
  get values(): Values | null {
    return this.#values;
  }

  async load(): Promise<void> {
    const reply = await this.#backend.call('settings.get', null);
    if (reply.ok) this.#receive(reply.value);
  }

  /** Shown at once: the next change builds on this one, answered or not. */
  async change(change: SettingsChange): Promise<Result<Values>> {
    if (this.#values !== null) this.#show({ ...this.#values, ...change });
    this.#unanswered++;
    const reply = await this.#backend.call('settings.update', { change });
    this.#unanswered--;
    if (reply.ok) this.#receive(reply.value);
    else await this.load();
    return reply;
  }

  export(): Promise<Result<ExportResult>> {
    return this.#backend.call('export.create', null);
  }

  async openImport(file: File): Promise<Result<ImportOffer>> {
    const tooLarge = fail('usage', 'import-not-ours', strings.importing.tooLarge).data;
    // A character takes at most four bytes, so the text is not even read.
    if (file.size > 4 * MAX_EXPORT_LENGTH) return { ok: false, error: tooLarge };
    const text = await file.text();
    if (text.length > MAX_EXPORT_LENGTH) return { ok: false, error: tooLarge };
    return this.#backend.call('import.open', { text });
  }

  applyImport(choices: ImportChoices): Promise<Result<ImportResult>> {
    return this.#backend.call('import.apply', choices);
  }

  /** What the service says of an earlier change must not undo a later one. */
  #receive(values: Values): void {
    if (this.#unanswered === 0) this.#show(values);
  }

  #show(values: Values): void {
    this.#values = values;
    this.#theme.apply(values.theme);
  }
}
