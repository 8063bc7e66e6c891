"""Which packages to install, from %packages and what the medium offers; pure."""

import fnmatch
from dataclasses import dataclass

from builder.rehearsal.guest.model import Failure, Software
from builder.rehearsal.guest.repositories import Offer, Package


class Missing(Failure):
    """%packages names something that the medium does not have."""


@dataclass(frozen=True, kw_only=True)
class Lacking:
    """What %packages names and the medium does not have."""

    packages: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.packages or self.groups)

    def by_yum(self) -> tuple[str, ...]:
        """Return a sentence for each, as EL 7 has them."""
        return (
            *(f"You have specified that the package '{name}' should be installed.  "
              "This package does not exist." for name in self.packages),
            *(f"The group '{name}' is required for this installation. "
              "This group does not exist." for name in self.groups),
        )  # fmt: skip

    def by_dnf(self) -> tuple[str, ...]:
        """Return the lines of dnf's MarkingErrors."""
        kinds = (("packages", self.packages), ("groups or modules", self.groups))
        return (
            "Problems in request:",
            *(f"missing {kind}: {', '.join(names)}" for kind, names in kinds if names),
        )


def missing(software: Software, offer: Offer, *, base: frozenset[str] = frozenset()) -> Lacking:
    """Return everything that is asked for and not there; `base` is in the payload anyhow."""
    return Lacking(
        packages=tuple(
            name for name in software.packages if name not in base and not _matching(name, offer)
        ),
        groups=tuple(
            name.removeprefix("^") for name in software.groups if offer.within(name) is None
        ),
    )


def _matching(name: str, offer: Offer) -> list[Package]:
    if any(letter in name for letter in "*?["):
        names = fnmatch.filter(offer.packages, name)
        return [offer.packages[each] for each in names]
    found = offer.named(name)
    return [found] if found else []


def select(
    software: Software, offer: Offer, *, base: frozenset[str] = frozenset()
) -> tuple[Package, ...]:
    """Return what to install beyond the base, requirements first; what is missing is left out."""
    chosen: dict[str, Package] = {}
    grouped = (name for group in software.groups for name in offer.within(group) or ())
    for name in (*software.packages, *grouped):
        for package in _matching(name, offer):
            if package.name not in base and not _excluded(package.name, software):
                _add(package.name, offer, base, chosen)
    return tuple(chosen.values())


def _excluded(name: str, software: Software) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in software.excluded)


def _add(name: str, offer: Offer, base: frozenset[str], chosen: dict[str, Package]) -> None:
    pending = [name]
    order: list[str] = []
    while pending:
        current = pending.pop()
        if current in offer.packages and current not in base and current not in order:
            order.append(current)
            pending += offer.packages[current].requires
    for current in reversed(order):
        chosen.setdefault(current, offer.packages[current])
