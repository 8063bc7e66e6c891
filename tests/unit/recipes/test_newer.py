"""Which packages have newer versions: tables of what is installed, and of what there is."""

from collections.abc import Iterable, Mapping

import pytest

from builder.media.modules import Modules
from builder.media.primary import Nevra
from builder.media.updateinfo import Advisory, Kind, Severity
from builder.model.evr import Evr
from builder.model.package import Package
from builder.recipes.newer import Newer, Offers, newer


def _split(text: str) -> tuple[str, str, str]:
    """Take NAME-[E:]V-R.ARCH apart."""
    rest, _, arch = text.rpartition(".")
    name, version, release = rest.rsplit("-", 2)
    return name, f"{version}-{release}", arch


def _nevra(text: str) -> Nevra:
    name, version, arch = _split(text)
    parts = Evr.parse(version)
    return Nevra(name, parts.epoch, parts.version, parts.release, arch)


def _packages(texts: Iterable[str]) -> list[Package]:
    parts = map(_split, texts)
    return [Package(kind="rpm", name=n, version=v, arch=a) for n, v, a in parts]


def _offers(
    texts: str = "",
    *,
    modules: Modules | None = None,
    advisories: Mapping[str, Advisory] | None = None,
) -> Offers:
    packages: dict[str, list[Nevra]] = {}
    for each in map(_nevra, texts.split()):
        packages.setdefault(each.name, []).append(each)
    told: dict[str, list[tuple[Nevra, Advisory]]] = {}
    for text, advisory in (advisories or {}).items():
        for each in map(_nevra, text.split()):
            told.setdefault(each.name, []).append((each, advisory))
    return Offers(
        packages=packages,
        modules=modules or Modules(),
        advisories=None if advisories is None else told,
    )


def _newer(installed: str, *several: Offers, **enabled: str) -> Newer:
    offers = {f"repo{number}": each for number, each in enumerate(several)}
    return newer(_packages(installed.split()), offers, enabled=enabled)


def _found(installed: str, offered: str, modules: Modules | None = None, **enabled: str) -> str:
    found = _newer(installed, _offers(offered, modules=modules), **enabled)
    return " ".join(f"{x.name}.{x.arch}:{x.installed}>{x.available}" for x in found.updates)


@pytest.mark.parametrize(
    ("installed", "offered", "found"),
    [
        ("a-1-1.x86_64", "a-1-1.x86_64", ""),
        ("a-1-1.x86_64", "a-2-1.x86_64", "a.x86_64:1-1>2-1"),
        ("a-1-1.x86_64", "a-2-1.x86_64 a-10-1.x86_64 a-9-1.x86_64", "a.x86_64:1-1>10-1"),
        ("a-2-1.x86_64", "a-1-1.x86_64", ""),
        ("a-2-1.x86_64", "a-1:1-1.x86_64", "a.x86_64:2-1>1:1-1"),
        ("a-1:1-1.x86_64", "a-2-1.x86_64", ""),
        ("a-1-1.x86_64", "b-2-1.x86_64", ""),
        ("a-1-1.x86_64", "", ""),
        # Architectures.
        ("a-1-1.x86_64", "a-2-1.i686", ""),
        ("a-1-1.x86_64", "a-2-1.aarch64 a-2-1.src", ""),
        ("a-1-1.i686", "a-2-1.noarch", ""),
        ("a-1-1.noarch", "a-2-1.x86_64", "a.noarch:1-1>2-1"),
        ("a-1-1.x86_64", "a-2-1.noarch", "a.x86_64:1-1>2-1"),
        ("a-1-1.noarch", "a-2-1.i686", ""),
        ("a-1-1.x86_64", "a-2-1.x86_64_v2", "a.x86_64:1-1>2-1"),
        (
            "a-1-1.i686 a-1-1.x86_64",
            "a-2-1.i686 a-3-1.x86_64",
            "a.i686:1-1>2-1 a.x86_64:1-1>3-1",
        ),
        # Of kernels several are installed: the newest counts.
        ("kernel-5-1.x86_64 kernel-5-9.x86_64", "kernel-5-9.x86_64 kernel-5-1.x86_64", ""),
        (
            "kernel-5-9.x86_64 kernel-5-10.x86_64",
            "kernel-5-11.x86_64",
            "kernel.x86_64:5-10>5-11",
        ),
    ],
)
def test_versions(installed: str, offered: str, found: str) -> None:
    assert _found(installed, offered) == found


def test_which_repository_has_it() -> None:
    found = _newer("a-1-1.noarch", _offers("a-2-1.noarch"), _offers("a-3-1.noarch"))
    assert [(each.available, each.repository) for each in found.updates] == [("3-1", "repo1")]


def test_other_packagers_have_other_rules() -> None:
    debs = [Package(kind="deb", name="a", version="1-1", arch="all"), Package(name="a-1-1.noarch")]
    offers = {"x": _offers("a-2-1.noarch")}
    assert newer(debs, offers, enabled={}) == Newer(updates=(), streamless=())


_STREAMS = Modules(
    streams={
        ("node", "18"): frozenset(
            {"node-0:18.1-1.module_el8+1.x86_64", "node-0:18.2-1.module_el8+2.x86_64"}
        ),
        ("node", "20"): frozenset({"node-0:20.1-1.module_el8+3.x86_64", "npm-0:9-1.noarch"}),
        ("perl", "5"): frozenset({"perl-4:5-1.module_el8.x86_64"}),
    },
    defaults={"node": "18"},
)
_NODES = (
    "node-18.1-1.module_el8+1.x86_64 node-18.2-1.module_el8+2.x86_64 "
    "node-20.1-1.module_el8+3.x86_64 npm-9-1.noarch node-30-1.el8.x86_64 "
    "perl-4:5-1.module_el8.x86_64"
)
_NEWEST_18 = "node.x86_64:18.1-1.module_el8+1>18.2-1.module_el8+2"


