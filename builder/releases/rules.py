"""What a release whose shape is right may still not say."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import msgspec

from builder.errors import suggest
from builder.model.release import Checksums, Medium, Release
from builder.releases.lines import Path
from builder.releases.rows import Row
from builder.releases.shape import Wrong

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_LONGEST_ID = 32
"""Characters of an ISO's volume id: ISO 9660 has no room for more (ECMA-119, 8.4.7)."""
_OSINFO = re.compile(r"https?://[a-z0-9.-]+(/[A-Za-z0-9._-]+)+")
_UNSAFE = "http://"
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")
"""What dnf takes for a repository's id."""
CPUS = frozenset(
    """486 pentium pentium2 pentium3 pentiumpro coreduo n270 core2duo athlon phenom
    qemu32 qemu64 kvm32 kvm64 cpu64-rhel5 cpu64-rhel6 Conroe Penryn Nehalem Nehalem-IBRS
    Westmere Westmere-IBRS SandyBridge SandyBridge-IBRS IvyBridge IvyBridge-IBRS
    Haswell Haswell-IBRS Haswell-noTSX Haswell-noTSX-IBRS
    Broadwell Broadwell-IBRS Broadwell-noTSX Broadwell-noTSX-IBRS
    Skylake-Client Skylake-Client-IBRS Skylake-Client-noTSX-IBRS
    Skylake-Server Skylake-Server-IBRS Skylake-Server-noTSX-IBRS
    Cascadelake-Server Cascadelake-Server-noTSX Cooperlake
    Icelake-Client Icelake-Client-noTSX Icelake-Server Icelake-Server-noTSX Snowridge
    SapphireRapids GraniteRapids SierraForest
    Opteron_G1 Opteron_G2 Opteron_G3 Opteron_G4 Opteron_G5
    EPYC EPYC-IBPB EPYC-Rome EPYC-Milan EPYC-Genoa Dhyana""".split()  # noqa: SIM905  # shorter than a list, one a line
)
"""Models of x86 processors that libvirt knows (its folder cpu_map)."""


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What a row may name that is elsewhere."""

    kickstarts: frozenset[str]
    syntaxes: frozenset[str]
    variables: frozenset[str]


def of_name(name: str, families: Mapping[str, Row]) -> Iterator[Wrong]:
    """Yield what is wrong with a release's name."""
    if name in families:
        yield Wrong((), f"{name} is the name of a family.", "Give the release another name.")
    if not _NAME.fullmatch(name):
        yield Wrong(
            (),
            f"{name!r} cannot be a release's name, which is that of templates and files as well.",
            "Use small letters, digits, dots, - and _, 64 at most.",
        )


def of_release(release: Release, words: Words) -> Iterator[Wrong]:
    """Yield what is wrong with a release."""
    yield from _ids(release)
    yield from _addresses(release)
    yield from _signature(release.checksums)
    for name, medium in release.media.items():
        yield from _unprotected(release, name, medium)
        if medium.network and not release.repositories:
            text = "It has no packages, and nothing says where they are to come from."
            hint = 'Add repositories.BaseOS = "https://…", or mend network.'
            yield Wrong(("media", name), text, hint)
    yield from _machine(release)
    yield from _named(release, words)
    yield from _moving(release)
    if release.minors and not re.fullmatch(r"\d+\.\d+", release.version):
        text = f"Minor versions are of a version such as 9.8, not of {release.version!r}."
        yield Wrong(("minors",), text, "Leave minors out, or give the newest one as version.")


def _named(release: Release, words: Words) -> Iterator[Wrong]:
    for key, what, name, known in (
        ("kickstart", "kickstart", release.kickstart, words.kickstarts),
        ("syntax", "syntax of kickstarts", release.syntax, words.syntaxes),
    ):
        if name not in known:
            yield Wrong((key,), f"There is no {what} {name!r}.", suggest(name, known))
    for name in release.variables.keys() - words.variables:
        text = f"There is no variable {name!r}."
        yield Wrong(("variables", name), text, suggest(name, words.variables))


def _moving(release: Release) -> Iterator[Wrong]:
    """Yield what holds for files that stay as they are, in a row whose files do not."""
    if not release.rolling:
        return
    if release.minors:
        text = "What moves under one name has no minor versions."
        yield Wrong(("minors",), text, "Leave out minors, or rolling.")
    for name, medium in release.media.items():
        if medium.sha256:
            text = f"{medium.file} moves, so that the next one has another sha256."
            hint = "Leave out the sha256; or write rolling = false, with a name that has a date."
            yield Wrong(("media", name, "sha256"), text, hint)


