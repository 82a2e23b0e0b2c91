import { defineConfig } from 'vitest/config';

/** Tests that drive headless Chromium; run by their own stage of `npm test`. */
export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
