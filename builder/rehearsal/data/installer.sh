#!/bin/sh
# Completes the system that installs: installer.sh TREE OUTPUT KERNEL-PACKAGE
# The kernel is only unpacked: the rehearsal makes its initramfs itself.
set -e
root=$1
output=$2
kernel=$3

mkdir -p "$root/var/cache/kernel/partial" "$output/kernel"
chroot "$root" apt-get --quiet --yes --no-install-recommends --download-only \
    -o Dir::Cache::Archives=/var/cache/kernel install "$kernel"
for package in "$root"/var/cache/kernel/linux-*.deb; do
    dpkg-deb --extract "$package" "$output/kernel"
done
rm -r "$root/var/cache/kernel"