def _addresses(release: Release) -> Iterator[Wrong]:
    places: list[tuple[Path, tuple[str, ...]]] = [(("urls",), release.urls)]
    places += [(("media", name, "urls"), each.urls) for name, each in release.media.items()]
    places += [(("repositories", name), (url,)) for name, url in release.repositories.items()]
    if release.checksums:
        file = release.checksums.file
        places += [(("checksums", "file"), (file,) if "://" in file else ())]
        places += [(("checksums", "key_urls"), release.checksums.key_urls)]
    for path, urls in places:
        for url in urls:
            if not _is_address(url):
                yield Wrong(path, f"{url!r} is no address.", "Begin it with https://.")
    for name in release.repositories:
        if not _REPOSITORY.fullmatch(name):
            text = f"{name!r} cannot be a repository's id."
            yield Wrong(("repositories", name), text, "Use letters, digits, dots, -, _ and :.")


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:  # half an address of IPv6
        return False
    # A blank would end it in a kickstart.
    return bool(re.fullmatch(r"https?://[^/\s]\S*", url) and parts.hostname)


def _ids(release: Release) -> Iterator[Wrong]:
    for key, ids in (
        ("volume_id", (release.volume_id,)),
        ("other_volume_ids", release.other_volume_ids),
    ):
        for each in ids:
            if len(each) > _LONGEST_ID:
                text = (
                    f"{each!r} has {len(each)} characters, and an ISO has room for {_LONGEST_ID}."
                )
                yield Wrong((key,), text, "`builder iso inspect FILE` shows an ISO's.")


def _signature(checksums: Checksums | None) -> Iterator[Wrong]:
    if checksums is None:
        return
    if not checksums.signature:
        if checksums.keys:
            text = "Keys are named, and no signature is asked for: anybody may write the list."
            hint = 'Add signature = "inline", "sig" or "asc"; or write keys = [].'
            yield Wrong(("checksums", "keys"), text, hint)
        return
    if not checksums.keys:
        text = "A signature is expected, and nobody is named who may have signed."
        hint = 'Add keys = ["FINGERPRINT"]; gpg --show-keys FILE prints it.'
        yield Wrong(("checksums", "signature"), text, hint)
    elif not checksums.key_files and not checksums.key_urls:
        text = "Nothing says where the keys are to be had."
        hint = "Add key_urls, or key_files: names of files in /etc/pki/rpm-gpg."
        yield Wrong(("checksums", "keys"), text, hint)
    for each in set(checksums.weak_keys) - set(checksums.keys):
        text = f"{each} is none of the keys that may sign."
        yield Wrong(("checksums", "weak_keys"), text, "Take it out, or name it in keys as well.")


def _unprotected(release: Release, name: str, medium: Medium) -> Iterator[Wrong]:
    """Yield addresses from which anybody on the way could give us another ISO."""
    if medium.sha256 or (release.checksums and release.checksums.signature):
        return
    path = ("media", name, "urls") if medium.urls else ("urls",)
    unsafe = [url for url in medium.urls or release.urls if url.startswith(_UNSAFE)]
    if unsafe:
        text = f"Nothing protects what comes from {unsafe[0]}: neither digest nor signature."
        yield Wrong(path, text, f"Write https://, or give {medium.file} a sha256.")
    if release.checksums and release.checksums.file.startswith(_UNSAFE):
        text = f"Nothing protects what comes from {release.checksums.file}: no signature."
        yield Wrong(("checksums", "file"), text, "Write https://.")


def _machine(release: Release) -> Iterator[Wrong]:
    if not release.arch.startswith("x86_64"):
        text = f"Guests have processors of x86_64, not of {release.arch!r}."
        yield Wrong(("arch",), text, "Names of files may say x86_64_v2 and the like.")
    if not _OSINFO.fullmatch(release.osinfo):
        text = f"{release.osinfo!r} is no identifier of libosinfo's."
        hint = 'They are as "http://rockylinux.org/rocky/9"; `osinfo-query os` lists them.'
        yield Wrong(("osinfo",), text, hint)
    if release.memory_mib < (least := release.least_mib(release.default_medium)):
        text = f"Its installer does not run in {release.memory_mib} MiB of memory."
        yield Wrong(("memory_mib",), text, f"It wants {least} at least.")
    if release.emulated_cpu not in CPUS:
        text = f"libvirt knows no CPU model {release.emulated_cpu!r}."
        yield Wrong(("emulated_cpu",), text, suggest(release.emulated_cpu, CPUS))
