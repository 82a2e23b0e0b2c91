#!/bin/sh
# The first process of a user-mode-linux guest: the root is the host's, read-only; what programs write goes to memory. Then
# it is a shell without a prompt: one command line in, its output and a line with its exit code back.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C TZ=UTC HOME=/run
stty -echo -onlcr
mount -t proc proc /proc
mount -t sysfs sys /sys
for folder in /run /var/log /var/lib/nginx; do mount -t tmpfs tmp "$folder"; done
"$GUEST_NODE" "$GUEST_MODULES" $(echo "$GUEST_WANTED" | tr , ' ') || exit 1
ip link set lo up
ip link set vec0 name eth0
ip link set eth0 up
for address in $(echo "$GUEST_ADDRESSES" | tr , ' '); do ip address add "$address" dev eth0; done
echo '<<ready>>'
while IFS= read -r line; do
  sh -c "$line" 2>&1
  echo "<<exit $?>>"
done
