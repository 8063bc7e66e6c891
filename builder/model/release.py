"""What can be installed."""

from datetime import date
from typing import Annotated, Literal

import msgspec

# \Z, since $ would let a line end follow.
Digest = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{64})?\Z")]
FileName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\Z")]
Fingerprint = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-F]{40}\Z")]
Line = Annotated[str, msgspec.Meta(pattern=r"^[^\x00-\x1f\x7f]*\Z")]
"""What goes into lines of kickstarts and menus of boot loaders, and ends none of them."""
Word = Annotated[str, msgspec.Meta(pattern=r"^[^\s\x00-\x1f\x7f]+\Z")]
"""One of several on such a line."""
Positive = Annotated[int, msgspec.Meta(gt=0)]
MOST_MIB = 1 << 20
"""Memory of a guest that installs: a TiB. What is more was meant as KiB or bytes."""
MOST_VCPUS = 4096
"""What KVM can be built for at most (Linux's KVM_MAX_NR_VCPUS)."""
MOST_GIB = 8192
"""Where a qcow2 with clusters of 4 KiB ends, which builds install to: QEMU takes no table of more
than 32 MiB for it."""
Memory = Annotated[int, msgspec.Meta(gt=0, le=MOST_MIB)]
Processors = Annotated[int, msgspec.Meta(gt=0, le=MOST_VCPUS)]
Disk = Annotated[int, msgspec.Meta(gt=0, le=MOST_GIB)]
Firmware = Literal["bios", "uefi", "hybrid"]
"""How an image boots; hybrid is both."""


class Medium(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ISO of a release."""

    file: FileName
    sha256: Digest = ""
    """64 hex digits; empty for a medium that we make ourselves (the rehearsal)."""
    size: Positive | None = None
    """Bytes, where a reliable source gives them."""
    network: bool = False
    """True when the ISO holds no packages, so that the kickstart must name a URL."""
    urls: tuple[str, ...] = ()
    """Folders that hold the file, where they are not the release's."""


class Checksums(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The vendor's list of its media's digests, and whose signature it has."""

    file: str
    """Its name beside the ISO, or its whole address; {file} stands for the ISO's name."""
    signature: Literal["", "inline", "sig", "asc"] = ""
    """Where the signature is: in the list itself (clear-signed), or in a file of its own whose name
    is the list's and this ending. Empty where the vendor signs none."""
    keys: tuple[Fingerprint, ...] = ()
    """The keys that may have signed it, each by the fingerprint of its primary key."""
    weak_keys: tuple[Fingerprint, ...] = ()
    """Those of them whose vendors have no copy that has signed itself with more than SHA-1."""
    key_files: tuple[str, ...] = ()
    """Names of files that hold them where a host has them, such as RPM-GPG-KEY-Rocky-9."""
    key_urls: tuple[str, ...] = ()
    """Where the vendor publishes them."""


class Facts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a family's installer, and the systems that it installs, differ from others'."""

    on_failure: tuple[Literal["onerror", "traceback"], ...] = ("onerror",)
    """Sections that it runs when it fails. EL 7 knows %onerror since 7.4 (rhbz#1412538), but in
    cmdline mode it does not run it (https://github.com/rhinstaller/anaconda/pull/3974); earlier
    ones stop at it. pykickstart of EL 9 calls %traceback deprecated."""
    gpt: bool = True
    """Whether disks get a GPT with BIOS as well: always from EL 10 on, on our request before."""
    package_options: tuple[Word, ...] = ()
    """Options of %packages."""
    language_option: str = ""
    """The one by which packages are told whose translations to bring; empty where there is none."""
    langpacks: bool = True
    """Whether glibc's locales are packages of their own, one a language."""
    timesource: bool = True
    """Whether servers of the time are a command of their own, not an option of timezone."""
    kdump_addon: bool = True
    """Whether media have Anaconda's add-on for kdump, which must be told not to take memory."""
    bls: bool = True
    """Whether the boot loader's entries are files of their own (the Boot Loader Specification)."""
    cpu_level: Literal[1, 2, 3] = 1
    """The x86-64 level that its programs are made for: with less, init dies."""
    least_mib: Positive = 512
    """Of memory, below which the installer stops."""
    least_network_mib: Positive = 1280
    """The same where the medium holds no packages: stage 2 is then in memory."""


class Release(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row of the catalogue, with what it has of its family."""

    name: str
    family: str
    """Such as el9: what its members share."""
    kin: tuple[str, ...] = ()
    """The releases that it extends or is a minor version of, nearest first: what is for them, such
    as a profile, is for it as well."""
    title: Line
    version: Line
    arch: str = "x86_64"
    """As in names of files; the processor's kind is always x86_64."""
    end_of_life: date | None = None
    """The last day on which it gets updates; None where nobody knows."""
    followed_by: Line = ""
    """The newest version, where this is a minor one before it: vendors update that alone, but for
    what they, or others, sell. When it ended is not in the catalogue."""
    syntax: str
    """pykickstart's name of the kickstart syntax, such as RHEL7."""
    facts: Facts = Facts()
    volume_id: Line
    other_volume_ids: tuple[Line, ...] = ()
    """What other media of this release have; * stands for anything."""
    osinfo: str
    """libosinfo's identifier, which virt-manager and cockpit understand."""
    kickstart: FileName
    """Template file under kickstarts/."""
    urls: tuple[str, ...] = ()
    """Folders that hold the ISO files, best first; none where people bring the ISO themselves."""
    checksums: Checksums | None = None
    minors: bool = False
    """Whether NAME.N is the release's minor version N, found in the same folders."""
    rolling: bool = False
    """Whether files keep their names when their contents change."""
    repositories: dict[str, str] = {}
    """Package repositories by their ids, first the one to install from: for media without packages,
    for more packages than a medium has, and for the installed system where its own are dead."""
    media: dict[str, Medium]
    default_medium: str
    memory_mib: Memory
    disk_gib: Disk
    vcpus: Processors = 2
    emulated_cpu: str = "qemu64"
    """Smallest CPU model that runs the release, for hosts without KVM."""
    installer_args: tuple[Word, ...] = ()
    """What the installer's kernel is given beside the kickstart and the console."""
    packages: tuple[Line, ...] = ()
    """%packages of the plain golden image."""
    variables: dict[str, object] = {}
    """Where the release wants other defaults than kickstarts/variables.toml."""
    made_here: bool = False
    """True for the rehearsal, whose ISO is made and not downloaded."""

    def least_mib(self, medium: str) -> int:
        """Return the memory below which the installer of a medium stops."""
        facts = self.facts
        return facts.least_network_mib if self.media[medium].network else facts.least_mib
