// One file per algorithm, as the package publishes them beside its index: the index would load all of them.
declare module 'hash-wasm/dist/xxhash3.umd.min.js' {
  const bundle: Pick<typeof import('hash-wasm'), 'createXXHash3'>;
  export default bundle;
}
declare module 'hash-wasm/dist/xxhash128.umd.min.js' {
  const bundle: Pick<typeof import('hash-wasm'), 'createXXHash128'>;
  export default bundle;
}
declare module 'hash-wasm/dist/md4.umd.min.js' {
  const bundle: Pick<typeof import('hash-wasm'), 'createMD4'>;
  export default bundle;
}
