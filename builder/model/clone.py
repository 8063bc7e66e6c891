"""Machines that are made of templates."""

from pathlib import Path
from typing import Literal

import msgspec


class CloneOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted; what is empty or 0 is as the template has it."""

    name: str
    memory_mib: int = 0
    vcpus: int = 0
    network: str = ""
    """"user", "network:NAME", "bridge:NAME" or "none"."""
    firmware: Literal["", "bios", "uefi"] = ""
    """For a template that boots with both."""
    secure_boot: bool | None = None
    """None is as the template has it; so for the TPM."""
    tpm: bool | None = None
    disk_gib: int = 0
    ssh_keys: tuple[Path, ...] = ()
    """Files of public keys, for cloud-init's default user."""
    user_data: Path | None = None
    """A file for cloud-init."""
    hostname: str = ""
    """Empty takes the machine's name."""
    start: bool = True


class Seed(msgspec.Struct, frozen=True, kw_only=True):
    """What cloud-init is told at the first boot."""

    hostname: str
    ssh_keys: tuple[str, ...] = ()
    user_data: bytes = b"#cloud-config\n{}\n"

    def __repr__(self) -> str:
        """Say nothing: user-data may hold secrets, and values end up in logs."""
        return "Seed(…)"


class Clone(msgspec.Struct, frozen=True, kw_only=True):
    """A machine that was made."""

    name: str
    template: str
    version: str
    disk: Path
    seed: Path | None
    running: bool
