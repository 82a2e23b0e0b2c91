#!/bin/bash
# Records the dumps of keepalived 2.2.7 (USR1, USR2, JSON signal) in network namespaces of its own.
# record.sh FOLDER [NAME…]: for each NAME.conf there writes NAME/keepalived*.{data,stats,json},
# NAME/log (what was said) and NAME/moments (seconds from keepalived's first timer to each dump
# and, below 0, to the start of the peer).
# Lines `#! …` of a configuration steer the recording: `at SECONDS` when the dumps are made (4.1),
# `link IF up|down SECONDS` carrier of an interface, `peer CONF` a second router on the LAN,
# `run COMMAND` a command in the namespace before the start.
set -u
FOLDER=$(realpath "$1"); shift
if [ "${LWREC:-}" != inside ]; then
  NAMES=("$@")
  [ $# -gt 0 ] || NAMES=($(cd "$FOLDER" && ls *.conf | sed 's/\.conf$//'))
  for name in "${NAMES[@]}"; do LWREC=inside unshare -n -m --propagation private bash "$0" "$FOLDER" "$name"; done
  exit
fi
NAME=$1; CONF=$FOLDER/$NAME.conf
asked() { sed -n "s/^#! $1 //p" /run/k.conf; }
mount -t tmpfs none /run; mkdir -p /run/netns /run/out; cp "$CONF" /run/k.conf
ip netns add far
ip link set lo up
sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
for n in 0 1; do
  ip link add eth$n address 02:00:00:00:0$n:0b index $((n + 2)) type veth peer name p$n netns far
  ip addr add 192.168.$((100 + 100 * n)).11/24 dev eth$n
  ip link set eth$n up
done
ip -n far link set p0 up; ip -n far link set p1 up
ip -n far addr add 192.168.100.12/24 dev p0; ip -n far addr add 192.168.200.12/24 dev p1
eval "$(asked run)"
sleep 0.5
mount -t tmpfs none /tmp
mkdir -p /etc/keepalived; mount -t tmpfs none /etc/keepalived
printf '#!/bin/sh\nexit 0\n' > /etc/keepalived/told; chmod 755 /etc/keepalived/told
cp /etc/keepalived/told /etc/keepalived/good
printf '#!/bin/sh\nexit 1\n' > /etc/keepalived/bad; chmod 755 /etc/keepalived/bad
echo 7 > /etc/keepalived/number
if grep -q "^#! peer" /run/k.conf; then
  sed -n 's/^#!! //p' /run/k.conf > /run/peer.conf
  ip netns exec far keepalived -n -l -D -f /run/peer.conf -p /run/pk -r /run/pv -c /run/pc -b /run/pb >/run/peer.log 2>&1 &
  peer=$!
  for _ in $(seq 200); do grep -q 'VRRP sockpool\|Entering Up\|Starting BFD' /run/peer.log && break; sleep 0.02; done
  peer_start=$(date +%s.%N)
fi
keepalived -n -l -D -f /run/k.conf -p /run/k.pid -r /run/v.pid -c /run/c.pid -b /run/b.pid >/run/log 2>&1 &
pid=$!
# Times count from the moment at which keepalived's timers run.
for _ in $(seq 200); do grep -q 'VRRP sockpool' /run/log && break; sleep 0.02; done
start=$(date +%s.%N)
until_() { sleep "$(echo "$1 - ($(date +%s.%N) - $start)" | bc | sed 's/^-.*/0/')"; }
asked link | while read -r dev what at; do
  until_ "$at"; ip -n far link set "p${dev#eth}" "$what"
done
at=$(asked at); until_ "${at:-4.1}"
kill -USR1 $pid; sleep 0.15
kill -USR2 $pid; sleep 0.15
kill -"$(keepalived --signum=JSON)" $pid; sleep 0.25
cp /tmp/keepalived* /run/out/
for kind in data stats json; do
  echo "$kind $(echo "$(date -r /tmp/keepalived.$kind +%s.%N) - $start" | bc)"
done > /run/out/moments
[ -z "${peer:-}" ] || echo "peer $(echo "$peer_start - $start" | bc)" >> /run/out/moments
kill -TERM $pid; wait $pid
[ -z "${peer:-}" ] || { kill -TERM $peer; wait $peer; }
umount /tmp
rm -rf "${FOLDER:?}/$NAME"; mkdir -p "$FOLDER/$NAME"; cp /run/out/* "$FOLDER/$NAME/"
sed 's/^.\{26\}//' /run/log |
  grep -vE '^(Starting K|Running|Command|Opening|Configuration|CPU|Stopped K|  |Sending grat|Sending unsol)' \
  > "$FOLDER/$NAME/log"
echo "$NAME: $(ls /run/out | tr '\n' ' ')"
