/** The part of the command tree that meets real networks. Code is loaded when a command is called. */

import type { Command } from 'commander';
import type { BridgeCommandOptions } from './command-bridge.ts';
import type { CompareCommandOptions } from './command-compare.ts';
import type { CommandCaller } from './search-commands.ts';

const HOST = 'On a real host:';

/** Adds `bridge` and `compare`. */
export function addRealNetworks(program: Command, call: CommandCaller): void {
  addBridge(program, call);
  addCompare(program, call);
}

function addBridge(program: Command, call: CommandCaller): void {
  program
    .command('bridge')
    .helpGroup(HOST)
    .description("a scenario's LAN in real time, joined to real networks")
    .argument('<file>', 'the scenario')
    .option(
      '--tap <port=name>',
      'join a port of the LAN (sw1:8) to a TAP, made if need be: sw1:8=tap0[,mac=…,mtu=…]',
      collect,
    )
    .option('--packet <port=name>', 'join a port to a network card: sw1:8=eth1', collect)
    .option(
      '--vxlan <port=peer>',
      'join a port over UDP, without privilege: sw1:8=PEER[,vni=…,port=…,listen=…,local=…,mtu=…]',
      collect,
    )
    .option('--replay-pcap <port=file>', 'frames of a capture come in at a port', collect)
    .option(
      '--join-vrid <n>',
      'let virtual routers take part in this VRID, although real routers speak for it',
      collect,
    )
    .option('--listen <time>', 'listen that long before adverts of other VRIDs leave; 4s')
    .option('--rate-limit <n>', 'most frames a second that leave by one port')
    .option('--for <time>', "run that long (default: the scenario's end; without steps, for ever)")
    .option('--seed <n>', 'seed of all chance, instead of the one in the file')
    .option('--record <file>', 'where the run is kept for replay; .lantwin/NAME-bridged.run.json')
    .option('--no-record', 'keep no recording')
    .option('--pcap <dir>', 'write one pcapng file per cable')
    .option('--json', 'report as JSON, with traceHash')
    .option('--control', "orders from stdin, one a line: 'unplug r1:eth0', 'power-off r2'")
    .option('--ui', 'the browser view of it')
    .option('--port <n>', 'port of the browser view')
    .option('--no-open', 'open no browser, print the URL only')
    .action((file: string, options: BridgeCommandOptions) =>
      call(async (given) =>
        (await import('./command-bridge.ts')).bridgeCommand(file, options, given),
      ),
    );
}

function addCompare(program: Command, call: CommandCaller): void {
  program
    .command('compare')
    .helpGroup(HOST)
    .description('a real capture beside the scenario that is its twin: where do they part?')
    .argument('<file>', 'the scenario')
    .argument('<capture>', 'pcap or pcapng, also packed with gzip')
    .option('--tolerance <time>', 'so far apart two packets may be; 100ms')
    .option(
      '--missing <n>',
      'so many packets of one sender and kind may lack a partner; only where phases decide',
    )
    .option('--on <switches>', 'where the capture was made; found by itself')
    .option('--kinds <list>', 'adverts,announcements,answers (default), requests')
    .option(
      '--begins <time>',
      'the moment of the scenario at which the capture begins; found by itself',
    )
    .option('--seed <n>', 'seed of all chance')
    .option('--json', 'as JSON')
    .action((file: string, capture: string, options: CompareCommandOptions) =>
      call(async ({ output, loader }) => {
        const { compareCommand } = await import('./command-compare.ts');
        const load = await loader([file]);
        return compareCommand({ file, capture }, options, output, load);
      }),
    );
}

function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}