@pytest.mark.parametrize(
    ("installed", "enabled", "found"),
    [
        # What is installed tells the stream, also where another is the default.
        ("node-18.1-1.module_el8+1.x86_64", {}, _NEWEST_18),
        ("node-20.1-1.module_el8+3.x86_64", {}, ""),
        # What was installed is not listed any more: who asked for a stream knows it.
        (
            "node-20.0-1.module_el8.x86_64",
            {"node": "20"},
            "node.x86_64:20.0-1.module_el8>20.1-1.module_el8+3",
        ),
        (
            "node-18.0-1.module_el8.x86_64",
            {},
            "node.x86_64:18.0-1.module_el8>18.2-1.module_el8+2",
        ),
        ("node-20.1-1.module_el8+3.x86_64", {"node": "18"}, ""),
        ("node-18.0-1.module_el8.x86_64", {"node": "16"}, "node.x86_64:18.0-1.module_el8>30-1.el8"),
        # What is of no module and is called otherwise goes its own way; others' streams are hidden.
        ("npm-8-1.noarch", {}, ""),
        ("npm-8-1.noarch", {"node": "20"}, "npm.noarch:8-1>9-1"),
        ("perl-4:4-1.x86_64", {}, ""),
    ],
)
def test_streams(installed: str, enabled: dict[str, str], found: str) -> None:
    assert _found(installed, _NODES, _STREAMS, **enabled) == found


def test_without_a_list_of_streams_all_packages_are_there() -> None:
    found = _found("node-18.1-1.module_el8+1.x86_64", _NODES)
    assert found == "node.x86_64:18.1-1.module_el8+1>30-1.el8"


@pytest.mark.parametrize(
    ("installed", "lost"),
    [
        ("perl-4:4-1.module_el8.x86_64", ("perl",)),
        ("perl-4:5-1.module_el8.x86_64", ()),
        ("perl-4:4-1.el8.x86_64", ()),
        ("node-1-1.module_el8.x86_64", ()),
    ],
)
def test_streams_that_nobody_names(installed: str, lost: tuple[str, ...]) -> None:
    assert _newer(installed, _offers(_NODES, modules=_STREAMS)).streamless == lost


def _advisory(
    number: int, kind: Kind = "security", severity: Severity = "", *cves: str
) -> Advisory:
    return Advisory(
        id=f"X-{number}",
        kind=kind,
        severity=severity,
        issued=f"2026-01-{number:02}",
        title="",
        cves=cves,
    )


def _ids(installed: str, offered: str, advisories: dict[str, Advisory]) -> list[list[str]]:
    found = _newer(installed, _offers(offered, advisories=advisories))
    return [[one.id for one in each.advisories] for each in found.updates]


@pytest.mark.parametrize(
    ("about", "told"),
    [
        ("a-2-1.x86_64", True),
        ("a-3-1.x86_64", True),
        ("a-1-1.x86_64", False),
        ("a-0-1.x86_64", False),
        ("a-4-1.x86_64", False),
        ("a-2-1.aarch64", False),
        ("a-2-1.noarch", True),
        ("b-2-1.x86_64", False),
        ("b-2-1.x86_64 a-2-1.x86_64 a-3-1.x86_64", True),
    ],
)
def test_which_advisories_count(about: str, *, told: bool) -> None:
    found = _ids("a-1-1.x86_64", "a-3-1.x86_64", {about: _advisory(1)})
    assert found == [["X-1"] if told else []]


def test_the_worst_comes_first() -> None:
    versions = [f"a-{number}-1.noarch" for number in range(2, 9)]
    advisories = [
        _advisory(1, "bugfix"),
        _advisory(2, "security", "Low", "CVE-1"),
        _advisory(3, "security", "Important", "CVE-2", "CVE-1"),
        _advisory(4, "enhancement", "Critical"),
        _advisory(5, "security", "Important", "CVE-3"),
        _advisory(6, "security"),
        _advisory(7, "bugfix"),
    ]
    offers = _offers(versions[-1], advisories=dict(zip(versions, advisories, strict=True)))
    [found] = _newer("a-1-1.noarch", offers).updates
    ids = [each.id for each in found.advisories]
    assert ids == ["X-5", "X-3", "X-2", "X-6", "X-4", "X-7", "X-1"]
    assert (found.security, found.severity) == (True, "Important")
    assert found.cves == ("CVE-3", "CVE-2", "CVE-1")


def test_updates_are_in_order() -> None:
    names = ("plain", "fix", "unrated", "low", "critical", "also-critical")
    about = {
        "fix-2-1.noarch": _advisory(1, "bugfix", "Critical"),
        "unrated-2-1.noarch": _advisory(2),
        "low-2-1.noarch": _advisory(3, "security", "Low"),
        "critical-2-1.noarch also-critical-2-1.noarch": _advisory(4, "security", "Critical"),
    }
    found = _newer(
        " ".join(f"{each}-1-1.noarch" for each in names),
        _offers(" ".join(f"{each}-2-1.noarch" for each in names), advisories=about),
    )
    assert [(each.name, each.severity, each.security) for each in found.updates] == [
        ("also-critical", "Critical", True),
        ("critical", "Critical", True),
        ("low", "Low", True),
        ("unrated", "", True),
        ("fix", "", False),
        ("plain", "", False),
    ]
