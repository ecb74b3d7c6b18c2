/** WebAssembly text, assembled by the build and by the tests' set-up (build/wat.mjs): the bytes of the module. */
declare module '*.wat' {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
