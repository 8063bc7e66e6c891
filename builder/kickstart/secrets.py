"""Passwords come in by file or environment and are hashed at once; only hashes go on."""

import base64
import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from builder import process
from builder.errors import ConfigError
from builder.model.kickstart import Secrets
from builder.paths.reading import read_text

_CRYPTED = re.compile(r"\$6\$(rounds=[0-9]{4,9}\$)?[A-Za-z0-9./]{1,16}\$[A-Za-z0-9./]{86}")
_LONGEST = 200
_FILE = 4096


def collect(
    salt_source: str,
    *,
    root_password_file: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Secrets:
    """Hash what the user gives: a file, or BUILDER_ROOT_PASSWORD.

    BUILDER_USER_PASSWORD is for the account beside root. What nobody gives stays locked.
    `salt_source` is the release's name. Raises ConfigError for an unusable password.
    """
    root = environ.get("BUILDER_ROOT_PASSWORD")
    if root_password_file is not None:
        hint = "Put one line of text there."
        root = read_text(root_password_file, limit=_FILE, pipes=True, hint=hint).rstrip("\n")
    user = environ.get("BUILDER_USER_PASSWORD")
    return Secrets(
        root_password_hash=None if root is None else crypt(root, salt_source=salt_source),
        user_password_hash=None if user is None else crypt(user, salt_source=salt_source),
    )


def crypt(password: str, *, salt_source: str) -> str:
    """Return the SHA-512 crypt hash of `password`; what is such a hash already stays as it is."""
    if _CRYPTED.fullmatch(password):
        return password
    if not password or not password.isprintable() or len(password.encode()) > _LONGEST:
        raise ConfigError(
            "The password is empty, too long or has characters that nobody can type.",
            hint=f"Use one line of 1 to {_LONGEST} printable characters.",
        )
    done = process.run(
        ["openssl", "passwd", "-6", "-salt", _salt(salt_source), "-stdin"], stdin=f"{password}\n"
    )
    return done.stdout.strip()


def _salt(source: str) -> str:
    # The same input must give the same kickstart, or no build key would ever match again. A salt
    # that can be guessed costs little: whoever has the template has its /etc/shadow and salt.
    digest = hashlib.sha256(f"builder salt {source}".encode()).digest()
    return base64.b64encode(digest, altchars=b"./")[:16].decode()
