"""What is told of a kickstart that is about to be installed from."""

from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from msgspec.structs import replace

from builder.errors import KickstartError
from builder.model.kickstart import LintFinding
from builder.model.media import StagedIso
from builder.recipes import inputs, steps
from builder.recipes.inputs import rendered
from builder.rehearsal.cache import location
from tests.monitors import Heard
from tests.orders import LIBRARY, ordered

FINE = "cmdline\nlang C\ntimezone UTC\nrootpw --lock\nautopart\npoweroff\n"
STATIC = "network --bootproto=static --ip=10.0.0.2 --netmask=255.0.0.0 --gateway=10.0.0.1"


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
        rendered(ordered(kickstart=path), monitor=heard)
    assert caught.value.message == (
        'x.ks.j2, line 7 as it is filled in ("one"): Unknown command: one.'
    )
    assert heard.told[0][1] == (
        'error: line 8 of the kickstart as it is filled in ("two"): Unknown command: two'
    )


@pytest.mark.parametrize("at_hand", [False, True])
def test_packages_of_an_iso_that_is_fetched_are_looked_for_when_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, at_hand: bool
) -> None:
    order = ordered("centos7")
    path = tmp_path / order.medium.file
    iso = StagedIso(
        pool="iso", volume=path.name, path=path, sha256="a", size=1, volume_id="CentOS 7 x86_64"
    )
    if at_hand:
        path.touch()
    lacking = LintFinding(line=0, severity="error", message="there is no package x")
    monkeypatch.setattr(inputs, "staged", lambda *_args, **_words: iso)
    monkeypatch.setattr(inputs, "missing", lambda _wanted, _path: (lacking,))
    work = Mock(order=order, monitor=Heard())
    work.host.iso_pool.path = tmp_path
    kickstart = rendered(order, monitor=Heard())
    if at_hand:
        assert steps.stage_iso.function(work, kickstart) == iso  # the step before has looked
        with pytest.raises(KickstartError, match="there is no package x"):
            steps.render_kickstart.function(work)
        return
    assert steps.render_kickstart.function(work) == kickstart
    with pytest.raises(KickstartError, match="there is no package x"):
        steps.stage_iso.function(work, kickstart)


@pytest.mark.parametrize(
    ("release", "asked", "there"),
    [
        ("centos7", {}, True),
        ("centos7", {"medium": "dvd"}, False),
        ("centos-stream9", {"medium": "dvd"}, False),  # "latest" may be another one by now
    ],
)
def test_an_iso_in_the_pool_is_at_hand(
    tmp_path: Path, release: str, asked: dict[str, Any], *, there: bool
) -> None:
    named = ("CentOS-7-x86_64-Minimal-2009.iso", "CentOS-Stream-9-latest-x86_64-dvd1.iso")
    for name in named:
        (tmp_path / name).touch()
    found = inputs.at_hand(ordered(release, **asked), tmp_path, tmp_path / "cache")
    assert found == (tmp_path / named[0] if there else None)


def test_a_rehearsal_that_was_made_is_at_hand(tmp_path: Path) -> None:
    order, cache = ordered("rehearsal"), tmp_path / "cache"
    assert inputs.at_hand(order, tmp_path, cache) is None
    made = location(cache, layout="el7")
    made.parent.mkdir(parents=True)
    made.touch()
    assert inputs.at_hand(order, tmp_path, cache) == made
    (staged := tmp_path / made.name).touch()
    assert inputs.at_hand(order, tmp_path, cache) == staged
