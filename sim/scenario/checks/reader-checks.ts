/**
 * Pages of what the reader of a single keepalived.conf finds, although `keepalived -t` lets it pass
 * (or crashes on it). The reader has the code; the words are here.
 */

import type { Check } from './check.ts';

/** Rows without a function: `daemon/config` reports them. */
export const READER_CHECKS: readonly Check[] = [
  {
    code: 'config:password-cut',
    severity: 'warning',
    title: 'A comment character cuts a password',
    explanation:
      '# and ! begin a comment anywhere in a line: of auth_pass abc#def only abc counts. Nodes ' +
      'whose passwords are cut alike still agree, with a much weaker password.',
    fix: 'Write the value in double quotes.',
  },
  {
    code: 'config:value-cut',
    severity: 'warning',
    title: 'A comment character cuts a value',
    explanation: '# and ! begin a comment even in the middle of a word; the rest is not read.',
    fix: 'Write the value in double quotes, or a blank before the comment.',
  },
  {
    code: 'config:password-truncated',
    severity: 'warning',
    title: 'A password of more than 8 bytes',
    explanation: 'VRRP version 2 has room for 8 bytes; keepalived cuts the rest with a message.',
    fix: 'Use 8 bytes at most.',
  },
  {
    code: 'config:preempt',
    severity: 'warning',
    title: 'nopreempt or preempt_delay that keepalived drops',
    explanation: 'nopreempt does not work with state MASTER: keepalived clears it with a message.',
    fix: 'Use state BACKUP with nopreempt on all nodes.',
  },
  {
    code: 'config:script-security',
    severity: 'warning',
    title: 'Scripts without enable_script_security',
    explanation:
      'keepalived runs scripts as root. Without enable_script_security it also runs those that ' +
      'another user could have changed, and `keepalived -t` ends with exit code 6.',
    fix: 'Write enable_script_security and script_user in global_defs.',
  },
  {
    code: 'config:duplicate-address',
    severity: 'warning',
    title: 'A virtual address listed twice on one host',
    explanation:
      'Two instances with one address add and remove it independently: when one of them leaves ' +
      'MASTER it takes the address from the other, which still believes to have it.',
    fix: 'List every virtual address in one instance only.',
  },
  {
    code: 'config:own-address-as-peer',
    severity: 'warning',
    title: 'unicast_peer lists the own address',
    explanation:
      'The node sends its adverts to itself as well. They come back as adverts of an equal ' +
      'priority from the own address, with a warning for each.',
    fix: 'List the addresses of the other nodes only.',
  },
  {
    code: 'config:source-not-here',
    severity: 'warning',
    title: 'unicast_src_ip is no address of the host',
    explanation:
      'keepalived starts, but the kernel refuses to send with a source address that the host does ' +
      'not have: the node is silent, and its peers become MASTER. Known where a scenario names the host.',
    fix: 'Write an address of the interface, or leave unicast_src_ip out.',
  },
  {
    code: 'config:missing-include',
    severity: 'warning',
    title: 'An included file that is not there',
    explanation:
      'keepalived goes on without a missing include, and `-t` may still exit 0: the node runs ' +
      'without what the file should have said. includer, includem and includea refuse instead.',
    fix: 'Correct the path (relative to the including file), or use includer.',
  },
  {
    code: 'config:big-weight',
    severity: 'warning',
    title: 'A real server weight above 65535',
    explanation:
      'keepalived takes it, but the schedulers of the kernel compare products of weights that ' +
      'overflow, so that the share of the server is not what the number says.',
    fix: 'Use weights from 0 to 65535; only their proportions matter.',
  },
  {
    code: 'config:ipv6-version-2',
    severity: 'warning',
    title: 'IPv6 with VRRP version 2',
    explanation:
      'VRRP version 2 is for IPv4. keepalived sends IPv6 adverts of version 2 all the same, and ' +
      'no router of another maker understands them.',
    fix: 'Leave out version 2 (and vrrp_version 2): IPv6 uses version 3 by itself.',
  },
  {
    code: 'config:not-link-local',
    severity: 'warning',
    title: 'The first IPv6 address is not link-local',
    explanation:
      'RFC 9568 section 5.2.9 wants the link-local address of the virtual router first. Hosts take ' +
      'routers by their link-local address, so that without one there is no gateway that moves.',
    fix: 'List an address of fe80::/10 first.',
  },
  {
    code: 'config:http-without-url',
    severity: 'error',
    title: 'HTTP_GET or SSL_GET without url',
    explanation:
      'keepalived 2.2.7 crashes on it (exit code 139): the daemon does not start, and does not ' +
      'come back after a reload.',
    fix: 'Add url { path / } with status_code or digest.',
  },
  {
    code: 'config:swallowed-block',
    severity: 'warning',
    title: 'A block that counts as a part of another one',
    explanation:
      "Where a '}' is missing the blocks behind it stand inside the open one. Each process of " +
      'keepalived skips the blocks of the others by counting braces, so that whole instances and ' +
      'virtual servers are gone, without a message that names them.',
    fix: "Write the missing '}': in the block that the message names, or in one inside it.",
  },
  {
    code: 'config:undefined-use',
    severity: 'warning',
    title: 'A definition that this host has not',
    explanation:
      'keepalived leaves the use of a name as it is when no line above defines it, or only lines ' +
      'for other hosts (@srv-1 $NAME=…). In the form with braces these then count as braces, and what ' +
      'follows is read in the wrong place.',
    fix:
      'Define it above its first use, for each host. Conditions are compared with the host name, or ' +
      'with what keepalived -i (lantwin check --config-id) says.',
  },
];
