"""Rendering: whole texts against golden files, options they lack, and templates that are wrong."""

import itertools
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from msgspec.structs import replace

from builder.errors import BuilderError, KickstartError
from builder.kickstart.library import Library
from builder.kickstart.lint import lint
from builder.kickstart.masking import mask
from builder.kickstart.render import render
from builder.model.build import BuildOrder
from builder.model.kickstart import Secrets
from builder.monitor import SilentMonitor
from builder.releases import catalogue
from tests.orders import LIBRARY, ordered
from tests.values import Golden

NONE = Secrets()
HASH = f"$6$salt${'a' * 86}"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGoldenGoldenGolden someone@example"


def order_of(
    name: str = "centos7",
    secrets: Secrets = NONE,
    **request: Any,  # noqa: ANN401
) -> BuildOrder:
    return replace(ordered(name, **request), secrets=secrets)


def text_of(name: str = "centos7", profile: str = "minimal", **request: Any) -> str:  # noqa: ANN401
    return render(order_of(name, profile=profile, **request)).text


def lines_of(*arguments: str, **options: Any) -> list[str]:  # noqa: ANN401
    return text_of(*arguments, **options).splitlines()


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"medium": "dvd"}, "cdrom"),
        ({"variables": {"disk": "vda"}}, "ignoredisk --only-use=vda"),
        (
            {"variables": {"hostname": "gold"}},
            "network --bootproto=dhcp --device=link --onboot=yes --hostname=gold",
        ),
        ({"variables": {"firewall": "no"}}, "firewall --disabled"),
        ({"variables": {"user": "joe", "user_groups": ""}}, "user --name=joe --lock"),
        ({"variables": {"packages": "tree"}}, "tree"),
        ({"variables": {"ssh_keys": KEY}}, "home=$(getent passwd root | cut -d: -f6)"),
        (
            {"variables": {"user": "joe"}, "secrets": Secrets(user_password_hash=HASH)},
            f"user --name=joe --groups=wheel --iscrypted --password={HASH}",
        ),
    ],
)
def test_options_become_lines(options: dict[str, Any], line: str) -> None:
    assert line in lines_of("centos7", **options)


@pytest.mark.parametrize(
    ("options", "absent"),
    [
        ({"variables": {"seal": "no"}}, ": >/etc/machine-id"),
        ({"variables": {"seal_except": "logs"}}, "/var/log/journal"),
        ({"variables": {"grow": "no"}}, "builder-grow-root"),
        ({"variables": {"user": "joe"}, "secrets": Secrets(user_password_hash=HASH)}, "sudoers"),
    ],
)
def test_options_leave_lines_out(options: dict[str, Any], absent: str) -> None:
    assert absent not in text_of("centos7", **options)


def test_the_rest_of_the_disk_is_the_last_partition() -> None:
    options = {"firmware": "uefi", "variables": {"swap_mib": "64"}}
    parts = [line for line in lines_of("centos7", **options) if line.startswith("part ")]
    assert [line.split()[1] for line in parts] == ["/boot/efi", "swap", "/"]
    assert ["--grow" in line for line in parts] == [False, False, True]


def test_the_last_script_reports_the_nonce() -> None:
    for name in catalogue.names():
        last = render(order_of(name)).for_build("abc").rpartition("%post")[2]
        assert "org.builder.result.0" in last
        assert '"result":"success"' in last
        assert "nonce=abc\n" in last


def test_an_order_is_carried_out_anywhere(tmp_path: Path) -> None:
    """What it needs of the user's folder goes along with it: an order may travel as JSON."""
    own = tmp_path / "own"
    (own / "snippets").mkdir(parents=True)
    (own / "centos7.ks.j2").write_text('{% include ["no.j2", "snippets/network.ks.j2"] %}\n')
    (own / "snippets/network.ks.j2").write_text('{% include "./" ~ part ~ ".txt.j2" %}\n')
    (own / "motd.txt.j2").write_text("# {{ hostname }}, {{ part }}\n")
    (own / "variables.toml").write_text('[part]\nhelp = "A file."\ndefault = "motd"\n')
    order = order_of(library=Library(own))
    text = render(order).text
    travelled = msgspec.json.encode(order, enc_hook=str)
    shutil.rmtree(own)
    assert render(msgspec.json.decode(travelled, type=BuildOrder)).text == text
    assert text.splitlines()[0] == "# localhost.localdomain, motd"


