"""Media with package repositories, laid out as those of each family, made by xorriso.

They boot nothing: what is on them is what their list of packages is read from.
"""

import bz2
import gzip
import hashlib
import lzma
import subprocess
from collections.abc import Iterable
from pathlib import Path

import msgspec

from tests.bench.packages.repodata import comps, modules, numbered, primary

_REPO = "http://linux.duke.edu/metadata/repo"
_LABELS = {
    "el7": "CentOS 7 x86_64",
    "el8": "Rocky-8-10-x86_64-dvd",
    "el9": "Rocky-9-8-x86_64-dvd",
    "el10": "Rocky-10-2-x86_64-dvd",
    "fedora": "Fedora-S-dvd-x86_64-44",
    "network": "Rocky-9-8-x86_64-dvd",
}
LAYOUTS = tuple(each for each in _LABELS if each != "network")
"""Those that have packages."""


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """What is in one repository."""

    names: tuple[str, ...]
    """Of packages, see repodata.primary."""
    groups: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    """Each is ID=NAME."""
    modules: tuple[str, ...] = ()
    """Each is NAME:STREAM=PROFILE PROFILE."""
    packed: str = "gz"
    """The ending of its files: gz, bz2, xz, zst, or xml for what is not compressed."""


BASE = Contents(
    names=(
        "bash",
        "kernel",
        "glibc",
        "yum-utils",
        "chrony",
        "dracut-config-generic",
        "rsyslog-logrotate",
    ),
    groups=("core=Core", "standard=Standard"),
    environments=("minimal-environment=Minimal Install", "server=Server"),
)
MORE = Contents(
    names=("httpd", "nginx", "dnf-utils=yum-utils4 /usr/bin/repoquery", "qemu-guest-agent"),
    groups=("guest-agents=Guest Agents",),
    environments=("graphical-server-environment=Server with GUI",),
    modules=("perl:5.24=minimal common", "perl:5.30=common", 'nodejs:"18"=default'),
)


def medium(
    layout: str, folder: Path, *, base: Contents = BASE, more: Contents = MORE, name: str = ""
) -> Path:
    """Make an ISO of a layout in `folder`: EL 7's and Fedora's have one repository, others two."""
    tree = folder / f"{layout}-tree"
    (tree / "images/pxeboot").mkdir(parents=True)
    if layout in ("el7", "fedora"):
        both = {
            each: (*getattr(base, each), *getattr(more, each))
            for each in ("names", "groups", "environments", "modules")
        }
        repository(tree, msgspec.structs.replace(base, **both))
        (tree / ".treeinfo").write_text(_TREEINFO + _EL7 * (layout == "el7"))
    elif layout != "network":
        second = "Minimal" if layout == "el9" else "AppStream"
        repository(tree / "BaseOS", base)
        repository(tree / second, more)
        variants = "".join(
            f"[variant-{each}]\nid = {each}\nname = {each}\npackages = {each}/Packages\n"
            f"repository = {each}\ntype = variant\nuid = {each}\n\n"
            for each in ("BaseOS", second)
        )
        (tree / ".treeinfo").write_text(_TREEINFO + variants)
    return master(tree, folder / (name or f"{layout}.iso"), label=_LABELS[layout])


_TREEINFO = "[header]\ntype = productmd.treeinfo\nversion = 1.2\n\n[tree]\narch = x86_64\n\n"
_EL7 = "[variant-Server]\nid = Server\nrepository = repodata\npackages = Packages\n"


def master(tree: Path, target: Path, *, label: str) -> Path:
    """Make an ISO of a tree."""
    argv = ["xorriso", "-as", "mkisofs", "-quiet", "-R", "-J", "-V", label]
    subprocess.run([*argv, "-o", target, tree], check=True, capture_output=True)
    return target


def repository(folder: Path, contents: Contents, *, large: bool = False) -> None:
    """Write repodata/ of `contents` into the folder, its files named by their digests."""
    place = folder / "repodata"
    place.mkdir(parents=True, exist_ok=True)
    files = {"primary": ("primary.xml", primary(contents.names, large=large))}
    if contents.groups or contents.environments:
        files["group"] = ("comps.xml", comps(contents.groups, contents.environments))
    if contents.modules:
        files["modules"] = ("modules.yaml", modules(contents.modules))
    rows = "".join(
        _described(place, kind, name, text, contents.packed) for kind, (name, text) in files.items()
    )
    (place / "repomd.xml").write_text(f'<repomd xmlns="{_REPO}">\n{rows}</repomd>\n')


def _described(place: Path, kind: str, name: str, text: bytes, packed: str) -> str:
    content = text
    if packed != "xml":
        content, name = pack(text, packed), f"{name}.{packed}"
    digest = hashlib.sha256(content).hexdigest()
    (place / f"{digest}-{name}").write_bytes(content)
    return (
        f'  <data type="{kind}">\n    <checksum type="sha256">{digest}</checksum>\n'
        f'    <location href="repodata/{digest}-{name}"/>\n    <size>{len(content)}</size>\n'
        "  </data>\n"
    )


def pack(text: bytes, kind: str) -> bytes:
    """Compress as the tool of that ending does."""
    if kind == "zst":
        done = subprocess.run(["zstd", "-q", "-c"], input=text, capture_output=True, check=True)
        return done.stdout
    if kind == "xz":
        return lzma.compress(text)
    return bz2.compress(text) if kind == "bz2" else gzip.compress(text, mtime=0)


def large(count: int, folder: Path, *, names: Iterable[str], layout: str = "el9") -> Path:
    """Make an ISO with as many packages, split as on a DVD; `names` are others on it."""
    tree = folder / f"{layout}-large"
    first, second = (("", ""), ("BaseOS", "AppStream"))[layout not in ("el7", "fedora")]
    split = count if first == second else count // 6
    every = list(numbered(count - len(list(names))))
    base = msgspec.structs.replace(BASE, names=(*names, *every[:split]))
    repository(tree / first, base, large=True)
    if second:
        repository(
            tree / second, msgspec.structs.replace(MORE, names=tuple(every[split:])), large=True
        )
    return master(tree, folder / f"{layout}-large.iso", label=_LABELS[layout])
