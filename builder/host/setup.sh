#!/bin/sh
# Make this machine able to run `make rehearsal` and `make test`: OS packages, then .venv.
# Runs before anything of the project is installed; a second run finds nothing to do.
set -eu

# Debian's name, EL's name ("-": not needed or not there), what it is for.
# PYTHON stands for the interpreter that .venv will be made with.
packages() {
    cat <<'END'
gcc                    gcc                         compiles libvirt-python
libvirt-dev            libvirt-devel               compiles libvirt-python
pkg-config             pkgconf-pkg-config          compiles libvirt-python
PYTHON-dev             PYTHON-devel                compiles libvirt-python
PYTHON-venv            -                           makes .venv
libvirt-clients        libvirt-client              virsh, for a look by hand
libvirt-daemon-system  libvirt                     runs the guests
ovmf                   edk2-ovmf                   UEFI for guests
qemu-system-x86        qemu-kvm                    runs the guests
qemu-utils             qemu-img                    makes and checks disks
dosfstools             dosfstools                  rehearsal ISO: the EFI boot image
grub-common            grub2-tools                 rehearsal ISO: the EFI boot loader
grub-efi-amd64-bin     grub2-efi-x64-modules       rehearsal ISO: the EFI boot loader
grub-pc-bin            grub2-pc-modules            rehearsal ISO: the guest's boot loader
isolinux               syslinux                    rehearsal ISO: the BIOS boot loader
isomd5sum              isomd5sum                   rehearsal ISO: the media check
mmdebstrap             -                           rehearsal ISO: its system (Debian and Ubuntu only)
mtools                 mtools                      rehearsal ISO: the EFI boot image
openssl                openssl                     rehearsal ISO: password hashes
squashfs-tools         squashfs-tools              rehearsal ISO: stage 2
syslinux-common        syslinux                    rehearsal ISO: the BIOS boot loader
syslinux-utils         syslinux                    rehearsal ISO: boots from USB sticks too
xfsprogs               xfsprogs                    rehearsal ISO: file systems
xorriso                xorriso                     rehearsal ISO: puts it together
gdisk                  gdisk                       tests: an independent look at partitions
genisoimage            genisoimage                 tests: ISOs as CentOS makes them
libarchive-tools       bsdtar                      tests: an independent ISO reader
shellcheck             ShellCheck                  tests: lints this script and kickstarts
END
}

say() { printf '%s\n' "$*"; }

fail() {
    say "error: $1" "hint: $2" >&2
    exit 4
}

# The system's own Python comes first: its headers and venv module can be installed as packages.
find_python() {
    for candidate in /usr/bin/python3 /usr/bin/python3.[1-9][0-9] python3 \
        python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    fail "No Python 3.11 or newer was found." "Install python3.11, or put a newer one on PATH."
}

find_family() {
    if command -v apt-get >/dev/null; then
        say debian
    elif command -v dnf >/dev/null; then
        say el
    else
        fail "Neither apt-get nor dnf was found." "See builder/host/setup.sh for what is needed."
    fi
}

# Lines of "name reason..." for this family and interpreter; one per package.
wanted() {
    case $python in
        /usr/bin/*) own=${python##*/} ;;
        *) own='' ;;  # brings its own headers and venv module
    esac
    column=1
    if [ "$family" = el ]; then column=2; fi
    packages | awk -v column="$column" -v own="$own" '
        { name = $column; $1 = $2 = ""; sub(/^ */, "") }
        name ~ /^PYTHON/ && own == "" { next }
        { sub(/^PYTHON/, own, name) }
        name != "-" && !seen[name]++ { print name, $0 }'
}

installed() {
    if [ "$family" = debian ]; then
        dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' 2>/dev/null \
            | sed -n 's/^installed //p'
    else
        rpm --query --all --queryformat '%{NAME}\n'
    fi
}

missing() {
    installed >"$scratch/installed"
    wanted | awk 'NR == FNR { have[$1]; next } !($1 in have)' "$scratch/installed" -
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

install_packages() {
    if [ "$family" = debian ]; then
        as_root apt-get update --quiet
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install --quiet --yes --no-install-recommends "$@"
    else
        as_root dnf install --assumeyes --setopt=install_weak_deps=False "$@"
    fi
}

set_up_system() {
    missing >"$scratch/missing"
    if [ ! -s "$scratch/missing" ]; then return; fi
    say "Installing OS packages that are missing here:"
    while read -r name reason; do
        printf '  %-22s %s\n' "$name" "$reason"
    done <"$scratch/missing"
    # shellcheck disable=SC2046  # one word a package
    install_packages $(cut -d ' ' -f 1 "$scratch/missing")
}

set_up_venv() {
    stamp=$(cat requirements.lock pyproject.toml | cksum)
    if [ "$(cat .venv/.set-up 2>/dev/null)" = "$stamp" ]; then return; fi
    say "Filling .venv with the versions in requirements.lock."
    if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
        "$python" -m venv --clear .venv
    fi
    pip install --require-hashes --requirement requirements.lock
    pip install --no-deps --no-build-isolation --editable .
    say "$stamp" >.venv/.set-up
}

pip() { .venv/bin/python -m pip --disable-pip-version-check --quiet "$@"; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python=$(find_python)
family=$(find_family)
set_up_system
set_up_venv
