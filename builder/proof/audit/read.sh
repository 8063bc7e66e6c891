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

mount_read_only() {  # DEVICE FOLDER
    case $(type_of "$1") in
        xfs) options=ro,norecovery,nouuid ;;
        ext*) options=ro,noload ;;
        btrfs | vfat) options=ro ;;
        *) return 1 ;;
    esac
    mount -o "$options" "$1" "$2"
}

mount_root() {
    for device in $(devices); do
        mount_read_only "$device" "$work/tree" || continue
        [ ! -f "$work/tree/etc/fstab" ] || return 0
        umount "$work/tree"
    done
    return 1
}

mount_others() {
    while read -r name folder kind _rest; do
        case $name in
            UUID=*) device=$(blkid -U "${name#*=}") ;;
            LABEL=*) device=$(blkid -L "${name#*=}") ;;
            /dev/*) device=$name ;;
            *) continue ;;
        esac
        case $folder in /?*) ;; *) continue ;; esac
        mount_read_only "$device" "$work/tree$folder" || fail "$folder ($name, $kind) cannot be read"
    done <"$work/tree/etc/fstab"
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

mkdir -p "$work/tree" "$work/facts"
cd "$work" || fail "there is no room"
find_disks || fail "the disks are not there"
mount_root || fail "no file system with an /etc/fstab was found"
mount_others
note_swap
list_files
tar --create --file "$archive" --format=pax --null --files-from=contents facts || fail "tar failed"
sync
printf '\n{"builder":1,"nonce":"@NONCE@","result":"success"}\n' >"$port"
end
