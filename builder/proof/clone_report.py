"""What two throw-away clones say of themselves, and what is wrong with it.

The template's own unit (kickstarts/snippets/clones.sh.j2) writes it, a JSON object a line, to the
virtio port CLONE_PORT, which only these clones have.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Annotated, Literal

import msgspec

from builder.model.audit import Finding
from builder.model.domain import Machine
from builder.model.text import whole_number
from builder.record.terminal import Lines

_LEAST_GROWTH = 0.9
"""Of the room that the second clone's disk has more; file systems take a share for themselves."""
# networkd's and NetworkManager's words for a card whose profile waits for an answer; where neither
# runs, a card is up because somebody set it up.
_ASKS = re.compile(r"networkd \S+ configuring|\bconnecting\b|^up, *$")
# What waits for an address, or takes one for granted where a card has a profile.
_WANTS_ADDRESS = re.compile(
    r"(?:NetworkManager-wait-online|systemd-networkd-wait-online(?:@.+)?|network|networking"
    r"|ifup@.+|dhcpcd(?:@.+)?)\.service"
)
_MOST = 300
"""Values of an item: as many units as may fail. A guest must not fill our memory."""
Item = Literal[
    "machine-id",
    "ssh-host-key",
    "dhcp-identity",
    "root-bytes",
    "failed-unit",
    "late-unit",
    "address",
    "card",
    "firmware",
    "secure-boot",
    "tpm",
    "drawn",
    "waiting",
    "end",
]
"""What the unit says something of: all other lines are left out."""
# What the unit's `say` lets through: addresses and keys go into the configuration of our ssh.
_Value = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9 ._:/+=@,-]*\Z", max_length=4096)]


class _Wire(msgspec.Struct, frozen=True):
    clone: Literal[1]
    item: Item
    value: _Value


class Report:
    """Collects what one clone says."""

    def __init__(self) -> None:
        self._lines = Lines()
        self._items: dict[str, list[str]] = {}

    def feed(self, data: bytes) -> None:
        """Take in what arrived; lines that make no sense are left out."""
        for line in self._lines.feed(data):
            try:
                said = msgspec.json.decode(line, type=_Wire)
            except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
                continue
            values = self._items.setdefault(said.item, [])
            if len(values) < _MOST:
                values.append(said.value)

    @property
    def complete(self) -> bool:
        """Whether it has said everything."""
        return "end" in self._items

    def all(self, item: str) -> tuple[str, ...]:
        """Return every value of that item."""
        return tuple(value for value in self._items.get(item, ()) if value)

    def number(self, item: str) -> int:
        """Return the value of an item that is a whole number; 0 where there is none."""
        return whole_number("".join(self.all(item)[:1])) or 0


def compare(
    first: Report, second: Report, *, grown: int, machines: Sequence[Machine]
) -> tuple[Finding, ...]:
    """Return one finding for each check; the second clone's disk is `grown` bytes larger.

    `machines` are the clones'. QEMU's own network ("user") gives every card an address; others may
    have none to give, so there it is enough that a card asks for one.
    """
    if not (first.complete and second.complete):
        says = "clones tell of themselves"
        details = ("a clone reached its login prompt, but did not tell of itself",)
        return (Finding(check="clone-report", says=says, details=details),)
    return tuple(
        Finding(check=name, says=says, details=tuple(look(first, second)))
        for name, says, look in _checks(grown, machines)
    )


_Look = Callable[[Report, Report], Iterable[str]]


def _checks(grown: int, machines: Sequence[Machine]) -> tuple[tuple[str, str, _Look], ...]:
    network = machines[0].network if machines else "user"
    return (
        ("clone-firmware", "clones start by the firmware that they are for", _start(machines)),
        ("clone-machine-ids", "clones have machine-ids of their own", _differs("machine-id")),
        ("clone-ssh-host-keys", "clones have ssh host keys of their own", _keys),
        ("clone-dhcp-identities", "clones are several to a DHCP server", _dhcp(network)),
        ("clone-drawn-names", "clones share nothing that was drawn by lot", _drawn),
        ("clone-network", "network cards have addresses", _cards(network)),
        ("clone-growth", "the root file system fills a larger disk", _growth(grown)),
        ("clone-units", "no unit fails", _units(network)),
    )


