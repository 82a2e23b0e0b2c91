#!/bin/sh
# The first process of a recorder's guest: the root is the host's, read-only; what programs write goes to memory, recordings
# to the folder that the host gave. Then it runs the recorder's bundle inside and ends the machine.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C TZ=UTC HOME=/run
mount -t proc proc /proc
mount -t sysfs sys /sys
for folder in /run /mnt /tmp; do mount -t tmpfs tmp "$folder"; done
mkdir /run/output
mount -t hostfs none /run/output -o "$RECORD_OUTPUT"
cd "$LANTWIN_ROOT" || exit 1
"$RECORD_NODE" test/interop/probes/guest-modules.mjs veth bridge macvlan nf_tables ip_vs ip_vs_rr ip_vs_wrr ip_vs_lc ip_vs_wlc ip_vs_sh ip_vs_dh ip_vs_mh ip_vs_sed ip_vs_nq ip_vs_fo ip_vs_ovf ip_vs_lblc ip_vs_lblcr iptable_mangle ip6table_mangle xt_mark ipip dummy
ip link set lo up
"$RECORD_NODE" "$RECORD_BUNDLE" $(echo "$RECORD_PLANS" | tr , ' ')
sync
"$RECORD_NODE" -e 'require("koffi").load(null).func("int reboot(int)")(0x4321fedc)'
