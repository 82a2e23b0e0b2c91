/** seedrandom's types do not cover its single generators. */
declare module 'seedrandom/lib/xor128.js' {
  interface Generator {
    (): number;
    int32(): number;
    double(): number;
    state(): object;
  }
  function xor128(seed: string, options?: { state: boolean | object }): Generator;
  // biome-ignore lint/style/noDefaultExport: a CommonJS module has no other export.
  export default xor128;
}
