/**
 * What keepalived logs when the kernel refuses a command for its table: `IPVS cmd IP_VS_SO_SET_ADD(1154) error: …`.
 *
 * The command went out as ipvsadm's words and came back with ipvsadm's complaint; keepalived speaks to the kernel
 * itself, through libnl, which tells less: what is missing is always errno 2.
 * Source: recorded in a guest with keepalived 2.2.7 on Linux 6.1; numbers from linux/ip_vs.h.
 */

/** keepalived's name for each of ipvsadm's commands. */
const COMMANDS: ReadonlyMap<string, string> = new Map([
  ['-A', 'IP_VS_SO_SET_ADD(1154)'],
  ['-E', 'IP_VS_SO_SET_EDIT(1155)'],
  ['-D', 'IP_VS_SO_SET_DEL(1156)'],
  ['-C', 'IP_VS_SO_SET_FLUSH(1157)'],
  ['-a', 'IP_VS_SO_SET_ADDDEST(1159)'],
  ['-d', 'IP_VS_SO_SET_DELDEST(1160)'],
  // A server that cannot be changed because it is not there is added; that is what fails.
  ['-e', 'IP_VS_SO_SET_ADDDEST(1159)'],
  ['--set', 'IP_VS_SO_SET_TIMEOUT(1162)'],
  ['--start-daemon', 'IP_VS_SO_SET_STARTDAEMON(1163)'],
  ['--stop-daemon', 'IP_VS_SO_SET_STOPDAEMON(1164)'],
]);

const NOTHING_THERE = 'No such file or directory(2)';
const NO_SCHEDULER = 'Scheduler or persistence engine not found(2)';

/** Complaints of ipvsadm that mean the same whatever was wanted. */
const COMPLAINTS: ReadonlyMap<string, string> = new Map([
  ['Service already exists', 'Service already exists(17)'],
  ['Destination already exists', 'Destination already exists(17)'],
  ['Daemon has already run', 'Daemon has already run(17)'],
  ['No daemon is running', NOTHING_THERE],
  ['Scheduler or persistence engine not found', NO_SCHEDULER],
  ['Numerical result out of range', 'Numerical result out of range(34)'],
  [
    'Invalid operation.  Possibly wrong module version, address not unicast, ...',
    'Invalid operation.  Possibly wrong module version, address not unicast, ...(22)',
  ],
  ['No such device', 'No such device(19)'],
]);

/** Complaints that a service or a server is not there. */
const MISSING: readonly string[] = [
  'No such service',
  'Service not defined',
  'No such destination',
];

/** The line for a refused command; `undefined` for one that keepalived would not have given. */
export function refusalText(words: readonly string[], complaint: string): string | undefined {
  const [command = ''] = words;
  const name = COMMANDS.get(command);
  if (name === undefined) return undefined;
  const about = subjectOf(words);
  return `IPVS cmd ${name} error: ${errorOf(command, complaint)}${about === '' ? '' : ` (${about})`}`;
}

/** Whether a server was to be changed that is not there, though its service is: keepalived adds it then. */
export function wantsAdding(words: readonly string[], complaint: string): boolean {
  return words[0] === '-e' && complaint === 'No such destination';
}

function errorOf(command: string, complaint: string): string {
  if (!MISSING.includes(complaint)) return COMPLAINTS.get(complaint) ?? complaint;
  if (command === '-E') return NO_SCHEDULER;
  return command === '-d' ? 'No such destination(2)' : NOTHING_THERE;
}

/** `10.0.0.1:tcp:80 -> 10.0.0.2:80`, `Fwm 7 inet6`; empty for what concerns the whole table. */
function subjectOf(words: readonly string[]): string {
  const [, flag = '', value = ''] = words;
  const service = serviceText(flag, value, words.includes('-6'));
  const server = words[words.indexOf('-r') + 1];
  return words.includes('-r') && server !== undefined
    ? `${service} -> ${server.replace(/[[\]]/g, '')}`
    : service;
}

function serviceText(flag: string, value: string, isIpv6: boolean): string {
  if (flag === '-f') return `Fwm ${value}${isIpv6 ? ' inet6' : ''}`;
  const protocol = new Map([
    ['-t', 'tcp'],
    ['-u', 'udp'],
    ['--sctp-service', 'sctp'],
  ]).get(flag);
  if (protocol === undefined) return '';
  const colon = value.lastIndexOf(':');
  const address = value.slice(0, colon).replace(/[[\]]/g, '');
  return `${address}:${protocol}:${value.slice(colon + 1)}`;
}
