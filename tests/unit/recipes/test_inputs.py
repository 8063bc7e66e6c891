"""What is told of a kickstart that is about to be installed from."""

import pytest
from msgspec.structs import replace

from builder.errors import KickstartError
from builder.recipes.inputs import rendered
from tests.monitors import Heard
from tests.orders import LIBRARY, ordered

FINE = "cmdline\nlang C\ntimezone UTC\nrootpw --lock\nautopart\npoweroff\n"


@pytest.mark.parametrize(
    ("added", "told", "hint"),
    [
        ("one\n", [], "Mend the kickstart."),
        (
            "one\ntwo\n",
            [("note", "error: line 8 of the kickstart: Unknown command: two")],
            "Mend the kickstart; errors: 2 in all.",
        ),
        (
            "one\nvnc --password=x\n",
            [
                (
                    "warning",
                    "line 8 of the kickstart: --password in clear text: "
                    "readers of the medium have it",
                )
            ],
            "Mend the kickstart.",
        ),
    ],
)
def test_each_error_is_said_once(added: str, told: list[tuple[str, str]], hint: str) -> None:
    own = replace(ordered(), kickstart=LIBRARY.own_kickstart("x.ks", FINE + added))
    heard = Heard()
    with pytest.raises(KickstartError, match=r"^x\.ks, line 7: Unknown command: one\.$") as caught:
        rendered(own, monitor=heard)
    assert ([each[:2] for each in heard.told], caught.value.hint) == (told, hint)
