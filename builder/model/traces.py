"""What a build, or a check of a template, is known by on a host."""

import re
from datetime import datetime
from pathlib import Path

import msgspec

AUDIT = "audit"
"""The role of the domain that reads a finished disk."""
CLONES = ("check-a", "check-b")
"""The roles of the clones that a template is tried with."""

_BUILD = r"\d{8}T\d{6}-[0-9a-f]{8}"
_CHECK = r"again-[a-z0-9_]{8}"  # mkdtemp's characters
_CHANCE = "[a-z0-9_]{8}"  # mkstemp's
SCRATCH = "builder-"
"""What a half-written file has before that; other programs have names that end in ".part", too."""


class Traces(msgspec.Struct, frozen=True, kw_only=True):
    """Its id, and the names that follow from it: all that it makes on the host has one of them.

    So what a killed process left is found by the id, and nobody keeps a list that could be lost.
    What has another name, whatever is in it, is somebody else's.
    """

    id: str
    name: str = ""
    """The template that is built; empty for a check of a published one."""
    folder: Path
    """Where its logs and pictures are kept."""
    began: datetime

    @property
    def genuine(self) -> bool:
        """Whether the id is one that we make; another may be a part of anybody's names."""
        return is_build(self.id) or is_check(self.id)

    @property
    def home(self) -> Path:
        """The folder of the build or the check itself, of which `folder` may be a part."""
        parents = (self.folder, *self.folder.parents)
        return next((each for each in parents if each.name == self.id), self.folder)

    @property
    def domains(self) -> tuple[str, ...]:
        """The names of all domains that it may have."""
        roles = (*([self.name] if self.name else []), AUDIT, *CLONES)
        return tuple(map(self.domain, roles))

    def files(self, *, iso_pool: Path, store_pool: Path) -> tuple[Path, ...]:
        """Return the paths of all files that it may have in the pools, but for half-written."""
        candidate = self.hidden(store_pool, ".candidate")
        return (
            self.file(iso_pool, ".qcow2"),
            self.file(iso_pool, ".iso"),
            self.hidden(iso_pool, ".audit.qcow2"),
            self.file(store_pool, ".qcow2"),
            candidate,
            candidate.with_name(f".{candidate.name}.json"),
            self.hidden(store_pool, ".key.iso"),
            self.hidden(store_pool, ".tar"),
            *(store_pool / f"{self.domain(role)}.qcow2" for role in CLONES),
        )

    def domain(self, role: str) -> str:
        """Return the name of the domain that has the role: a template's name, "audit", …"""
        return f"builder-{role}-{self.id}"

    def file(self, pool: Path, ending: str) -> Path:
        """Return a file in the folder of a pool, by its ending such as ".qcow2"."""
        return pool / f"{self.id}{ending}"

    def hidden(self, pool: Path, ending: str) -> Path:
        """Return a file that libvirt does not list among the pool's volumes."""
        return pool / f".{self.id}{ending}"


def is_build(word: str) -> bool:
    """Tell whether a word has the form of a build's id, as the journal makes it."""
    return re.fullmatch(_BUILD, word, re.ASCII) is not None


def is_check(word: str) -> bool:
    """Tell whether a word has the form of a check's id, as mkdtemp makes it."""
    return re.fullmatch(_CHECK, word, re.ASCII) is not None


def scratch_of(name: str, *, mark: str = SCRATCH) -> str:
    """Return beside which file files.scratch makes one of this name; "" for any other name.

    With another `mark`, one of a similar name.
    """
    form = rf"\.(.+)\.{mark}{_CHANCE}\.part"
    found = re.fullmatch(form, name, re.ASCII | re.DOTALL)
    return found[1] if found else ""


def mentioned(text: str) -> str:
    """Return the id of a build or check that occurs in a text, such as a domain's name; else "".

    For what is said of it: `id_in` is stricter.
    """
    found = re.search(f"{_BUILD}|{_CHECK}", text, re.ASCII)
    return found[0] if found else ""


def id_in(name: str) -> str:
    """Return the id in a file's name of the form that builds and checks give; else nothing."""
    form = rf"\.{{0,3}}(?:builder-check-[ab]-)?({_BUILD}|{_CHECK})\.[a-z0-9_.-]+"
    found = re.fullmatch(form, name, re.ASCII)
    return found[1] if found else ""