GOLDEN: list[tuple[str, dict[str, Any]]] = [
    ("centos7", {}),
    ("centos7-netinstall-uefi", {"medium": "netinstall", "firmware": "uefi"}),
    (
        "centos7-kvm-host-user",
        {
            "profile": "kvm-host",
            "variables": {"user": "joe", "ssh_keys": KEY, "swap_mib": "512"},
            "secrets": Secrets(root_password_hash=HASH),
        },
    ),
    ("centos8", {"name": "centos8"}),
    ("rocky8-cloud", {"name": "rocky8", "profile": "cloud"}),
    ("rocky9", {"name": "rocky9"}),
    ("rocky9-kvm-host", {"name": "rocky9", "profile": "kvm-host"}),
    ("alma10-boot-uefi", {"name": "alma10", "medium": "boot", "firmware": "uefi"}),
    (
        "alma10-podman",
        {
            "name": "alma10",
            "profile": "podman",
            "variables": {"lang": "de_DE.UTF-8", "ntp_servers": "ntp.example"},
        },
    ),
    ("fedora44", {"name": "fedora44"}),
    ("rehearsal", {"name": "rehearsal"}),
    ("rehearsal-tools-uefi", {"name": "rehearsal", "profile": "tools", "firmware": "uefi"}),
]


@pytest.mark.parametrize(("file", "options"), GOLDEN)
def test_golden(file: str, options: dict[str, Any], golden: Golden) -> None:
    golden(f"kickstart/{file}.ks", render(order_of(**options)).for_build("golden"))


FIRMWARES = get_args(get_type_hints(BuildOrder)["firmware"])
PROFILES = LIBRARY.profiles(monitor=SilentMonitor())
OTHERWISE = {"user": "joe", "ssh_keys": KEY, "swap_mib": "64", "seal": "no", "lang": "de_DE.UTF-8"}
CLEAN = set[tuple[str, str, int, str]]()
"""What was looked at already: releases of one family differ in their titles and addresses alone."""


def combinations(name: str) -> Iterator[BuildOrder]:
    """Yield all orders of a release; other variables with the smallest profile alone."""
    order = order_of(name)
    fitting = [each for each in PROFILES if each.fits(order.release)]
    for profile, variant, firmware in itertools.product(fitting, order.release.media, FIRMWARES):
        each = replace(order, profile=profile, variant=variant, firmware=firmware)
        yield each
        if profile.name == "minimal":
            yield replace(each, variables=OTHERWISE)


@pytest.mark.parametrize("name", catalogue.names())
def test_all_of_ours_lint_clean(name: str) -> None:
    """As a build would look at each: with its disk, its firmware and its installer."""
    remarks = {}
    for number, order in enumerate(combinations(name)):
        release, made = order.release, render(order)
        seen = made.text.partition("\n")[2]
        if number:  # the first has its own addresses looked at, too
            for url in release.repositories.values():
                seen = seen.replace(url, "")
            seen = re.sub("(?<=--name=builder-).*", "", seen)
        key = (release.syntax, order.firmware, order.capacity, seen)
        if key in CLEAN:
            continue
        found = lint(made, capacity=order.capacity, firmware=order.firmware, binds=True)
        assert [each.severity for each in made.said] == ["note"] * (
            bool(made.values["online"]) and not release.repositories and not release.made_here
        )
        found = tuple(each for each in found if each not in made.said)
        if found:
            remarks[f"{order.profile.name}-{order.variant}-{order.firmware}"] = found
        CLEAN.add(key)
    assert remarks == {}


@pytest.mark.parametrize("name", catalogue.names())
def test_addresses_of_repositories_are_no_dead_ones(name: str) -> None:
    release = catalogue.find(name)
    for medium in (each for each in release.media if release.media[each].network):
        assert lint(render(order_of(name, medium=medium))) == ()


def own_template(folder: Path, text: str) -> str:
    """Render `text` as if it were the user's own centos7.ks.j2."""
    (folder / "centos7.ks.j2").write_text(text)
    return render(order_of(library=Library(folder))).text


