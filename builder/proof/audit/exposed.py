"""Does the disk give something away, or let somebody in, whom nobody asked for?"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from builder.model.audit import Expected
from builder.model.text import whole_number
from builder.proof.audit.tree import GuestTree

_FIRST_PERSON = 1000
_NOBODY = 65534
_STICKY, _WORLD_WRITABLE = 0o1000, 0o002
_WRITTEN_BY_PEOPLE = (
    "/boot/**", "/etc/**", "/home/**", "/opt/**", "/root/**", "/srv/**", "/tmp/**",
    "/usr/local/**", "/var/**",
)  # fmt: skip
"""Where scripts and services leave texts; what is elsewhere came out of packages."""

_PASSWORD_FILES = {"/etc/shadow", "/etc/gshadow", "/etc/shadow-", "/etc/gshadow-"}
_TOLD_ELSEWHERE = re.compile("/etc/ssh/ssh_host_.*_key")  # as ssh-host-keys
_HASH = "a password hash"
"""As crypt(5) has them: id, parameters and salt, digest, whose length tells it from the parameters
of a script; argon2's are in base64."""
_LOADERS, _PROGRAM = "/boot/", (b"\x7fELF", b"MZ")
"""Programs of boot loaders have hashes to test themselves with: GRUB's legacy_password_test.mod."""
# Blank lines may be a million: what a line begins with must end with it.
SECRETS = {
    _HASH: re.compile(
        rb"\$(?:"
        rb"(?:1|apr1)\$[^$\s:]{0,8}\$[./A-Za-z0-9]{22}"
        rb"|5\$(?:rounds=\d{1,9}\$)?[^$\s:]{0,16}\$[./A-Za-z0-9]{43}"
        rb"|6\$(?:rounds=\d{1,9}\$)?[^$\s:]{0,16}\$[./A-Za-z0-9]{86}"
        rb"|(?:y|gy|7)\$(?:[./A-Za-z0-9]{1,99}\$){1,2}[./A-Za-z0-9]{43}"
        rb"|2[abxy]\$\d\d\$[./A-Za-z0-9]{53}"
        rb"|argon2(?:i|d|id)\$(?:v=\d{1,9}\$)?m=[\dmtp=,]{1,99}\$(?:[+/A-Za-z0-9]{2,99}\$)[+/A-Za-z0-9]{20,99}"
        rb")(?![./A-Za-z0-9])"
    ),
    "a private key": re.compile(rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s*[A-Za-z0-9+/]{16}"),
    # wg(8), and networkd's and NetworkManager's profiles: 32 bytes.
    "a key of WireGuard": re.compile(
        rb"^[^\S\n]*(?:PrivateKey|PresharedKey|private-key)\s*=\s*[A-Za-z0-9+/]{43}=", re.MULTILINE
    ),
    "a password in an address": re.compile(rb"\b[a-z][a-z+]{2,9}://[^\s/:@'\"<>]+:[^\s/:@'\"<>]+@"),
    "a cloud's access key": re.compile(rb"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a password of a kickstart": re.compile(rb"^[^\S\n]*rootpw\s.*--plaintext\s+\S", re.MULTILINE),
}
_UNLABELLED = re.compile(r"|.*:(unlabeled_t|file_t):.*")
_LABELLED = ("/etc/*", "/root", "/usr/bin/*", "/usr/lib/systemd/**", "/usr/libexec/*", "/var/*")


class _Account(NamedTuple):
    name: str
    uid: int
    home: str


def secrets(tree: GuestTree, _expected: Expected) -> Iterator[str]:
    """No hash outside the files for them, no private key, no password in a text."""
    for entry in tree.matching(*_WRITTEN_BY_PEOPLE):
        if entry.kind != "file" or not entry.size or entry.path in _PASSWORD_FILES:
            continue
        if _TOLD_ELSEWHERE.fullmatch(entry.path):
            continue
        content = tree.read(entry.path)
        loader = entry.path.startswith(_LOADERS) and content.startswith(_PROGRAM)
        yield from (
            f"{entry.path} has {what}"
            for what, pattern in SECRETS.items()
            if not (loader and what == _HASH) and pattern.search(content)
        )


def world_writable(tree: GuestTree, _expected: Expected) -> Iterator[str]:
    """Nothing that everybody may change, but for folders like /tmp."""
    for entry in tree.entries.values():
        shared = entry.kind == "directory" and entry.mode & _STICKY
        if entry.kind in {"file", "directory"} and entry.mode & _WORLD_WRITABLE and not shared:
            yield entry.path


def authorized_keys(tree: GuestTree, expected: Expected) -> Iterator[str]:
    """Nobody's key opens an account, but for those that were asked for."""
    wanted = {_key(line) for line in expected.ssh_keys}
    for account in _accounts(tree):
        for path in (
            f"{account.home}/.ssh/{name}" for name in ("authorized_keys", "authorized_keys2")
        ):
            lines = (line.strip() for line in tree.text(path).splitlines())
            keys = [line for line in lines if line and not line.startswith("#")]
            if strange := [line for line in keys if _key(line) not in wanted]:
                yield f"{path} lets in {', '.join(_comment(line) for line in strange)}"


def root_login(tree: GuestTree, expected: Expected) -> Iterator[str]:
    """Root has no password, unless one was asked for."""
    hashed = _passwords(tree).get("root", "")
    if hashed and not hashed.startswith(("!", "*")) and not expected.root_password:
        yield "root has a password"


def passwords(tree: GuestTree, _expected: Expected) -> Iterator[str]:
    """No account can be entered without a password."""
    for name, hashed in _passwords(tree).items():
        if not hashed:
            yield f"{name} has an empty password"


def users(tree: GuestTree, expected: Expected) -> Iterator[str]:
    """No account of a person, but for those that were asked for; only root is root."""
    for account in _accounts(tree):
        person = _FIRST_PERSON <= account.uid < _NOBODY
        if person and account.name not in expected.users:
            yield f"the account {account.name}"
        if account.uid == 0 and account.name != "root":
            yield f"the account {account.name} is root"


def selinux_labels(tree: GuestTree, _expected: Expected) -> Iterator[str]:
    """Where the system uses SELinux, files have labels: else services fail in every clone."""
    config = tree.text("/etc/selinux/config")
    if not re.search(r"^SELINUX=(enforcing|permissive)", config, re.MULTILINE):
        return
    # Debian's policycoreutils brings a config that says permissive, and no policy.
    if not any(tree.matching("/etc/selinux/*/policy/policy.*")):
        return
    if "/.autorelabel" in tree.entries:  # the first boot gives them all
        return
    for entry in tree.matching(*_LABELLED):
        if entry.kind != "other" and _UNLABELLED.fullmatch(entry.label):
            yield f"{entry.path} ({entry.label or 'no label'})"


def _accounts(tree: GuestTree) -> list[_Account]:
    rows = [line.split(":") for line in tree.text("/etc/passwd").splitlines()]
    return [
        _Account(name=row[0], uid=uid, home=row[5])
        for row in rows
        if len(row) == 7 and (uid := whole_number(row[2])) is not None  # noqa: PLR2004  # passwd(5)
    ]


def _passwords(tree: GuestTree) -> dict[str, str]:
    rows = (line.split(":") for line in tree.text("/etc/shadow").splitlines())
    return {row[0]: row[1] for row in rows if len(row) > 1}


def _key(line: str) -> str:
    """Return the key itself, without options before it and a comment after it."""
    found = re.search(r"AAAA[A-Za-z0-9+/]+=*", line)
    return found[0] if found else line


def _comment(line: str) -> str:
    return line.rsplit(maxsplit=1)[-1][:60]
