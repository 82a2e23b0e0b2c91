// Our daemon with a bug: the second reading of the configuration (a reload) throws.
import { loadWithReader } from '../../../dist/daemon/core/config-loader.js';
import { main } from '../../../dist/daemon/main.js';

let reads = 0;
const load = (request) => {
  reads++;
  if (reads > 1) throw new Error('a bug, planted by the test');
  return loadWithReader(request);
};
process.exitCode = await main(process.argv.slice(2), { load });
