"""Archives of systems that were never installed, as the audit's reader writes them."""

import io
import tarfile
from pathlib import Path


def write(
    path: Path, files: dict[str, str], *, modes: dict[str, int] | None = None, label: str = ""
) -> Path:
    """Write an archive as the reader does; a name that ends in / is a folder."""
    records, contents = "", {}
    for name, text in files.items():
        if name.startswith("facts/"):
            contents[name] = text
            continue
        folder = name.endswith("/")
        mode = (modes or {}).get(name, 0o755 if folder else 0o644)
        where = f"tree/{name.rstrip('/')}"
        fields = ("fd"[folder], f"{mode:o}", str(len(text)), label, where)
        records += "".join(f"{field}\0" for field in fields)
        contents |= {} if folder or name.startswith("usr/share/") else {where: text}
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, text in {"facts/list": records, **contents}.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return path
