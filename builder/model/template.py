"""The finished golden image and the record of how it was made."""

from pathlib import Path
from typing import Any, Self

import msgspec

from builder.model.audit import Expected, Finding
from builder.model.domain import Machine
from builder.model.media import Voucher
from builder.model.package import Package, System
from builder.model.release import Firmware
from builder.model.text import moment

SCHEMAS = frozenset({1, 2})
"""Of manifests, as far as we can read them; 1 has packages as plain texts."""

INSTALLING = "Installing"
"""The step by which manifests tell how long the installation took."""


class ImageFacts(msgspec.Struct, frozen=True, kw_only=True):
    """An image file; sizes in bytes."""

    virtual_size: int
    size: int
    sha256: str


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """A published golden image."""

    name: str
    version: str
    path: Path
    image: ImageFacts
    manifest: Path
    created: str = ""
    """When its build began; RFC 3339, UTC."""


class StepTime(msgspec.Struct, frozen=True, kw_only=True):
    """How long one step of a build took."""

    step: str
    """Its title; that of the installation is `INSTALLING`."""
    seconds: float


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What a template is made from: an ISO."""

    file: str
    """Its name in the iso pool."""
    sha256: str
    url: str = ""
    """Where it can be had, if the catalogue knows."""
    voucher: Voucher = Voucher()
    """Who says that it is the right one."""


class RepositoryState(msgspec.Struct, frozen=True, kw_only=True):
    """A package repository as it was when a template was installed from it."""

    url: str
    """As the kickstart has it, credentials masked: of a list of mirrors, the list."""
    digest: str
    """sha256 over what its lists of packages, groups and modules hold, however they are packed;
    empty where it could not be asked."""
    groups: str = ""
    """The same of its groups alone; empty where it has none."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The record of a build. It grows with the build; as manifest.json it is complete."""

    schema: int = 2
    name: str
    version: str = ""
    build_id: str
    build_key: str
    created: str
    """When the build began: RFC 3339, UTC, like `finished`."""
    finished: str = ""
    release: str
    profile: str
    medium: str
    iso: str
    iso_sha256: str
    iso_url: str = ""
    """Where it can be had, if the catalogue knows."""
    iso_voucher: Voucher = Voucher()
    """Who says that it is the right one."""
    variables: dict[str, str] = {}
    """Of the kickstart, as far as the user set them; passwords are no variables."""
    kickstart: str
    """The rendered text, secrets masked."""
    repositories: tuple[RepositoryState, ...] = ()
    """Those on the network that the kickstart names; older manifests have none."""
    machine: Machine
    """What it was installed on, and what its clones are like."""
    firmware: Firmware | None = None
    """What the image boots with; None where that is its machine's, as in older manifests."""
    domain_xml: str = ""
    packages: tuple[Package, ...] = ()
    """As the guest listed them at the end of its installation."""
    system: System | None = None
    """As the guest calls itself."""
    phases: dict[str, float] = {}
    """Seconds that each phase of the installation took; one that nobody has seen is not there."""
    image: ImageFacts | None = None
    compression: str = ""
    boot_seconds: float = 0
    """From power-on of a clone to its login prompt."""
    expected: Expected = Expected()
    """What was asked for, and is therefore no finding."""
    audit: tuple[Finding, ...] = ()
    """What was looked for on the finished disk."""
    clones: tuple[Finding, ...] = ()
    """What two clones of it were looked at for."""
    steps: tuple[StepTime, ...] = ()
    tools: dict[str, str] = {}
    """Version of each program and library that had a hand in it."""

    def __post_init__(self) -> None:
        """Refuse times that are none: msgspec makes its error of this ValueError."""
        check_times(self.created, self.finished)

    @property
    def boots(self) -> str:
        """What the image boots with: "bios", "uefi" or "hybrid"."""
        return self.firmware or self.machine.firmware

    @property
    def install_seconds(self) -> float:
        """How long the installation took; 0 where that is not known."""
        steps = sum(each.seconds for each in self.steps if each.step == INSTALLING)
        return steps or sum(self.phases.values())

    @property
    def origin(self) -> Origin:
        """What it was made from."""
        return Origin(
            file=self.iso, sha256=self.iso_sha256, url=self.iso_url, voucher=self.iso_voucher
        )

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a manifest of any schema that we know. Raises msgspec.DecodeError."""
        fields = msgspec.json.decode(data)
        if isinstance(fields, dict) and fields.get("schema") == 1:
            fields["packages"] = _named(fields.get("packages", []))
        found = msgspec.convert(fields, cls)
        if found.schema not in SCHEMAS:
            raise msgspec.ValidationError("a newer builder wrote it")
        return found


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """What a build came to."""

    template: Template
    fresh: bool
    """False when nothing had changed, so that the newest template was kept."""
    reason: str = ""
    """Why it was built or kept: one line."""
    folder: Path | None = None
    """The build's folder; None when nothing was built."""
    steps: tuple[StepTime, ...] = ()


def check_times(created: str, finished: str) -> None:
    """Raise ValueError where a time of a manifest is none; very old ones do not say `finished`."""
    moment(created)
    if finished:
        moment(finished)


def _named(packages: Any) -> Any:  # noqa: ANN401  # whatever the JSON holds: it is checked after
    """Texts cannot be taken apart: names and versions of debs both hold hyphens."""
    known = isinstance(packages, list) and all(isinstance(each, str) for each in packages)
    return [{"name": each} for each in packages] if known else packages
