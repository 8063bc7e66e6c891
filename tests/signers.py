"""Keys made for tests, and what they sign, by gpg in a home of its own."""

import re
import subprocess
from pathlib import Path

OLD = ("--faked-system-time", "20200101T000000")


class Signer:
    """A home of GnuPG."""

    def __init__(self, home: Path) -> None:
        home.mkdir(mode=0o700, parents=True)
        self._home = home

    def gpg(self, *words: str, stdin: bytes = b"") -> bytes:
        argv = ["gpg", "--homedir", str(self._home), "--batch", "--quiet", "--passphrase", ""]
        done = subprocess.run([*argv, *words], input=stdin, capture_output=True, check=True)
        return done.stdout

    def key(self, name: str, *options: str, kind: str = "ed25519", expires: str = "never") -> str:
        """Make a key; return its fingerprint."""
        user = f"{name} <{name}@example>"
        self.gpg(*options, "--quick-gen-key", user, kind, "sign", expires)
        return self.fingerprint(name)

    def fingerprint(self, name: str) -> str:
        listed = self.gpg("--with-colons", "--list-keys", f"{name}@example").decode()
        (first, *_) = re.findall(r"^fpr:+([0-9A-F]{40}):", listed, re.M)
        return str(first)

    def subkey(self, name: str) -> None:
        """Give a key a subkey that signs, which gpg then signs with."""
        self.gpg("--quick-add-key", self.fingerprint(name), "ed25519", "sign", "never")

    def exported(self, *names: str, armour: bool = True) -> bytes:
        words = ("--armor",) if armour else ()
        return b"".join(self.gpg(*words, "--export", f"{name}@example") for name in names)

    def clear(self, text: bytes, *names: str, options: tuple[str, ...] = ()) -> bytes:
        users = [word for name in names for word in ("-u", f"{name}@example")]
        return self.gpg(*options, *users, "--clearsign", stdin=text)

    def detached(self, text: bytes, name: str, *, armour: bool = False) -> bytes:
        words = ("--armor",) if armour else ()
        return self.gpg(*words, "-u", f"{name}@example", "--detach-sign", stdin=text)

    def end(self) -> None:
        """End the agent that gpg has started."""
        subprocess.run(["gpgconf", "--homedir", self._home, "--kill", "all"], check=True)
