#!/bin/bash
# Records what keepalived 2.2.7 says and tells (notify) around its start, in network namespaces of
# its own (root, iproute2, nftables). record.sh OUT writes CASE.conf, CASE.log, CASE.told there.
# Stamps, version lines and lines of single gratuitous ARPs are cut off; the notify script of the
# configurations is /etc/keepalived/told.
set -u
OUT=$1
WORK=$(mktemp -d)
LAB=lwrec$$
mkdir -p "$OUT"
ip netns add "$LAB-br"
ip -n "$LAB-br" link add br0 type bridge
ip -n "$LAB-br" link set br0 up
trap 'ip netns del "$LAB"; ip netns del "$LAB-br"; rm -rf "$WORK"' EXIT

fresh() {
  ip netns del "$LAB" 2>/dev/null
  ip netns add "$LAB"
  ip -n "$LAB-br" link add lab type veth peer name eth0 netns "$LAB"
  ip -n "$LAB-br" link set lab master br0 up
  ip netns exec "$LAB" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
  ip -n "$LAB" link set lo up
  ip -n "$LAB" addr add 192.168.100.11/24 dev eth0
  ip -n "$LAB" link set eth0 up
  ip -n "$LAB-br" link add lab2 type veth peer name eth1 netns "$LAB"
  ip -n "$LAB-br" link set lab2 up
  ip -n "$LAB" addr add 10.0.0.1/24 dev eth1
  ip -n "$LAB" link set eth1 up
  sleep 0.2
}

# case NAME GLOBAL BLOCKS INSTANCE VIPS AFTER SECONDS [COMMAND]
case_() {
  cat > "$OUT/$1.conf" <<CONF
global_defs {
    script_user root
    enable_script_security
    $2
}
$3
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    priority 100
    notify /etc/keepalived/told
    $4
    virtual_ipaddress {
        $5
    }
}
$6
CONF
  printf '#!/bin/sh\necho "$@" >> %s/told\n' "$WORK" > "$WORK/told.sh"
  chmod 755 "$WORK" "$WORK/told.sh"
  : > "$WORK/told"
  sed "s|/etc/keepalived/told|$WORK/told.sh|" "$OUT/$1.conf" > "$WORK/keepalived.conf"
  ip netns exec "$LAB" unshare -m bash -c "mount -t tmpfs none /run; exec keepalived -n -l -D -P -G \
    -f $WORK/keepalived.conf -p $WORK/p -r $WORK/v" > "$WORK/log" 2>&1 &
  local pid=$!
  sleep "$7"
  [ -n "${8-}" ] && eval "$8"
  kill -TERM $pid 2>/dev/null
  wait $pid
  cut -c27- "$WORK/log" | grep -vE "^(Starting|Running|Command|Opening|Configuration|NOTICE|Sending|CPU| )" |
    grep -vE "^(Stopped|Registering Kernel|Remove a|pid [0-9])" | sed "s|$WORK|/etc/keepalived|" > "$OUT/$1.log"
  cp "$WORK/told" "$OUT/$1.told"
}

VIP=192.168.100.100/24
fresh; case_ plain '' '' '' $VIP '' 4
fresh; case_ unicast-fault-no-peer '' '' 'unicast_src_ip 192.168.100.11
    unicast_fault_no_peer' $VIP '' 1.5
fresh; ip -n "$LAB-br" link set lab down; sleep 0.2
case_ carrier-down '' '' '' $VIP '' 1.5 'ip -n $LAB-br link set lab up; sleep 0.5'
fresh; ip -n "$LAB" addr del 192.168.100.11/24 dev eth0; sleep 0.2
case_ no-address '' '' '' $VIP '' 1.5 'ip -n $LAB addr add 192.168.100.11/24 dev eth0; sleep 0.5'
fresh; case_ script-fails '' 'vrrp_script chk {
    script /bin/false
    interval 1
}' 'track_script {
        chk
    }' $VIP '' 1.5
fresh; case_ script-init-fail-well '' 'vrrp_script chk {
    script /bin/true
    interval 1
    init_fail
}' 'track_script {
        chk
    }' $VIP '' 1.5
fresh; case_ script-init-fail-ill '' 'vrrp_script chk {
    script /bin/false
    interval 1
    init_fail
}' 'track_script {
        chk
    }' $VIP '' 1.5
fresh; case_ script-init-fail-rise-two '' 'vrrp_script chk {
    script /bin/true
    interval 1
    init_fail
    rise 2
}' 'track_script {
        chk
    }' $VIP '' 2.5
fresh; case_ routes-and-rules '' '' 'virtual_routes {
        10.9.0.0/16 via 192.168.100.1 dev eth0
    }
    virtual_rules {
        from 10.9.0.1 table 100 preference 500
    }' $VIP '' 4.2
fresh; case_ strict 'vrrp_strict' '' '' $VIP '' 4.2
fresh; case_ use-vmac-addr '' '' 'use_vmac
    use_vmac_addr' "$VIP
        10.0.0.100/24 dev eth1" '' 4.2
fresh; ip -n "$LAB-br" link set lab2 down; sleep 0.2
case_ group-link-down '' 'vrrp_sync_group G {
    group {
        VI_1
        VI_2
    }
    notify /etc/keepalived/told
}' '' $VIP 'vrrp_instance VI_2 {
    interface eth1
    virtual_router_id 52
    virtual_ipaddress {
        10.0.0.101/24
    }
}' 1.5 'ip -n $LAB-br link set lab2 up; sleep 1'
fresh; ip -n "$LAB-br" link set lab2 down; sleep 0.2
case_ track-interface-down '' '' 'track_interface {
        eth1
    }' $VIP '' 1.5 'ip -n $LAB-br link set lab2 up; sleep 0.5'
fresh; case_ startup-delay 'vrrp_startup_delay 1' '' '' $VIP '' 5.2
fresh; case_ excluded-and-label '' '' 'virtual_ipaddress_excluded {
        10.0.0.100/24 dev eth1
    }' "$VIP label eth0:1" '' 4.2
fresh; case_ owner '' '' 'state MASTER
    priority 255' $VIP '' 1