def test_an_own_kickstart_may_use_our_snippets(tmp_path: Path) -> None:
    text = own_template(tmp_path, 'text\n{% include "snippets/localization.ks.j2" %}\n')
    assert text == "text\nlang en_US.UTF-8\nkeyboard us\ntimezone Etc/UTC --utc\n"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "a\n{{ hostnam }}\n",
            "centos7.ks.j2:2: 'hostnam' is undefined.",
            "Did you mean hostname?",
        ),
        ("a\n\n{% if %}\n", "centos7.ks.j2:3: Expected an expression", ""),
        ("{% for x in y %}\n", "centos7.ks.j2:1: Unexpected end of template", ""),
        ("{{ release.nam }}", "centos7.ks.j2:1: 'builder.model.release.Release object' has", ""),
        ("\n{{ 1 / 0 }}", "centos7.ks.j2:2: division by zero.", ""),
        ("{{ packages + 1 }}", "centos7.ks.j2:1: can only concatenate", ""),
        ('{% include "nosuch.j2" %}', "centos7.ks.j2: there is no nosuch.j2.", ""),
        ('{% extends "nosuch.j2" %}', "centos7.ks.j2: there is no nosuch.j2.", ""),
        ('{% include "centos7.ks.j2" %}', "centos7.ks.j2 includes, extends or calls", "If a"),
        ('{% extends "centos7.ks.j2" %}', "centos7.ks.j2 includes, extends or calls", "If a"),
        ('{% include "../pyproject.toml" %}', "centos7.ks.j2: there is no ../pyproject.toml.", ""),
        ('{% include "/etc/hostname" %}', "centos7.ks.j2: there is no /etc/hostname.", ""),
        ("{{ ''.__class__.__mro__ }}", "centos7.ks.j2:1: access to attribute '__class__'", ""),
        ("{{ lipsum.__globals__ }}", "centos7.ks.j2:1: access to attribute '__globals__'", ""),
        ("{{ packages.append('x') }}", "centos7.ks.j2:1: 'tuple object' has no attribute", ""),
        ("{{ range(10000000) }}", "centos7.ks.j2:1: Range too big", ""),
    ],
)
def test_wrong_templates_name_their_line(
    tmp_path: Path, text: str, message: str, hint: str
) -> None:
    with pytest.raises(KickstartError) as caught:
        own_template(tmp_path, text)
    assert caught.value.message.startswith(message)
    assert caught.value.hint.startswith(hint)


@pytest.mark.parametrize("name", ["extra.sh", "linked/extra.j2"])
def test_a_computed_name_may_be_that_of_any_text(tmp_path: Path, name: str) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "extra.sh").write_text("found\n")
    (own / "round").symlink_to(".")
    (own / "\udcff.j2").touch()
    (tmp_path / "there").mkdir()
    (tmp_path / "there/extra.j2").write_text("found\n")
    (own / "linked").symlink_to(tmp_path / "there")
    folder, _, rest = name.rpartition("/")
    assert own_template(own, f'{{% include "{folder}/" ~ "{rest}" %}}') == "found\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{% if false %}{% include "bad.j2" %}{% endif %}fine\n', ""),
        ('{% include "bad.j2" %}', "bad.j2 is no text in UTF-8"),
        ('a\n{{ "\\udcff" }}', "line 2 of what it renders is no text in UTF-8"),
        ('{% include "./" ~ "bad.j2" %}', "bad.j2 is no text in UTF-8"),
    ],
)
def test_what_is_no_text_is_said_where_it_is_needed(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "bad.j2").write_bytes(b"\xff")
    if not said:
        assert own_template(tmp_path, text) == "fine\n"
        return
    with pytest.raises(KickstartError, match=said):
        own_template(tmp_path, text)


@pytest.mark.parametrize("text", ["{{ " + "(" * 5000, "{{ " + "9" * 5000 + " }}"])
def test_a_plain_kickstart_is_no_template(text: str) -> None:
    file = LIBRARY.own_kickstart("web.ks", text)
    assert render(replace(order_of(), kickstart=file)).text.startswith(text)


def test_an_error_inside_a_snippet_names_the_snippet(tmp_path: Path) -> None:
    (tmp_path / "part.j2").write_text("\n\n{{ nosuch_thing }}\n")
    with pytest.raises(KickstartError, match=r"^part\.j2:3: 'nosuch_thing' is undefined"):
        own_template(tmp_path, '{% include "part.j2" %}')


