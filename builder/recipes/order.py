"""From the names that people type, or write into pipelines, to a build order."""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal, get_args

import msgspec

from builder.errors import ConfigError, UsageError, suggest
from builder.kickstart import secrets
from builder.kickstart.library import Library
from builder.kickstart.reading import read
from builder.model.build import LABEL, LABELS, BuildOrder, hardware_name, template_name
from builder.model.kickstart import DEFAULT_PROFILE, KickstartSource
from builder.model.media import Download, IsoSource, Made
from builder.model.release import (
    MOST_GIB,
    MOST_MIB,
    MOST_VCPUS,
    Firmware,
    Medium,
    Release,
)
from builder.monitor import SilentMonitor
from builder.proof import checks
from builder.recipes.at_hand import at_hand, digest
from builder.recipes.unused import refuse_idle
from builder.releases import catalogue

_HARDWARE = [
    hardware_name(firmware, secure_boot=secure_boot, tpm=tpm)
    for firmware in get_args(Firmware)
    for secure_boot in ((False,) if firmware == "bios" else (False, True))
    for tpm in (False, True)
]
"""What a template's name may say of its machine."""


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A build as people ask for it; every field is an option of `builder build`."""

    release: str
    kickstart: Path | None = None
    """A file instead of the release's kickstart; a template if its name ends in .j2."""
    profile: str = DEFAULT_PROFILE
    medium: str = ""
    firmware: Firmware | None = None
    """None is UEFI with Secure Boot, and BIOS without it."""
    secure_boot: bool = False
    tpm: bool = False
    iso: Path | None = None
    allow_unverified: bool = False
    sha256: str = ""
    """What the ISO at hand must have."""
    variables: dict[str, str] = {}
    root_password_file: Path | None = None
    compression: Literal["zstd", "zlib"] = "zstd"
    waive: tuple[str, ...] = ()
    label: str = ""
    """A part more of the template's name."""
    memory_mib: Annotated[int, msgspec.Meta(ge=0, le=MOST_MIB)] = 0
    vcpus: Annotated[int, msgspec.Meta(ge=0, le=MOST_VCPUS)] = 0
    disk_gib: Annotated[int, msgspec.Meta(ge=0, le=MOST_GIB)] = 0


def resolve(
    request: Request, library: Library, *, environ: Mapping[str, str] = os.environ
) -> BuildOrder:
    """Look up what the request names, read its files and hash its passwords.

    Raises UsageError for names that do not exist, and for what the kickstart could not use;
    ConfigError for values that cannot be, MediaError for an ISO at hand that is not there.
    """
    release = library.release(request.release)
    medium = catalogue.find_medium(release, request.medium)
    profile = library.profile(request.profile, release)
    refuse_contradictions(request)
    refuse_idle(
        request.kickstart,
        request.variables,
        profile,
        root_password=request.root_password_file is not None,
    )
    _refuse_small(request, release)
    _refuse_empty(request, release, medium)
    order = BuildOrder(
        release=release,
        variant=request.medium or release.default_medium,
        firmware=request.firmware or ("uefi" if request.secure_boot else "bios"),
        secure_boot=request.secure_boot,
        tpm=request.tpm,
        profile=profile,
        checks=library.checks(profile),
        kickstart=_kickstart(request, release, library),
        variables=request.variables,
        secrets=secrets.collect(
            release.name, root_password_file=request.root_password_file, environ=environ
        ),
        iso=_iso(request, release, medium),
        compression=request.compression,
        waive=_known(request.waive),
        label=_label(request.label),
        memory_mib=request.memory_mib,
        vcpus=request.vcpus,
        disk_gib=request.disk_gib,
    )
    _refuse_taken(order, library)
    return order


def refuse_contradictions(request: Request) -> None:
    """Raise UsageError for options that contradict each other, name nothing, or are no sha256."""
    files = {
        "--iso": request.iso,
        "--kickstart": request.kickstart,
        "--root-password-file": request.root_password_file,
    }
    for option in (option for option, file in files.items() if file == Path()):
        # What a shell makes of a variable that is not set.
        raise UsageError(f"{option} names no file.", hint="Give its path, or leave that out.")
    if request.secure_boot and request.firmware == "bios":
        raise UsageError(
            "BIOS has no Secure Boot.", hint="Have --firmware uefi or hybrid, or no --secure-boot."
        )
    asked = {"--allow-unverified": request.allow_unverified, "--sha256": bool(request.sha256)}
    options = [option for option, given in asked.items() if given]
    if options and request.iso is None:
        raise UsageError(f"{options[0]} is for an ISO at hand.", hint="Name that with --iso FILE.")
    if len(options) > 1:
        raise UsageError(
            "--sha256 and --allow-unverified contradict each other.", hint="Leave one out."
        )
    digest(request.sha256)


