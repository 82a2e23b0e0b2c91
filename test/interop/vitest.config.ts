import { defineConfig } from 'vitest/config';

// Real namespaces, real time: one file after the other, generous limits. Run by `node test/interop/run.mjs`.
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
