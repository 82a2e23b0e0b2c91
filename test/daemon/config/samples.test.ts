/**
 * The samples that keepalived ships, where the Debian package is installed: our exit code must be the one
 * `keepalived -t` of 2.2.7 gave for each, with interfaces eth0 to eth3 as in the recorded cases.
 */

import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadCase } from './recorded-cases.ts';

const folder = '/usr/share/doc/keepalived/samples';

const exitCodes: readonly (readonly [string, number])[] = [
  ['HTTP_GET.port', 0],
  ['IPv6', 0],
  ['PING_CHECK', 0],
  ['SMTP_CHECK', 0],
  ['SSL_GET', 5],
  ['UDP_CHECK', 0],
  ['conditional_conf', 5],
  ['fwmark', 5],
  ['inhibit', 0],
  ['misc_check', 0],
  ['misc_check_arg', 0],
  ['quorum', 0],
  ['sample', 0],
  ['status_code', 0],
  ['track_interface', 5],
  ['virtual_server_group', 0],
  ['virtualhost', 0],
  ['vrrp', 0],
  ['vrrp.localcheck', 6],
  ['vrrp.lvs_syncd', 5],
  ['vrrp.routes', 5],
  ['vrrp.rules', 5],
  ['vrrp.scripts', 0],
  ['vrrp.static_ipaddress', 5],
  ['vrrp.sync', 0],
];

describe.skipIf(!existsSync(folder))(
  'shipped samples (skipped where the package keepalived is not installed)',
  () => {
    it.each(exitCodes)('%s', (name, exitCode) => {
      expect(loadCase(folder, `keepalived.conf.${name}`).exitCode).toBe(exitCode);
    });
  },
);
