"""The kickstart that all others extend: ours, and the user's own."""

from pathlib import Path

import pytest

from builder.kickstart.lint import lint
from builder.kickstart.render import render
from builder.model.kickstart import OwnKickstart, Profile, RenderOptions
from builder.releases import catalogue

EXTENDED = """\
{% extends "base.ks.j2" %}
{% block source %}
url --url=http://mirror.example/os
{% endblock %}
{% block security %}
{{ super() }}
# and ours
{% endblock %}
{% block configure %}
touch /etc/ours
{% endblock %}
"""


@pytest.mark.parametrize("name", ["centos7", "rehearsal"])
@pytest.mark.parametrize("given", [True, False])
def test_an_own_kickstart_may_extend_our_base(tmp_path: Path, name: str, given: bool) -> None:
    release = catalogue.find(name)
    file = OwnKickstart(name="web.ks.j2", text=EXTENDED) if given else None
    (tmp_path / release.kickstart).write_text(EXTENDED)
    (tmp_path / "snippets").mkdir()
    (tmp_path / "snippets/localization.ks.j2").write_text("lang C\ntimezone UTC\n")
    made = render(release, Profile(), RenderOptions(), file=file, own=tmp_path)
    lines = made.text.splitlines()
    assert lines[0] == f"# {release.title}, profile minimal."
    assert lines[2:5] == ["cmdline", "url --url=http://mirror.example/os", "lang C"]
    assert lines.index("selinux --enforcing") < lines.index("# and ours")
    assert lines.index("touch /etc/ours") < lines.index("mkdir -p /usr/libexec")
    # What reports comes with the base: nothing is added to a file that extends it.
    assert sum(line.startswith("%post") for line in lines) == 4
    assert lint(made) == ()


def test_an_own_base_is_what_ours_extend(tmp_path: Path) -> None:
    (tmp_path / "base.ks.j2").write_text("text\n{% block auth %}{% endblock %}\npoweroff\n")
    made = render(catalogue.find("centos7"), Profile(), RenderOptions(), own=tmp_path)
    assert made.text.split() == ["text", "auth", "--enableshadow", "--passalgo=sha512", "poweroff"]
