"""What is told of a kickstart that is about to be installed from."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from builder.errors import KickstartError
from builder.model.build import BuildOrder
from builder.recipes.inputs import rendered
from tests.monitors import Heard
from tests.orders import LIBRARY, ordered

FINE = "cmdline\nlang C\ntimezone UTC\nrootpw --lock\nautopart\npoweroff\n"
STATIC = "network --bootproto=static --ip=10.0.0.2 --netmask=255.0.0.0 --gateway=10.0.0.1"


def alive(order: BuildOrder) -> BuildOrder:
    return replace(order, release=replace(order.release, end_of_life=None))


def test_that_a_release_gets_no_updates_any_more_is_told_with_every_build() -> None:
    heard = Heard()
    rendered(ordered("centos7"), monitor=heard)
    sentence = "CentOS 7 (2009) has had no updates since 2024-06-30: its end of life."
    assert ("warning", sentence) in [each[:2] for each in heard.told]
    heard = Heard()
    rendered(alive(ordered("centos7")), monitor=heard)
    assert "end of life" not in str(heard.told)


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
    own = replace(alive(ordered()), kickstart=LIBRARY.own_kickstart("x.ks", FINE + added))
    heard = Heard()
    with pytest.raises(KickstartError, match=r"^x\.ks, line 7: Unknown command: one\.$") as caught:
        rendered(own, monitor=heard)
    assert ([each[:2] for each in heard.told], caught.value.hint) == (told, hint)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"release": "centos7"}, True),
        ({"release": "rehearsal"}, False),
        ({"release": "centos7", "waive": ("network-identity",)}, False),
        ({"release": "centos7", "variables": {"seal": "no"}}, False),
    ],
)
def test_an_address_of_one_card_is_told_where_anaconda_makes_it(
    tmp_path: Path, asked: dict[str, Any], *, told: bool
) -> None:
    (path := tmp_path / "x.ks").write_text(f"{FINE}{STATIC}\n")
    heard = Heard()
    rendered(ordered(kickstart=path, **asked), monitor=heard)
    assert ("the installer's own card" in str(heard.told)) is told


def test_lines_of_a_template_are_shown(tmp_path: Path) -> None:
    (path := tmp_path / "x.ks.j2").write_text(f"{{# a comment #}}\n{FINE}one\ntwo\n")
    heard = Heard()
    with pytest.raises(KickstartError) as caught:
        rendered(alive(ordered(kickstart=path)), monitor=heard)
    assert caught.value.message == (
        'x.ks.j2, line 7 as it is filled in ("one"): Unknown command: one.'
    )
    assert heard.told[0][1] == (
        'error: line 8 of the kickstart as it is filled in ("two"): Unknown command: two'
    )
