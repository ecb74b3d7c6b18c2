// One file per algorithm, as the package publishes them beside its index: the index would load all of them.
declare module 'hash-wasm/dist/xxhash3.umd.min.js' {
  import type { createXXHash3 } from 'hash-wasm';
  const bundle: { createXXHash3: typeof createXXHash3 };
  export default bundle;
}
declare module 'hash-wasm/dist/xxhash128.umd.min.js' {
  import type { createXXHash128 } from 'hash-wasm';
  const bundle: { createXXHash128: typeof createXXHash128 };
  export default bundle;
}
declare module 'hash-wasm/dist/md4.umd.min.js' {
  import type { createMD4 } from 'hash-wasm';
  const bundle: { createMD4: typeof createMD4 };
  export default bundle;
}