def pairs(texts: list[str]) -> dict[str, str]:
    """Split KEY=VALUE texts. Raises UsageError for a text without "="."""
    for text in texts:
        if "=" not in text:
            name = re.split(r"\W", text)[0] or "NAME"  # what comes after it may open something
            raise UsageError(f"--set {name} has no value.", hint=f"Write --set {name}=VALUE.")
    return {key: value for key, _, value in (text.partition("=") for text in texts)}


def _kickstart(request: Request, release: Release, library: Library) -> KickstartSource:
    path = request.kickstart
    if path is None:
        return library.kickstart(release)
    return library.own_kickstart(path.name, read(path))


def _refuse_taken(order: BuildOrder, library: Library) -> None:
    """Raise UsageError where a template would have no name of its own, or that of others."""
    file = order.kickstart.name
    if order.kickstart.own and not order.kickstart.stem:
        raise UsageError(
            f"The template would have no name of its own: {file} gives none.",
            hint="Give the file a name of ASCII letters and digits.",
        )
    if (order.kickstart.own or order.label) and order.name in _of_releases(library, order.name):
        other = f"the label {order.label}" if order.label else file
        raise UsageError(
            f"{order.name} is the name of a template that is built without {other}.",
            hint=f"Have another {'label' if order.label else 'name of the file'}: "
            "it becomes a part of the template's name.",
        )
    release = order.release.name
    for each in library.rows.names():
        if each.startswith(f"{release}-") and f"{order.name}-".startswith(f"{each}-"):
            raise UsageError(
                f"{order.name} would be a template of the release {each} as much as of {release}.",
                hint=f"Give {each}, or what {release} is varied by, another name.",
            )


def _of_releases(library: Library, name: str) -> set[str]:
    """Return the names that releases' own kickstarts give, of releases that `name` begins with."""
    releases = []
    for each in library.rows.names():
        if name.startswith(f"{each}-"):
            with suppress(ConfigError):  # a row that is wrong gives none
                releases.append(library.release(each))
    profiles = [DEFAULT_PROFILE, *(each.name for each in library.profiles(monitor=SilentMonitor()))]
    return {
        template_name(release, variant, profile=profile, hardware=hardware)
        for release in releases
        for variant in release.media
        for profile in profiles
        for hardware in _HARDWARE
    }


def _refuse_small(request: Request, release: Release) -> None:
    """Raise UsageError for less memory than Anaconda's own floor, below which it stops."""
    least = release.least_mib(request.medium or release.default_medium)
    asked = request.memory_mib or release.memory_mib
    if asked < least:
        raise UsageError(
            f"The installer of {release.name} does not run in {asked} MiB of memory.",
            hint=f"It wants {least} at least; {release.memory_mib} are usual, which 0 means.",
        )


def _refuse_empty(request: Request, release: Release, medium: Medium) -> None:
    """Raise ConfigError where a release's kickstart would have nothing to install from."""
    if medium.network and not release.repositories and request.kickstart is None:
        raise ConfigError(
            f"{medium.file} has no packages, and the row of {release.name} says not where they "
            "are to come from.",
            hint="It may have a table of repositories, of which the first is installed from.",
        )


def _iso(request: Request, release: Release, medium: Medium) -> IsoSource:
    known = Download.of(release, medium)
    if request.iso is not None:
        unverified = request.allow_unverified or release.made_here
        return at_hand(
            request.iso, known, title=release.title, sha256=request.sha256, unverified=unverified
        )
    if release.made_here:
        return Made(title=medium.file, layout=_layout(request, release))
    return known


def _layout(request: Request, release: Release) -> str:
    """Return the rehearsal's layout; a medium that is not the default one names another."""
    own = request.medium in ("", release.default_medium)
    return release.family if own else f"{release.family}-{request.medium}"


def _label(text: str) -> str:
    if text and not re.fullmatch(LABEL, text):
        raise UsageError(
            f"The label {text!r} cannot be a part of a template's name.",
            hint=LABELS,
        )
    return text


def _known(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name not in checks.NAMES:
            raise UsageError(f"There is no check {name!r}.", hint=suggest(name, checks.NAMES))
    return names
