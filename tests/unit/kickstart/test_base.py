"""The kickstart that all others extend: ours, and the user's own."""

import re
from pathlib import Path

import pytest

from builder.kickstart.library import Library
from builder.kickstart.lint import lint
from builder.kickstart.render import render
from builder.releases import catalogue
from tests.orders import ordered

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
    library = Library(tmp_path)
    (tmp_path / "mine").mkdir()
    file = tmp_path / "mine/web.ks.j2" if given else None
    (tmp_path / "mine/web.ks.j2").write_text(EXTENDED)
    (tmp_path / release.kickstart).write_text(EXTENDED)
    (tmp_path / "snippets").mkdir()
    (tmp_path / "snippets/localization.ks.j2").write_text("lang C\ntimezone UTC\n")
    made = render(ordered(name, library=library, kickstart=file))
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
    made = render(ordered(library=Library(tmp_path)))
    assert made.text.split() == ["text", "auth", "--enableshadow", "--passalgo=sha512", "poweroff"]


def test_templates_ask_for_facts_and_compare_no_names() -> None:
    """So whoever adds a release, or a family, has no template to mend."""
    [folder] = Library().folders
    asked = re.compile(r"\{[%{][^}]*\brelease\.(?:name|family|syntax|version|title)\b[^}]*\}+")
    texts = [path.read_text() for path in sorted(folder.rglob("*.j2"))]
    found = [each for text in texts for each in asked.findall(text)]
    assert found == ["{{ release.title }}"]
