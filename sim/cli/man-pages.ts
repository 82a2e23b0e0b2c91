/**
 * Manual pages in the man macros of troff: section 1 from the command tree, section 5 from the JSON Schema, section
 * 8 for the daemon. So they say what `--help` says, and never fall behind.
 */

import type { Command, Option } from 'commander';
import { flagLines } from '../../daemon/linux/flags.ts';
import { scenarioJsonSchema } from '../scenario/schema/scenario-schema.ts';
import { variableOf } from './environment-mirror.ts';
import { EXIT_CODES, UsageError } from './exit-codes.ts';

/** The pages by file name. */
const PAGES = new Map<string, (program: Command, version: string) => string>([
  ['lantwin.1', commandPage],
  ['lantwin.twin.5', (_, version) => filePage(version)],
  ['lantwin-daemon.8', (_, version) => daemonPage(version)],
]);

/** Names of all pages. */
export const MAN_PAGES: readonly string[] = [...PAGES.keys()];

/** One page as troff source. */
export function manPage(name: string, program: Command, version: string): string {
  const page = PAGES.get(name);
  if (page !== undefined) return page(program, version);
  throw new UsageError(`man: expected ${MAN_PAGES.join(', ')}, read '${name}'`);
}

function commandPage(program: Command, version: string): string {
  const commands = program.commands.filter((one) => one.name() !== 'man');
  return lines([
    title('LANTWIN', 1, version),
    section('NAME'),
    `lantwin \\- ${roff(program.description())}`,
    section('SYNOPSIS'),
    ...commands.map((one) => `.B lantwin ${roff(one.name())}\n${roff(one.usage())}\n.br`),
    section('DESCRIPTION'),
    paragraph(
      'lantwin reads the keepalived.conf files that people run, builds the LAN around them, runs a keepalived in virtual time, and pulls cables. Results go to standard output, progress to standard error; the command that repeats a failure is always the last line.',
    ),
    section('COMMANDS'),
    ...commands.flatMap(commandLines),
    section('EXIT STATUS'),
    ...EXIT_CODES.flatMap(([code, meaning]) => [`.TP\n.B ${code}`, roff(meaning)]),
    section('ENVIRONMENT'),
    tagged('NO_COLOR, FORCE_COLOR', 'no colours; colours also without a terminal'),
    tagged('LANTWIN_<COMMAND>_<FLAG>', 'the option of the same name, such as LANTWIN_RUN_SEED=7'),
    tagged('CI, GITHUB_ACTIONS', 'no golden traces are written; annotations and a step summary'),
    section('FILES'),
    tagged('*.twin.yml, *.twin.ts', 'scenarios, see lantwin.twin(5)'),
    tagged('.lantwin/', 'run files of failures, for lantwin replay'),
    tagged('__traces__/', 'golden traces, beside their scenarios'),
    section('SEE ALSO'),
    '.BR lantwin.twin (5),\n.BR lantwin-daemon (8),\n.BR keepalived.conf (5)',
  ]);
}

function commandLines(command: Command): readonly string[] {
  const words = command.registeredArguments;
  return [
    `.SS lantwin ${roff(command.name())} ${roff(command.usage())}`,
    roff(`${sentence(command.description())}`),
    ...words
      .filter((one) => one.description !== '')
      .map((one) => tagged(one.name(), one.description)),
    ...command.options.map((option) => optionLines(command, option)),
  ];
}

function optionLines(command: Command, option: Option): string {
  const variable = variableOf(command.name(), option.long ?? '');
  return `.TP\n.B ${roff(option.flags)}\n${roff(sentence(option.description))} [${roff(variable)}]`;
}

/** The part of JSON Schema that the page reads. */
interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly additionalProperties?: boolean | Schema;
}

