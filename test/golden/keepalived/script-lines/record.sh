#!/bin/bash
# What keepalived 2.2.7 says about scripts, numbers and delays while it reads its file: `bash record.sh OUT` as root. A network namespace of its
# own with one interface; every NAME.conf beside this script is started for two seconds. The lines about reading are kept.
set -u
here=$(cd "$(dirname "$0")" && pwd)
out=$1
mkdir -p "$out"
space=script-lines-$$
ip netns add "$space" || exit 1
trap 'ip netns del "$space"' EXIT
run() { ip netns exec "$space" "$@"; }
run ip link set lo up
run ip link add eth0 type veth peer name far
run ip address add 192.168.100.11/24 dev eth0
run ip link set far up
run ip link set eth0 up
others='^(Starting|Running|Command| +|Opening|NOTICE|Registering|Assigned|VRRP sock|Sending|\(VI_1\) (setting|Sending'
others="$others"'|removing|Entering|sent|Changing|Receive)|Startup|Stop|CPU|Config|Netlink|VRRP_Script|Script `|Initializing|IPVS|Shutting|pid'
others="$others"'|startup script|shutdown script|Warning - script|VRRP_Group|[[:space:]]*$)'
cd "$here" || exit 1
for file in *.conf; do
  name=${file%.conf}
  run env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin timeout -s TERM 2.2 \
    keepalived -n -l -D -f "$file" -p "$out/parent.pid" -r "$out/vrrp.pid" -c "$out/checkers.pid" 2>&1 |
    sed -E 's/^[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9]{2} [0-9:.]+ [0-9]{4}: //' | grep -vE "$others" >"$out/$name.log"
done
