# The installer's system reads the disk that it is given read-only, and writes its files as a tar
# archive over the other disk. Then the host hears the nonce, and the machine ends.
port=/dev/virtio-ports/@PORT@
work=/run/builder-audit
no_udev='activation { udev_sync=0 udev_rules=0 }'

fail() {
    printf '\n{"builder":1,"nonce":"@NONCE@","result":"failure","stage":"audit","log_base64":"%s"}\n' \
        "$(printf %s "$1" | base64 -w 0)" >"$port"
    end
}

# Not every installer has poweroff(8).
end() {
    poweroff -f || echo o >/proc/sysrq-trigger
    sleep 600
}

find_disks() {
    for disk in /sys/block/sd*; do
        if [ "$(cat "$disk/ro")" = 1 ]; then
            image=${disk##*/}
        else
            archive=/dev/${disk##*/}
        fi
    done
    [ -n "$image" ] && [ -n "$archive" ]
}

devices() {
    for node in "/sys/block/$image" "/sys/block/$image/$image"*; do
        [ ! -b "/dev/${node##*/}" ] || echo "/dev/${node##*/}"
    done
    lvm vgs --noheadings -o name 2>/dev/null | while read -r group; do
        lvm vgchange --quiet -ay --config \
            "$no_udev activation { read_only_volume_list=[\"$group\"] }" "$group" >&2
    done
    lvm vgmknodes >&2
    for node in /dev/mapper/*; do
        [ ! -b "$node" ] || echo "$node"
    done
}

type_of() { blkid -p -o value -s TYPE "$1"; }

mount_read_only() {  # DEVICE FOLDER [OPTION]
    case $(type_of "$1") in
        xfs) options=ro,norecovery,nouuid ;;
        ext*) options=ro,noload ;;
        btrfs) options=ro${3:+,$3} ;;
        vfat) options=ro ;;
        *) return 1 ;;
    esac
    mount -o "$options" "$1" "$2"
}

# On btrfs the system is in a subvolume, which Fedora calls root.
mount_root() {
    for device in $(devices); do
        mount_read_only "$device" "$work/tree" || continue
        [ ! -f "$work/tree/etc/fstab" ] || return 0
        for fstab in "$work"/tree/*/etc/fstab; do
            subvolume=${fstab%/etc/fstab}
        done
        umount "$work/tree"
        [ "$(type_of "$device")" = btrfs ] || continue
        mount_read_only "$device" "$work/tree" "subvol=${subvolume##*/}" || continue
        [ ! -f "$work/tree/etc/fstab" ] || return 0
        umount "$work/tree"
    done
    return 1
}

# fstab(5) writes blanks as \040; the value of a tag may have quotes; the last line may have no end.
# Whatever the order of the lines, what is below something else is mounted after it.
mount_others() {
    while read -r name folder kind options _rest || [ -n "$name" ]; do
        case $name in '#'*) continue ;; esac
        case $folder in /?*) printf "%s\n" "$folder $name $kind $options" ;; esac
    done <"$work/tree/etc/fstab" | LC_ALL=C sort | while read -r folder name kind options; do
        folder=$(plain "$folder")
        device=$(device_of "$(plain "$name")")
        [ "$device" != none ] || continue
        subvolume=$(echo "$options" | tr , '\n' | grep -E '^subvol(id)?=' | tr '\n' ,)
        mount_read_only "$device" "$work/tree$folder" "${subvolume%,}" && continue
        # A CD drive; a disk that other machines have, or the network.
        case $options in *noauto*) continue ;; *nofail* | *_netdev*) [ -b "$device" ] || continue ;; esac
        fail "$folder ($name, $kind) cannot be read"
    done
}

plain() {  # WORD
    printf '%b\n' "$(printf %s "$1" | sed -e 's/\\/\\\\/g' -e 's/\\\\\([0-7][0-7][0-7]\)/\\0\1/g')"
}

device_of() {  # NAME: none for what is on no disk
    value=$(printf %s "${1#*=}" | tr -d "\"'")
    case $1 in
        UUID=*) blkid -U "$value" ;;
        LABEL=*) blkid -L "$value" ;;
        PARTUUID=* | PARTLABEL=*) blkid -l -t "${1%%=*}=$value" -o device ;;
        /dev/*) printf "%s\n" "$1" ;;
        *) echo none ;;
    esac
}

# How many bytes of each device may hold something: all but what its file system calls free. In vfat
# and in blocks of less than 4 KiB those are zeros. What is on no file system may be anything.
note_used() {
    for device in $(devices); do
        size=$(blockdev --getsize64 "$device")  # without udev, nodes of LVM are no links to dm-0
        case $(type_of "$device") in
            LVM2_member) size=0 ;;
            swap) grep -q "^$device [^0]" "$work/facts/swap" || size=4096 ;;
            ext* | xfs | btrfs)
                if mount_read_only "$device" "$work/one"; then
                    size=$((size - $(free_in "$work/one")))
                    umount "$work/one"
                fi
                ;;
        esac
        [ "$device" != "/dev/$image" ] || ! partitioned || size=0
        echo "$size $device"
    done >"$work/facts/used"
}

free_in() {  # FOLDER
    stat -f -c '%S %f' "$1" | while read -r block free; do
        [ "$block" -ge 4096 ] || free=0
        echo "$((block * free))"
    done
}

partitioned() {
    for node in "/sys/block/$image/$image"*; do
        [ ! -e "$node" ] || return 0
    done
    return 1
}

# Whether firmware that knows no boot entry finds something to boot.
note_fallback() {
    for device in $(devices); do
        [ "$(type_of "$device")" = vfat ] || continue
        mount_read_only "$device" "$work/one" || continue
        found=no
        [ ! -s "$work/one/EFI/BOOT/BOOTX64.EFI" ] || found=yes
        echo "$found $device"
        umount "$work/one"
    done >"$work/facts/fallback"
}

note_swap() {
    for device in $(devices); do
        [ "$(type_of "$device")" = swap ] || continue
        # Its first page is the header.
        echo "$device $(tail -c +4097 "$device" | tr -d '\000' | head -c 1 | wc -c)"
    done >"$work/facts/swap"
}

list_files() {
    # One record a name, each field ended by a NUL. Contents only of what people and services write,
    # and no large ones: the rest came out of packages. find complains of files without a label.
    find tree -printf '%y\0%m\0%s\0%Z\0%p\0' >facts/list 2>/dev/null || :
    for folder in boot etc home opt root srv tmp usr/local var; do
        [ ! -d "tree/$folder" ] || find "tree/$folder" -type f -size -1025k -print0
    done >contents
}

mkdir -p "$work/tree" "$work/one" "$work/facts"
cd "$work" || fail "there is no room"
find_disks || fail "the disks are not there"
mount_root || fail "no file system with an /etc/fstab was found"
mount_others
note_swap
note_used
note_fallback
list_files
tar --create --file "$archive" --format=pax --null --files-from=contents facts || fail "tar failed"
sync
printf '\n{"builder":1,"nonce":"@NONCE@","result":"success"}\n' >"$port"
end