def test_a_release_with_a_wrong_variable_is_named() -> None:
    release = replace(catalogue.find("centos7"), variables={"hostname": "a b"})
    with pytest.raises(BuilderError, match="release centos7: hostname cannot be 'a b'"):
        render(replace(order_of(), release=release))


def test_masking_leaves_no_hash() -> None:
    secrets = Secrets(root_password_hash=HASH, user_password_hash=HASH[:-1] + "b")
    text = text_of("centos7", variables={"user": "joe"}, secrets=secrets)
    assert text.count("$6$") == 2
    assert "$6$" not in mask(text)
    assert "rootpw --iscrypted **masked**" in mask(text)
    assert mask(text).count("**masked**") == 2
    assert "$6$" not in repr(order_of(secrets=secrets))


OWN = "cmdline\nlang {{ lang }}\npoweroff\n%packages\n@core\n%end"


@pytest.mark.parametrize(
    ("name", "second"), [("web.ks", "lang {{ lang }}"), ("web.ks.j2", "lang en_US.UTF-8")]
)
def test_a_file_gets_the_sections_that_report(name: str, second: str) -> None:
    order = order_of()
    made = render(replace(order, kickstart=LIBRARY.own_kickstart(name, OWN)))
    assert (made.source, made.syntax) == (name, "RHEL7")
    assert made.text.splitlines()[1] == second
    assert "nonce=5eed" in made.for_build("5eed")
    assert made.text.rstrip().endswith("sync\n%end")
    twice = LIBRARY.own_kickstart(name, made.text)
    assert render(replace(order, kickstart=twice)).text.strip() == made.text.strip()


@pytest.mark.parametrize(("name", "sections"), [("centos7", 0), ("rehearsal", 1)])
@pytest.mark.parametrize("own", [False, True])
def test_only_an_installer_that_runs_onerror_is_given_it(
    name: str, sections: int, own: bool
) -> None:
    order = order_of(name)
    file = LIBRARY.own_kickstart("web.ks", OWN) if own else order.kickstart
    made = render(replace(order, kickstart=file))
    lines = made.text.splitlines()
    assert (lines.count("%onerror"), lines.count("%traceback")) == (sections, 1)


def test_a_file_that_is_wrong_is_named() -> None:
    wrong = LIBRARY.own_kickstart("web.ks.j2", "cmdline\nlang {{ lnag }}\n")
    with pytest.raises(KickstartError, match=r"web\.ks\.j2:2: 'lnag' is undefined") as caught:
        render(replace(order_of(), kickstart=wrong))
    assert caught.value.hint == "Did you mean lang?"


@pytest.mark.parametrize(
    ("name", "lang", "found"),
    [
        ("rocky8", "de_DE.UTF-8", ["glibc-langpack-de"]),
        ("rocky9", "pt_BR.UTF-8", ["glibc-langpack-pt"]),
        ("fedora44", "fr_FR", ["glibc-langpack-fr"]),
        ("rocky10", "en_GB.UTF-8", []),
        ("rocky10", "C.UTF-8", []),
        ("centos7", "de_DE.UTF-8", []),  # glibc-common has all of them
        ("rehearsal9", "de_DE.UTF-8", []),
    ],
)
def test_another_language_brings_its_locale(name: str, lang: str, found: list[str]) -> None:
    """Else the last script, which finds no such locale, would take C.UTF-8 instead."""
    lines = lines_of(name, variables={"lang": lang})
    assert [line for line in lines if "langpack" in line] == found


def test_without_weak_dependencies_logs_are_rotated_all_the_same() -> None:
    assert "rsyslog-logrotate" in lines_of("rocky9")
    assert "logrotate" in lines_of("rocky10")


@pytest.mark.parametrize("name", ["centos7", "rocky8", "alma9", "oracle10", "fedora44"])
def test_cloud_init_starts_whatever_presets_say(name: str) -> None:
    enabled = '    [ ! -f "$file" ] || [ -h "$file" ] || systemctl enable "$unit.service"'
    assert enabled in lines_of(name, "cloud")
    assert enabled not in lines_of(name)
