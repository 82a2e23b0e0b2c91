# Starts systemd in a guest, in a process and a mount namespace of its own: the guest's first process stays the shell that the test
# talks to. The file system is the host's, read-only; /etc, /run, /tmp and /var are copies in memory or empty.
# `sh guest-systemd.sh UNIT ENTRY NODE` installs UNIT, with `lantwin` a program that runs ENTRY.
set -e
unit=$1 entry=$2 node=$3
mount -t devtmpfs dev /dev 2>/dev/null || true
repository=$(dirname "$(dirname "$unit")")
# Seen at /mnt, which neither this nor the unit's private /tmp hides: the clone may lie below /tmp.
mount --bind "$repository" /mnt
unit=/mnt${unit#"$repository"} entry=/mnt${entry#"$repository"}
for folder in /tmp /var/lib /usr/local/sbin; do mount -t tmpfs tmp "$folder"; done
mkdir -p /run/etc /run/systemd/system
cp -a /etc/passwd /etc/group /etc/nsswitch.conf /etc/ld.so.cache /etc/iproute2 /run/etc/ 2>/dev/null || true
mount --bind /run/etc /etc
mkdir -p /etc/keepalived /etc/default
echo 0123456789abcdef0123456789abcdef >/etc/machine-id
printf '[Unit]\nDescription=the lab\nDefaultDependencies=no\n' >/run/systemd/system/lab.target
cp "$unit" /run/systemd/system/lantwin.service
# What npm would install: a command of that name; its first word is `daemon`.
printf '#!/bin/sh\nshift\nexec "%s" "%s" "$@"\n' "$node" "$entry" >/usr/local/sbin/lantwin
chmod 755 /usr/local/sbin/lantwin
cat >/run/start-systemd.sh <<'END'
mount -t proc proc /proc
mount -t cgroup2 cgroup /sys/fs/cgroup
mount --bind /dev/null /dev/console
container=uml exec /lib/systemd/systemd --unit=lab.target --log-target=kmsg --show-status=no
END
unshare --pid --fork --mount --propagation unchanged --cgroup sh /run/start-systemd.sh \
  </dev/null >/run/systemd.log 2>&1 &
