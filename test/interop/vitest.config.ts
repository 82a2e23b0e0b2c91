import { defineConfig } from 'vitest/config';

// Real namespaces, real time: one file after the other, generous limits. Run by `node test/interop/run.mjs`.
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['**/*.test.ts'],
    fileParallelism: false,
    // Each test has a LAN of its own and mostly waits for VRRP's timers.
    maxConcurrency: 4,
    testTimeout: 90_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
  },
});
