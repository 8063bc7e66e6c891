"""What is installed in a template, as its own packager tells."""

from typing import Annotated, Literal

import msgspec

Word = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+:~^-]*\Z", max_length=255)]
"""What names and versions of both packagers are made of."""
Words = Annotated[
    str, msgspec.Meta(pattern=r"^([A-Za-z0-9][A-Za-z0-9._+:~^-]*)?\Z", max_length=255)
]
"""The same, or nothing."""
Text = Annotated[str, msgspec.Meta(pattern=r"^[ -~]*\Z", max_length=400)]
"""Printable ASCII."""


class Package(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One installed package."""

    name: Word
    version: Words = ""
    """[EPOCH:]VERSION-RELEASE of an rpm, [EPOCH:]UPSTREAM[-REVISION] of a deb."""
    arch: Words = ""
    """In the packager's words: x86_64 and noarch, or amd64 and all."""
    kind: Literal["rpm", "deb", ""] = ""
    """Empty for one from a manifest of schema 1: its name is then NAME-VERSION.ARCH."""
    source: Words = ""
    """What it was built from: an rpm's source rpm, the name of a deb's source package."""
    license: Text = ""
    """As an rpm says it, which need not be an SPDX expression; a deb's header has none."""


class PackageChange(msgspec.Struct, frozen=True, kw_only=True):
    """A package of which two templates have different versions; of several, all."""

    name: str
    arch: str
    before: str
    """Empty when it was added."""
    after: str
    """Empty when it was removed."""


class System(msgspec.Struct, frozen=True, kw_only=True):
    """What the installed system calls itself, from its /etc/os-release."""

    id: Text = ""
    version_id: Text = ""
    pretty_name: Text = ""
    cpe_name: Text = ""
