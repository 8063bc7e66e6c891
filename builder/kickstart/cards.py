"""Whether an address would be bound to the card of the machine that is installed.

Anaconda names a card in each profile that it makes, by what it has (--device=link, or nothing) as
well (pyanaconda's network module, EL 7 to 10). That name follows from the card's place, as ens3.
Where the profile asks for an address by DHCP, the seal makes it one for every card.
"""

import re
from collections.abc import Iterator

from pykickstart.version import F19

from builder.kickstart.parsed import Parsed, warning
from builder.model.kickstart import LintFinding

_BY_PLACE = re.compile(r"|link|en[a-z]{1,2}\d\w*|em\d\w*|p\d+p\d\w*")
"""Devices whose names are those of the installer's own cards; none is given for the first."""
_PROFILES = re.compile(r"ifcfg-|network-scripts|system-connections|nmconnection|nmcli")
"""What scripts have that make profiles anew or remove them."""


def any_card(parsed: Parsed) -> Iterator[LintFinding]:
    """A template must have network on the cards that its clones have."""
    if not parsed.binds or parsed.handler.version < F19 or _PROFILES.search(parsed.text):
        return
    for each in parsed.handler.network.network:
        fixed = each.bootProto == "static" and each.ip
        if (
            fixed
            and getattr(each, "bindto", "") != "mac"
            and _BY_PLACE.fullmatch(each.device or "")
        ):
            yield warning(
                "the address is bound to the installer's own card, such as ens3, which the audit "
                "(network-identity) refuses: use DHCP, or write the profile in a %post",
                each.lineno,
            )
