#!/bin/sh
#
# Process 1 of a machine of the tests: init.sh NAME DISK [COROSYNC.CONF]
#
# The machine sees the files of this one. What it changes in /etc, /usr and /var it keeps on
# its disk, a folder, so that it finds that again when it is switched on the next time.
set -eu
name=$1 disk=$2 cluster=${3-}

hostname "$name"
for folder in etc usr var; do
    mkdir -p "$disk/$folder" "$disk/work/$folder"
    options=lowerdir=/$folder,upperdir=$disk/$folder,workdir=$disk/work/$folder
    mount -t overlay -o "$options" overlay "/$folder"
done
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /dev/shm
mkdir -p /run/lock
touch /run/booted

# The parts of a cluster, if the machine belongs to one.
if [ -n "$cluster" ]; then
    mkdir -p /etc/corosync /var/log/corosync /var/log/crmsh /var/log/pacemaker
    install -d -m 1755 /run/resource-agents
    install -d -o hacluster -g haclient -m 0750 /run/crm /var/lib/pacemaker/cib
    install -o hacluster -g haclient -m 0600 "${0%/*}/cib.xml" /var/lib/pacemaker/cib
    cp "$cluster" /etc/corosync/corosync.conf
    # Whoever made this machine plugs its cables in.
    until ip -brief link show eth1 2>/dev/null | grep -q UP; do
        sleep 0.05
    done
    corosync -f >/var/log/corosync/output 2>&1 &
    until corosync-cfgtool -s >/dev/null 2>&1; do
        sleep 0.1
    done
    pacemakerd -f >/var/log/pacemaker/output 2>&1 &
fi

# Orphans become children of this process, which takes note of their end.
while wait; do
    sleep 1
done
