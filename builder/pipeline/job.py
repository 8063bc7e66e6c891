"""The values of a pipeline file: what is to be built, within which limits, and what follows."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from builder.model.build import Rebuild
from builder.model.release import Line, Positive, Word
from builder.recipes.order import Request

Cause = Literal["media", "host", "hang"]
"""Kinds of failures that may pass, by their exit codes 5, 4 and 8."""
Occasion = Literal["failure", "recovery", "change"]
"""An image fails that did not; one is well that failed; one was published."""
Minutes = Annotated[float, msgspec.Meta(gt=0, le=100_000)]
Count = Annotated[int, msgspec.Meta(ge=0, le=100_000)]


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the builds of a run may take of this host together; 0 means what it has."""

    parallel: Positive = 1
    memory_mib: Annotated[int, msgspec.Meta(ge=0, le=1 << 30)] = 0
    vcpus: Count = 0
    disk_gib: Count = 0
    minutes: Minutes | None = None
    """After so long no build begins any more."""
    build_minutes: Minutes | None = None
    """A build that takes longer is ended."""


class Retry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is tried again: never what a kickstart or the guest is to blame for."""

    times: Annotated[int, msgspec.Meta(ge=0, le=20)] = 2
    wait_minutes: Minutes = 2
    """Before the first time; twice as long before each further one."""
    on: tuple[Cause, ...] = ("media", "host")


class Publish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of templates at the end of a run."""

    channel: str = ""
    """To be pointed to an image's newest version; empty leaves channels alone."""
    after: Positive = 1
    """So many runs in succession in which the image was published or kept, this one included."""
    keep: Count = 0
    """Newest versions of each; older ones that nothing uses are removed. 0 removes none."""
    export: tuple[str, ...] = ()
    """Formats, as `builder template export --format` has them."""
    export_to: Path | None = None
    """The folder of exported images."""
    sign: Path | None = None
    """Private key to sign templates with."""


class Mail(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mail server, and who is told by it."""

    to: tuple[str, ...]
    sender: str
    server: Word = "localhost"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0
    """0 means 25; with tls 465, with starttls 587."""
    security: Literal["none", "starttls", "tls"] = "none"
    user: Line = ""
    password_file: Path | None = None


class Webhook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address that is told by an HTTP POST."""

    url: str
    format: Literal["json", "slack", "teams", "matrix"] = "json"
    token_file: Path | None = None
    """Of what goes behind "Authorization: Bearer"."""


class Notify(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is told, and when."""

    on: tuple[Occasion, ...] = ("failure", "recovery")
    command: tuple[Line, ...] = ()
    """A program with its arguments, which is given JSON on standard input."""
    mail: Mail | None = None
    webhook: Webhook | None = None


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One build of a pipeline."""

    name: str
    """The template's name; no two jobs of a pipeline share one."""
    medium: str
    """A key of the release's media."""
    request: Request
    rebuild: Rebuild = "relevant"
    max_age_days: Count = 0
    """An image older than that is built again whatever has changed; 0 means never."""


class Pipeline(msgspec.Struct, frozen=True, kw_only=True):
    """A pipeline file."""

    name: str
    title: str
    source: Path = Path()
    """The file."""
    limits: Limits = Limits()
    retry: Retry = Retry()
    publish: Publish = Publish()
    notify: Notify = Notify()
    jobs: tuple[Job, ...]
    others: tuple[str, ...] = ()
    """Names of the file's other images, which are not wanted now."""
