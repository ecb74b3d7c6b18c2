/**
 * What shared/ may use beyond the language: the part that Node and browsers have in common. Only shared/tsconfig.json
 * reads this file; everything else has the real declarations.
 */
interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}
