"""A kickstart with one secret of each kind, and where they are told."""

from pathlib import Path

KICKSTART = Path(__file__).with_name("secrets.ks.j2")
SECRETS = (
    "Root-Secret1", "User Secret2", "HashSecret3", "Watch-Secret4", "Grub-Secret5", "Vnc-Sec6",
    "Wifi-Secret7", "Mirror-Secret8", "Proxy-Secret9", "Iscsi-Secret10", "Iscsi-Secret11",
    "Join-Secret12", "Disk-Secret13",
)  # fmt: skip
TOKEN = "ScriptToken14"  # noqa: S105  # stands in a script, where nobody can know it


def told(text: str, *more: str) -> list[str]:
    """Return the secrets that `text` has, one of `more` as well."""
    return [each for each in (*SECRETS, *more) if each in text]


def tellers(folder: Path, *more: str) -> dict[str, list[str]]:
    """Return the files below `folder`, but for images, that hold a secret, with what they hold."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".qcow2")
    found = {str(path): told(path.read_text(errors="replace"), *more) for path in files}
    return {path: secrets for path, secrets in found.items() if secrets}
