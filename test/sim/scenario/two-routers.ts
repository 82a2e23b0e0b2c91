/** keepalived.conf of a router of VRID 7 that begins as BACKUP. */
export const confOf = (priority: number) => `vrrp_instance VI {
  state BACKUP
  interface eth0
  virtual_router_id 7
  priority ${priority}
  virtual_ipaddress { 10.0.0.100/24 }
}
`;
/** Two routers, `a.conf` and `b.conf`, and a client on one switch. */
export const TWO_ROUTERS = `lan:
  switches: { sw1: {} }
  hosts:
    a: { nics: { eth0: 10.0.0.1/24 }, keepalived: a.conf }
    b: { nics: { eth0: 10.0.0.2/24 }, keepalived: b.conf }
    client: { nics: { eth0: 10.0.0.50/24 } }
  cables: [ [a:eth0, sw1:1], [b:eth0, sw1:2], [client:eth0, sw1:3] ]
`;
