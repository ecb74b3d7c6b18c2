/** Bytes gathered before they are written. */
const GATHER = 32 * 1024;

/**
 * Standard output and standard error, in order: what is written to one after the other also appears after it. Lines
 * are gathered until the event loop turns, so that a list of a hundred thousand names is no hundred thousand writes.
 */
export class StandardOutput {
  #pending: Buffer[] = [];
  #size = 0;
  #scheduled = false;
  #broken = false;
  /** Whether every piece goes out at once. */
  eager = false;
  readonly #onBroken: () => void;

  /** @param onBroken whoever read our output has gone (EPIPE), or it cannot be written; called once */
  constructor(onBroken: () => void) {
    this.#onBroken = onBroken;
    process.stdout.on('error', (error) => this.#failed(error));
    // Nowhere to say that nobody listens to what we say.
    process.stderr.on('error', () => {});
  }

  get broken(): boolean {
    return this.#broken;
  }

  out(bytes: Buffer): void {
    if (this.#broken) return;
    this.#pending.push(bytes);
    this.#size += bytes.length;
    if (this.eager || this.#size >= GATHER) this.#write();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.#write();
      });
    }
  }

  err(bytes: Buffer): void {
    this.#write();
    process.stderr.write(bytes);
  }

  /** Resolves when everything has left this process, as far as somebody still takes it. */
  async flushed(): Promise<void> {
    this.#write();
    if (!this.#broken) await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
    await new Promise<void>((resolve) => process.stderr.write('', () => resolve()));
  }

  #write(): void {
    if (this.#pending.length === 0) return;
    const bytes = this.#pending.length === 1 ? this.#pending[0]! : Buffer.concat(this.#pending, this.#size);
    this.#pending = [];
    this.#size = 0;
    process.stdout.write(bytes);
  }

  #failed(error: NodeJS.ErrnoException): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#pending = [];
    this.#size = 0;
    if (error.code !== 'EPIPE') process.stderr.write(`driftline: cannot write to standard output: ${error.message}\n`);
    this.#onBroken();
  }
}
