// Our daemon as `lantwin daemon` starts it, without the command line of the simulator around it.
import { main } from '../../../dist/daemon/main.js';

process.exitCode = await main(process.argv.slice(2));
