#!/bin/sh
# Completes the system that gets installed: target.sh TREE OUTPUT OFFERED-PACKAGE...
# Three things are as on EL and not as on Debian: wheel may use sudo, sshd makes its host keys when
# it first starts (one: an RSA key takes an emulated processor most of a minute to find), and no boot
# waits for a network.
set -e
root=$1
output=$2
shift 2

echo '%wheel ALL=(ALL) ALL' >"$root/etc/sudoers.d/wheel"
chmod 0440 "$root/etc/sudoers.d/wheel"
rm -f "$root"/etc/ssh/ssh_host_*
mkdir -p "$root/etc/systemd/system/ssh.service.d"
cat >"$root/etc/systemd/system/ssh.service.d/keys.conf" <<'END'
[Service]
ExecStartPre=
ExecStartPre=/bin/sh -c '[ -e /etc/ssh/ssh_host_ed25519_key ] || ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key'
ExecStartPre=/usr/sbin/sshd -t
END
chroot "$root" systemctl disable --quiet systemd-networkd.service systemd-networkd-wait-online.service

# One small initramfs for every virtual machine, so that no installation has to make its own.
echo 'RESUME=none' >"$root/etc/initramfs-tools/conf.d/resume"
echo 'MODULES=list' >"$root/etc/initramfs-tools/conf.d/modules"
cat >>"$root/etc/initramfs-tools/modules" <<'END'
virtio_pci
virtio_blk
virtio_scsi
sd_mod
ata_piix
nvme
xfs
ext4
dm_mod
END
for kernel in "$root"/lib/modules/*; do
    chroot "$root" update-initramfs -c -k "${kernel##*/}"
done

# Nothing to bring up to date at the first boot, and no ext4 snapshots to look for.
touch "$root/etc/.updated" "$root/var/.updated"
chroot "$root" systemctl disable --quiet e2scrub_reap.service e2scrub_all.timer

# systemd-resolved has made this a link to a file that only a running system has.
cp --remove-destination /etc/resolv.conf "$root/etc/resolv.conf"
mkdir -p "$root/var/cache/offered/partial" "$output/packages"
chroot "$root" apt-get --quiet --yes --no-install-recommends --download-only \
    -o Dir::Cache::Archives=/var/cache/offered install "$@"
mv "$root"/var/cache/offered/*.deb "$output/packages/"
rm -r "$root/var/cache/offered"
# The options that made this system small are none of the installed system's business.
rm "$root/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
chroot "$root" dpkg-query --show --showformat '${Package}\n' >"$output/installed"
