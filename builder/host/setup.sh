#!/bin/sh
# Make this machine able to run `make rehearsal` and `make test`: OS packages, then .venv.
# Runs before anything of the project is installed; a second run finds nothing to do.
# `setup.sh rehearsal` first looks whether a rehearsal is possible at all; `setup.sh browser` adds
# what tests of pages need.
set -eu

# Debian's name, EL's name ("-": not needed or not there; rehearsal ISOs are made, and all
# the tests pass, on Debian and Ubuntu only), what it is for.
# PYTHON stands for the interpreter that .venv will be made with.
packages() {
    cat <<'END'
gcc                    gcc                 compiles libvirt-python
libvirt-dev            libvirt-devel       compiles libvirt-python
pkgconf                pkgconf-pkg-config  compiles libvirt-python
PYTHON-dev             PYTHON-devel        compiles libvirt-python
PYTHON-venv            -                   makes .venv
gpgv                   gnupg2              checks the signatures of vendors' lists of checksums
libvirt-clients        libvirt-client      virsh, for a look by hand
libvirt-daemon-system  libvirt             runs the guests
openssh-client         openssh-clients     runs a profile's checks in a clone
openssl                openssl             hashes passwords
ovmf                   edk2-ovmf           UEFI for guests
qemu-system-x86        qemu-kvm            runs the guests
qemu-utils             qemu-img            makes and checks disks
swtpm                  swtpm               a TPM for guests (--tpm)
swtpm-tools            swtpm-tools         a TPM for guests (--tpm)
dosfstools             -                   rehearsal ISO: the EFI boot image
grub-common            -                   rehearsal ISO: the EFI boot loader
grub-efi-amd64-bin     -                   rehearsal ISO: the EFI boot loader
grub-pc-bin            -                   rehearsal ISO: the BIOS boot loader of EL 10's layout
isolinux               -                   rehearsal ISO: the BIOS boot loader of EL 7's layout
isomd5sum              -                   rehearsal ISO: the media check
mmdebstrap             -                   rehearsal ISO: the systems on it
mtools                 -                   rehearsal ISO: fills the EFI boot image
squashfs-tools         -                   rehearsal ISO: stage 2
syslinux-common        -                   rehearsal ISO: the BIOS boot menu
syslinux-utils         -                   rehearsal ISO: boots from USB sticks too
xorriso                -                   rehearsal ISO: puts it together
xz-utils               -                   rehearsal ISO: kernel modules of newer distributions
zstd                   -                   rehearsal ISO: kernel modules of newer distributions
fdisk                  util-linux          tests: an independent look at partitions
gnupg                  gnupg2              tests: makes keys, and reads vendors'
gdisk                  gdisk               tests: an independent look at partitions
genisoimage            -                   tests: ISOs as CentOS makes them
grub-pc-bin            -                   tests: ISOs as CentOS Stream 10 makes them
libarchive-tools       bsdtar              tests: an independent reader of ISOs
p7zip-full             -                   tests: an independent reader of VMDK and VHDX
createrepo-c           -                   tests: package repositories
rpm                    -                   tests: packages for them
dnf                    -                   tests: an independent judge of updates
skopeo                 -                   tests: reads containerDisks
umoci                  -                   tests: reads containerDisks
shellcheck             -                   tests: lints this script
END
}

say() { printf '%s\n' "$*"; }

fail() {
    printf 'error: %s\nhint: %s\n' "$1" "$2" >&2
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

# Not by looking for apt-get or dnf: Debian has a package dnf, and Fedora a package apt.
find_family() {
    # shellcheck disable=SC1091  # this system's
    case " $(. /etc/os-release && say "$ID ${ID_LIKE:-}") " in
        *" debian "* | *" ubuntu "*) say debian ;;
        *" rhel "* | *" fedora "*) say el ;;
        *)
            fail "This system is no relative of Debian or EL." \
                "See builder/host/setup.sh for what is needed."
            ;;
    esac
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

may_rehearse() {
    if [ "$(id -u)" != 0 ]; then
        fail "Making a rehearsal ISO needs root." \
            "sudo make rehearsal; or, after make setup, take one that root has made: \
.venv/bin/builder build rehearsal --iso FILE"
    fi
}

may_install() {
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
        fail "Only root can install packages, and there is no sudo." \
            "Have root install those above, then come again."
    fi
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
        quietly as_root apt-get update
        quietly as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install --yes --no-install-recommends "$@"
    else
        quietly as_root dnf install --assumeyes --setopt=install_weak_deps=False "$@"
    fi
}

# What package managers say fills screens, and matters only when they fail.
quietly() {
    if ! "$@" >"$scratch/log" 2>&1; then
        cat "$scratch/log" >&2
        fail "The packages cannot be installed, for the reason above." \
            "Mend that, or install them by hand. EL has libvirt-devel in its CRB repository."
    fi
}

set_up_system() {
    missing >"$scratch/missing"
    if [ ! -s "$scratch/missing" ]; then return; fi
    say "These OS packages are missing here; installing them takes a minute or two:"
    while read -r name reason; do
        printf '  %-22s %s\n' "$name" "$reason"
    done <"$scratch/missing"
    may_install
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

# Beside what everybody needs: half a gigabyte, by which tests look at pages as a browser shows them.
# Debian calls it so; Ubuntu has no such package.
set_up_browser() {
    if ! command -v chromium >/dev/null; then
        say "Installing Chromium."
        may_install
        install_packages chromium
    fi
    pip install playwright
}

pip() { .venv/bin/python -m pip --disable-pip-version-check --quiet "$@"; }

if [ "${1:-}" = rehearsal ]; then may_rehearse; fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python=$(find_python)
family=$(find_family)
set_up_system
set_up_venv
if [ "${1:-}" = browser ]; then set_up_browser; fi
