"""Metadata of package repositories as createrepo_c and pungi write them, of any size.

What a package has beside its name is about what those of EL 9's AppStream have: a dozen provides,
thirty requires, a few files.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<metadata xmlns="http://linux.duke.edu/metadata/common" '
    'xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="{}">\n'
)
_VERSION = 'flags="EQ" epoch="0" ver="5.14.0" rel="427.13.1.el9"'
_SUMMARY = "Shared libraries, headers and tools that other packages of this release are built with"


def numbered(count: int, *, first: int = 0) -> Iterator[str]:
    """Yield names of packages that nobody has."""
    kinds = ("", "-devel", "-libs", "-doc", "-tools")
    for number in range(first, first + count):
        yield f"library{number // len(kinds):05}{kinds[number % len(kinds)]}"


def primary(names: Iterable[str], *, arch: str = "x86_64", large: bool = True) -> bytes:
    """Return primary.xml; a name may say what the package provides as well: dnf-utils=yum-utils."""
    packages = [_package(*name.partition("=")[::2], arch, large) for name in names]
    return "".join([_HEAD.format(len(packages)), *packages, "</metadata>\n"]).encode()


def _package(name: str, provided: str, arch: str, large: bool) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()
    file = f"{name}-5.14.0-427.13.1.el9.{arch}.rpm"
    provides = [f"<rpm:entry name={quoteattr(name)} {_VERSION}/>"]
    provides += [f"<rpm:entry name={quoteattr(each)}/>" for each in provided.split() if each]
    requires = []
    if large:
        library = f"lib{name}.so.1()(64bit)"
        provides += [f'<rpm:entry name="{library}"/>']
        provides += [f'<rpm:entry name="{library[:-7]}(V_{n})(64bit)"/>' for n in range(11)]
        requires = [f'<rpm:entry name="libc.so.6(GLIBC_2.{n})(64bit)"/>' for n in range(30)]
    files = [f"  <file>/usr/bin/{name}</file>\n", f"  <file>/etc/{name}.conf</file>\n"]
    return (
        f'<package type="rpm">\n  <name>{escape(name)}</name>\n  <arch>{arch}</arch>\n'
        '  <version epoch="0" ver="5.14.0" rel="427.13.1.el9"/>\n'
        f'  <checksum type="sha256" pkgid="YES">{digest}</checksum>\n'
        f"  <summary>{_SUMMARY}</summary>\n  <description>{_SUMMARY * 4}</description>\n"
        "  <packager>builder@example.org</packager>\n  <url>https://example.org/</url>\n"
        '  <time file="1700000000" build="1690000000"/>\n'
        '  <size package="1234567" installed="3456789" archive="3460000"/>\n'
        f'  <location href="Packages/{file[0]}/{file}"/>\n  <format>\n'
        "    <rpm:license>GPLv2+</rpm:license>\n    <rpm:vendor>Example</rpm:vendor>\n"
        f"    <rpm:group>Unspecified</rpm:group>\n    <rpm:sourcerpm>{file}</rpm:sourcerpm>\n"
        '    <rpm:header-range start="4504" end="34567"/>\n'
        + _entries("provides", provides)
        + _entries("requires", requires)
        + "".join(files)
        + "  </format>\n</package>\n"
    )


def _entries(kind: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    inside = "".join(f"      {line}\n" for line in lines)
    return f"    <rpm:{kind}>\n{inside}    </rpm:{kind}>\n"


def comps(groups: Sequence[str], environments: Sequence[str] = ()) -> bytes:
    """Return comps.xml of groups and environments, each ID=NAME."""
    inside = [_group("group", each) for each in groups]
    inside += [_group("environment", each) for each in environments]
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE comps PUBLIC '
        '"-//Red Hat, Inc.//DTD Comps info//EN" "comps.dtd">\n'
    )
    return f"{head}<comps>\n{''.join(inside)}</comps>\n".encode()


def _group(kind: str, spec: str) -> str:
    id_, _, name = spec.partition("=")
    return (
        f'  <{kind}>\n    <id>{id_}</id>\n    <name xml:lang="de">Gruppe</name>\n'
        f"    <name>{escape(name)}</name>\n    <description>Some packages</description>\n"
        "    <packagelist>\n"
        '      <packagereq type="mandatory">bash</packagereq>\n    </packagelist>\n'
        f"  </{kind}>\n"
    )


def modules(specs: Sequence[str]) -> bytes:
    """Return modules.yaml as createrepo_c's modifyrepo_c adds it; each NAME:STREAM=PROFILES."""
    documents = []
    for spec in specs:
        named, _, profiles = spec.partition("=")
        name, _, stream = named.partition(":")
        lines = "".join(f"    {each}:\n      rpms:\n      - {name}\n" for each in profiles.split())
        documents.append(
            f"---\ndocument: modulemd\nversion: 2\ndata:\n  name: {name}\n  stream: {stream}\n"
            f"  version: 8000020190628\n  summary: >-\n    What it is: {name}, of the\n"
            "    stream: wrong\n  license:\n    module:\n    - MIT\n  xmd:\n    mbs:\n"
            "      requires:\n        platform:\n          stream: wrong\n"
            f"  dependencies:\n  - requires:\n      platform: [el8]\n  profiles:\n{lines}"
            f"  api:\n    rpms:\n    - {name}\n...\n"
        )
        documents.append(
            f"---\ndocument: modulemd-defaults\nversion: 1\ndata:\n  module: {name}\n"
            f"  stream: {stream}\n...\n"
        )
    return "".join(documents).encode()
