import { defineConfig } from 'vitest/config';

// Real namespaces, real time: one file after the other, generous limits. Run by `node test/interop/run.mjs`.
// biome-ignore lint/style/noDefaultExport: vitest reads the default export.
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 90_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
  },
});
