"""What is thought of a host, for a build: values in, a remark out.

What makes the build impossible is raised, as the error that it would end with.
"""

from datetime import date
from pathlib import Path

from builder.errors import ConfigError, HostError
from builder.model.build import BuildOrder
from builder.model.release import Release
from builder.recipes.remarks import Remark, judged
from builder.releases import life

_GIB, _MIB = 1 << 30, 1 << 20
_OVERLAY_MIB = 64
"""The medium, where it is an overlay: EL 10's is 6 MB, a kickstart's less than one."""
_QEMU_MIB = 300
"""What a guest's process needs beside the guest's memory."""
_LEVELS = {
    2: frozenset({"cx16", "lahf_lm", "pni", "popcnt", "sse4_1", "sse4_2", "ssse3"}),
    3: frozenset({"abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"}),
}
"""What x86-64-v2 and -v3 add, as Linux calls it (pni is SSE3, abm has LZCNT)."""
OLD = frozenset(
    """486 pentium pentium2 pentium3 pentiumpro coreduo n270 core2duo athlon phenom
    qemu32 qemu64 kvm32 kvm64 cpu64-rhel5 cpu64-rhel6 Conroe Penryn
    Opteron_G1 Opteron_G2 Opteron_G3""".split()  # noqa: SIM905  # shorter than a list, one a line
)
NEWER = frozenset(
    "Nehalem Westmere SandyBridge IvyBridge Opteron_G4 Opteron_G5 Snowridge".split()  # noqa: SIM905
)
"""Models of processors, as libvirt has them, of less than x86-64-v2, and of v2 but not v3; each may
have -IBRS behind it. All others have v3."""


def support(release: Release, today: date) -> Remark:
    """Judge until when a release gets updates."""
    if told := life.notice(release, today):
        return judged("support", told, fine=False, hint="What is found in it stays open.")
    if release.end_of_life is None:
        return judged("support", f"{release.title}: nobody knows until when it gets updates.")
    return judged("support", f"{release.title} gets updates until {release.end_of_life}.")


def model(order: BuildOrder) -> Remark:
    """Judge the model that an emulator shows its guests."""
    release, needed = order.release, order.release.facts.cpu_level
    if level(release.emulated_cpu) < needed:
        raise ConfigError(
            f"{release.title} needs x86-64-v{needed}, which an emulated {release.emulated_cpu} "
            "does not have.",
            hint='Write emulated_cpu = "Haswell-noTSX" into its row: that has v3.',
        )
    detail = f"emulated as {release.emulated_cpu}; it needs x86-64-v{needed}."
    return judged("processor", detail)


def level(name: str) -> int:
    """Return the x86-64 level of a model."""
    bare = name.removesuffix("-IBRS")
    return 1 if bare in OLD else 2 if bare in NEWER else 3


def processor(order: BuildOrder, cpuinfo: str) -> Remark:
    """Judge the text of /proc/cpuinfo: what the host has its guests have."""
    needed = order.release.facts.cpu_level
    lines = (line.partition(":") for line in cpuinfo.splitlines())
    flags = next((rest.split() for name, _, rest in lines if name.strip() == "flags"), [])
    wanted = {each for at in range(2, needed + 1) for each in _LEVELS[at]}
    if lacking := sorted(wanted - set(flags)):
        raise HostError(
            f"{order.release.title} needs a processor of x86-64-v{needed}; this one has no "
            f"{', '.join(lacking)}.",
            hint="Build it on a newer host, or a release that runs here.",
        )
    return judged("processor", f"the processor has what x86-64-v{needed} needs.")


def network(order: BuildOrder, name: str) -> Remark:
    """Judge what guests are plugged into."""
    if name != "none" or not order.medium.network:
        return judged("network", f"{name}.")
    text = f"{order.medium.file} has no packages, and guests have no network to get them by."
    hint = 'Write network = "user" into builder.toml, or build from another --medium.'
    if order.kickstart.own:  # which may have them from a disk
        return judged("network", text, fine=False, hint=hint)
    raise ConfigError(text, hint=hint)


def memory(asked_mib: int, available: int) -> Remark:
    """Judge what the host has free, in bytes, for a guest and its process."""
    fine = available >= (asked_mib + _QEMU_MIB) * _MIB
    detail = f"{available / _GIB:.1f} GiB available, for a guest of {asked_mib / 1024:.1f} GiB."
    hint = "It may swap, or end the guest: stop something, or give less by --memory-mib."
    return judged("memory", detail if fine else f"The host has {detail}", fine=fine, hint=hint)


def store(capacity: int, path: Path, free: int) -> Remark:
    """Judge the bytes that are free for the disk; it takes what is written to it, and no more."""
    detail = f"{free / _GIB:.1f} GiB free in {path}, for a disk of {capacity / _GIB:.0f} GiB."
    hint = "A small system fits, a full disk does not: make room, or a smaller --disk-gib."
    return judged("store pool", detail, fine=free >= capacity, hint=hint)


def iso(title: str, size: int, path: Path, *, free: int) -> Remark:
    """Judge the bytes that are free for the ISO, of which `size` are still to come."""
    needed = size + _OVERLAY_MIB * _MIB
    if free >= needed:
        return judged("iso pool", f"{free / _GIB:.1f} GiB free in {path}.")
    detail = f"{path} has {free / _MIB:.0f} MiB free; {title} takes {needed / _MIB:.0f} there."
    hint = "Make room, unless the file system shares blocks of files that are alike."
    return judged("iso pool", detail, fine=False, hint=hint)