function filePage(version: string): string {
  const schema = scenarioJsonSchema() as Schema;
  return lines([
    title('LANTWIN.TWIN', 5, version),
    section('NAME'),
    'lantwin.twin \\- scenarios of lantwin',
    section('DESCRIPTION'),
    paragraph(
      'A scenario is a YAML file *.twin.yml: a LAN, traffic, steps with what must follow, and what must hold throughout. Durations carry a unit (3.7s, 100ms, 200us, 2m, 1h), losses are written in percent. Paths are relative to the file and never leave its folder. `lantwin schema` prints the JSON Schema for editors; the same shape in TypeScript is a value of scenario() of the package lantwin.',
    ),
    section('TOP LEVEL'),
    ...fields(schema),
    section('A HOST (lan.hosts.NAME)'),
    ...fields(below(schema, 'lan', 'hosts')),
    section('A STEP (steps)'),
    ...fields(below(schema, 'steps')),
    section('ACTIONS (do)'),
    ...fields(below(schema, 'steps', 'do')),
    section('EXPECTATIONS (expect)'),
    ...fields(below(schema, 'steps', 'expect')),
    section('INVARIANTS (always)'),
    ...fields(below(schema, 'always')),
    section('AT THE END (finally)'),
    ...fields(below(schema, 'finally')),
    section('EXAMPLE'),
    `.nf\n${EXAMPLE.split('\n').map(roff).join('\n')}\n.fi`,
    section('SEE ALSO'),
    '.BR lantwin (1)',
  ]);
}

/** The mapping that is meant below some keys: through lists, names and alternatives. */
function below(schema: Schema, ...keys: readonly string[]): Schema {
  let at = schema;
  for (const key of keys) at = mapping(at.properties?.[key] ?? {});
  return at;
}

function mapping(schema: Schema): Schema {
  if (schema.properties !== undefined) return schema;
  if (schema.items !== undefined) return mapping(schema.items);
  const { additionalProperties: value } = schema;
  if (typeof value === 'object') return mapping(value);
  const found = schema.anyOf?.map(mapping).find((one) => one.properties !== undefined);
  return found ?? {};
}

function fields(schema: Schema): readonly string[] {
  return Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const needed = schema.required?.includes(name) === true ? ' (required)' : '';
    return tagged(name, `${field.description ?? ''}${needed}`);
  });
}

const EXAMPLE = `lan:
  switches: { sw1: {} }
  hosts:
    srv-1: { nics: { eth1: 192.168.0.101/24 }, keepalived: ./srv-1.conf }
    srv-2: { nics: { eth1: 192.168.0.102/24 }, keepalived: ./srv-2.conf }
  cables: [[srv-1:eth1, sw1:1], [srv-2:eth1, sw1:2]]
steps:
  - at: 10s
    do: { power-off: srv-1 }
    expect: [{ within: 3.7s, vip: 192.168.0.200, owner: srv-2 }]`;

function daemonPage(version: string): string {
  return lines([
    title('LANTWIN-DAEMON', 8, version),
    section('NAME'),
    "lantwin daemon \\- keepalived's place on a Linux host",
    section('SYNOPSIS'),
    '.B lantwin daemon\n\\-f FILE [keepalived options]',
    section('DESCRIPTION'),
    paragraph(
      "Runs the same VRRP and LVS daemon that the simulator runs, on this host: keepalived's configuration, flags, signals and exit codes.",
    ),
    section('OPTIONS'),
    ...flagLines().map(([flags, words]) => tagged(flags, words)),
    section('SIGNALS'),
    tagged(
      'HUP',
      'read the configuration again; a MASTER stays MASTER where nothing changed for it',
    ),
    tagged('TERM, INT', 'give the addresses up, tell the peers (priority 0), end'),
    tagged('USR1, USR2', 'write the state, the statistics to /tmp/keepalived.data and .stats'),
    section('EXIT STATUS'),
    tagged('0', 'ended as asked; the configuration is without a fault'),
    tagged('2', 'the configuration cannot be used'),
    tagged('4', 'a permission is missing'),
    tagged('5', '--config-test: there are errors'),
    tagged('6', '--config-test: scripts without script security; no configuration file'),
    tagged('70', 'internal error'),
    section('SEE ALSO'),
    '.BR lantwin (1),\n.BR keepalived.conf (5)',
  ]);
}

function title(name: string, number: number, version: string): string {
  return `.TH ${name} ${number} "" "lantwin ${version}" "lantwin"\n.ad l\n.hy 0`;
}

const section = (name: string) => `.SH ${roff(name)}`;
const paragraph = (text: string) => `.PP\n${roff(text)}`;
const tagged = (tag: string, text: string) => `.TP\n.B ${roff(tag)}\n${roff(sentence(text))}`;

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.)\]]$/.test(first) ? first : `${first}.`;
}

/** Text that troff takes as it is. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1')
    .replaceAll('…', '...')
    .replaceAll('’', "'");
}

function lines(parts: readonly string[]): string {
  return `${parts.join('\n')}\n`;
}
