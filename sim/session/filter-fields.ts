/** The fields that the packet filter knows, with Wireshark's names; also what the browser completes. */

/** What a field's values are; a `protocol` has none. */
export type FieldType = 'protocol' | 'number' | 'text' | 'address' | 'mac';

const PROTOCOLS =
  'frame eth vlan arp ip ipv6 ah icmp icmpv6 igmp tcp udp vrrp http data http.request ' +
  'http.response tcp.analysis.flags tcp.analysis.retransmission';
const NUMBERS =
  'frame.number frame.len frame.time_relative eth.type eth.dst.ig vlan.id vlan.priority ' +
  'arp.opcode arp.isgratuitous ip.hdr_len ip.dsfield ip.len ip.id ip.frag_offset ip.flags.df ' +
  'ip.flags.mf ip.ttl ip.proto ipv6.tclass ipv6.flow ipv6.plen ipv6.nxt ipv6.hlim ah.spi ' +
  'ah.sequence icmp.type icmp.code icmp.ident icmp.seq icmpv6.type icmpv6.code ' +
  'icmpv6.echo.identifier icmpv6.echo.sequence_number igmp.type tcp.srcport tcp.dstport tcp.port ' +
  'tcp.stream tcp.seq tcp.ack tcp.len tcp.flags tcp.flags.fin tcp.flags.syn tcp.flags.reset ' +
  'tcp.flags.push tcp.flags.ack tcp.flags.urg tcp.window_size_value udp.srcport udp.dstport ' +
  'udp.port udp.length vrrp.version vrrp.type vrrp.virt_rtr_id vrrp.prio vrrp.addr_count ' +
  'vrrp.auth_type vrrp.adver_int vrrp.short_adver_int vrrp.checksum vrrp.checksum.status ' +
  'http.response.code';
const TEXTS =
  'frame.lost vrrp.auth_string ah.icv http.request.method http.request.uri http.host ' +
  'http.user_agent';
const ADDRESSES =
  'arp.src.proto_ipv4 arp.dst.proto_ipv4 ip.src ip.dst ip.addr ipv6.src ipv6.dst ipv6.addr ' +
  'icmp.redir_gw icmpv6.nd.ns.target_address icmpv6.nd.na.target_address ' +
  'icmpv6.mldr.mar.multicast_address igmp.maddr vrrp.ip_addr vrrp.ipv6_addr';
const MACS = 'eth.src eth.dst eth.addr arp.src.hw_mac arp.dst.hw_mac icmpv6.opt.linkaddr';

/** All fields by name. */
export const FILTER_FIELDS: ReadonlyMap<string, FieldType> = new Map(
  (
    [
      ['protocol', PROTOCOLS],
      ['number', NUMBERS],
      ['text', TEXTS],
      ['address', ADDRESSES],
      ['mac', MACS],
    ] as const
  ).flatMap(([type, names]) => names.split(' ').map((name) => [name, type] as const)),
);