def _start(machines: Sequence[Machine]) -> _Look:
    def look(first: Report, second: Report) -> Iterator[str]:
        """Yield what a machine has and its kernel does not. Units before this check say nothing."""
        for report, machine in zip((first, second), machines, strict=True):
            by = "".join(report.all("firmware")[:1])
            if by not in {"", machine.firmware}:
                yield f"a clone was started by {by}, not by {machine.firmware}"
            if machine.secure_boot and report.number("secure-boot") != 1:
                yield "Secure Boot is off in a clone"
            if machine.tpm and not report.all("tpm"):
                yield "a clone has no TPM that its kernel knows"

    return look


def _differs(item: str) -> _Look:
    def look(first: Report, second: Report) -> Iterator[str]:
        ours, theirs = set(first.all(item)), set(second.all(item))
        if not (ours and theirs):
            yield f"a clone has no {item}"
        yield from (f"two clones have the {item} {value}" for value in sorted(ours & theirs))

    return look


def _dhcp(network: str) -> _Look:
    def look(first: Report, second: Report) -> Iterator[str]:
        """Yield what both have; what has no network card is nobody to a DHCP server."""
        bare = not (first.all("dhcp-identity") or second.all("dhcp-identity"))
        if not (network == "none" and bare):
            yield from _differs("dhcp-identity")(first, second)

    return look


def _keys(first: Report, second: Report) -> Iterator[str]:
    """Yield the keys of both; a system without ssh has none, which is no mistake."""
    shared = sorted(set(first.all("ssh-host-key")) & set(second.all("ssh-host-key")))
    yield from (f"two clones have the ssh host key {value}" for value in shared)


def _drawn(first: Report, second: Report) -> Iterator[str]:
    """Yield the files that hold the same; one that a system does not have is no mistake."""
    shared = {value.partition(" ")[0] for value in {*first.all("drawn")} & {*second.all("drawn")}}
    yield from (f"two clones have the same {path}" for path in sorted(shared))


def _cards(network: str) -> _Look:
    def look(first: Report, second: Report) -> Iterator[str]:
        """Yield the cards without an address. Units before this check say nothing of cards."""
        if network == "none":
            return
        for report in (first, second):
            if not (report.all("card") or report.all("address")):
                yield "a clone has no network card that its kernel knows"
        known = {each.partition(" none: ") for each in (*first.all("card"), *second.all("card"))}
        for card, bare, state in sorted(known):
            if bare and (network == "user" or not _ASKS.search(state)):
                why = state.strip(" ,") or "no more is known"
                yield f"{card} of a clone has no address ({why})"

    return look


def _growth(grown: int) -> _Look:
    def look(first: Report, second: Report) -> Iterator[str]:
        more = second.number("root-bytes") - first.number("root-bytes")
        if more < grown * _LEAST_GROWTH:
            yield f"on a disk that is {grown >> 20} MiB larger, / is {more >> 20} MiB larger"

    return look


def _units(network: str) -> _Look:
    def look(first: Report, second: Report) -> Iterator[str]:
        """Yield what failed; where no address is to be had, what needs one cannot do else."""
        excused = any(_without_address(report, network) for report in (first, second))
        for name in sorted({*first.all("failed-unit"), *second.all("failed-unit")}):
            if not (excused and _WANTS_ADDRESS.fullmatch(name)):
                yield f"{name} failed"

    return look


def _without_address(report: Report, network: str) -> bool:
    """Tell whether a clone got no address from a network that may have none to give."""
    asks = any(_ASKS.search(card.partition(" none: ")[2]) for card in report.all("card"))
    return network == "none" or (network != "user" and asks)


NAMES = ("clone-report", *(name for name, _says, _look in _checks(0, ())))
