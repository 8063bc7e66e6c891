"""The units, and the line of cron, as texts."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from builder.errors import ConfigError
from builder.pipeline.timer import Timer, calendar, clock, cron_file, name_of, units
from builder.pipeline.timer_words import checked, command, cron, literal, word
from tests.values import Golden

NIGHTLY = Timer(
    name="nightly",
    title="CentOS 7 in every shape",
    pipeline="nightly",
    at="02:30",
    command=("/opt/builder/bin/python", "-P", "-m", "builder", "pipeline", "run", "nightly"),
    environment={"HOME": "/root", "PATH": "/usr/bin:/bin"},
    writable=(Path("/data_kvm/iso"), Path("/data_kvm/store"), Path("/var/lib/builder")),
)
ODD = replace(
    NIGHTLY,
    name="odd",
    title='100 % "odd"',
    pipeline="/srv/50% $off/it's.toml",
    at="Mon..Fri *-*-* 02:30 Europe/Berlin",
    delay="1h 30min",
    command=(*NIGHTLY.command[:-1], "/srv/50% $off/it's.toml", ""),
    environment={"BUILDER_STATE": '/srv/50% $off/"state"'},
    environment_file=Path("/etc/builder/50% off.env"),
    writable=(Path("/srv/50% $off/store"), Path("/srv/b")),
    on_failure="mail@%n.service",
)
KINDS = {
    "nightly": NIGHTLY,
    "odd": ODD,
    "rehearsal": replace(NIGHTLY, name="rehearsal", rehearses=True),
    "user": replace(NIGHTLY, user=True),
    "session": replace(NIGHTLY, user=True, guests_below=True),
}


@pytest.mark.parametrize("kind", KINDS)
def test_units(kind: str, golden: Golden) -> None:
    service, timer = units(KINDS[kind], systemd=252)
    golden(f"timer/{kind}.service", service)
    golden(f"timer/{kind}.timer", timer)


@pytest.mark.parametrize("kind", ["nightly", "odd", "user"])
def test_cron(kind: str, golden: Golden) -> None:
    golden(f"timer/{kind}.cron", cron_file(replace(KINDS[kind], at="2:05")))


def test_an_older_systemd_is_told_nothing_that_it_does_not_know() -> None:
    of_el8, of_el9 = units(NIGHTLY, systemd=239), units(NIGHTLY, systemd=252)
    newer = {line.partition("=")[0] for text in of_el9 for line in text.splitlines()}
    older = {line.partition("=")[0] for text in of_el8 for line in text.splitlines()}
    assert newer - older == {
        *("FixedRandomDelay", "ProtectClock", "ProtectHostname"),
        *("ProtectKernelLogs", "ProtectProc", "RestrictSUIDSGID"),
    }
    assert older < newer


@pytest.mark.parametrize(
    ("at", "expected", "event"),
    [
        ("02:30", (2, 30), "*-*-* 02:30:00"),
        ("2:30", (2, 30), "*-*-* 02:30:00"),
        ("23:59", (23, 59), "*-*-* 23:59:00"),
        ("24:00", None, "24:00"),
        ("02:60", None, "02:60"),
        ("02:30:00", None, "02:30:00"),
        ("Mon 02:30", None, "Mon 02:30"),
        ("02:30\n", None, "02:30\n"),
    ],
)
def test_times(at: str, expected: tuple[int, int] | None, event: str) -> None:
    assert (clock(at), calendar(at)) == (expected, event)


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("nightly", "nightly"),
        ("EL 9 (all)", "EL-9-all"),
        ("größe", "gr-e"),
        ("../x", "x"),
        ("@", "pipeline"),
        ("a@b", "a-b"),
        (".hidden", "hidden"),
        ("x" * 200, "x" * 100),
    ],
)
def test_names(stem: str, name: str) -> None:
    assert name_of(stem) == name


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("/srv/a-b_c.toml", "/srv/a-b_c.toml"),
        ("/srv/a b", '"/srv/a b"'),
        ("", '""'),
        ("50%", "50%%"),
        ("it's", '"it\'s"'),
        ('a"b', r'"a\"b"'),
        ("a;b", '"a;b"'),
        ("#x", '"#x"'),
        ("größe", '"größe"'),
    ],
)
def test_words(text: str, quoted: str) -> None:
    assert word(text) == quoted


@pytest.mark.parametrize(
    "text", ["a\nb", "a\rb", "a\tb", "a\0", "a\\", "a\\x20b", "a\udcff", "\x7f"]
)
def test_what_no_unit_can_hold(text: str) -> None:
    for refuse in (checked, literal, word, lambda each: command(["/x", each])):
        with pytest.raises(ConfigError, match="cannot hold"):
            refuse(text)
    with pytest.raises(ConfigError, match="cannot hold"):
        cron([text])


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["/bin/x", "$HOME", "a b"], '/bin/x "$$HOME" "a b"'),
        (["/a b/x", "${x}"], '"/a b/x" "$${x}"'),
        (["/50%/x", ";"], '/50%%/x ";"'),
    ],
)
def test_commands(words: Sequence[str], line: str) -> None:
    assert command(words) == line


def test_a_dollar_sign_in_the_programs_path() -> None:
    with pytest.raises(ConfigError, match="dollar sign"):
        command(["/opt/$x/python"])


def test_cron_reads_a_percent_sign_as_an_end_of_line() -> None:
    assert cron(["/bin/x", "50% off", "a'b"]) == r"""/bin/x '50\% off' 'a'"'"'b'"""
