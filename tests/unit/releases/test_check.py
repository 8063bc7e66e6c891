"""`builder release check`: each mistake is found where it is, all of them in one run."""

import json
import re
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from builder.kickstart.library import Library
from builder.model.release import Release
from builder.releases import catalogue
from builder.releases.catalogue import shipped
from builder.releases.check import Finding, check, shown
from builder.releases.own import gathered
from builder.releases.shape import NO_KEYS, of_release
from tests.monitors import Heard

GOOD = """
[corp9]
extends = "el9"
title = "Corp {version}"
version = "9.8"
arch = "x86_64"
end_of_life = 2032-05-31
syntax = "RHEL9"
volume_id = "Corp-{major}-{minor}"
other_volume_ids = ["Corp-{version}*"]
osinfo = "http://rockylinux.org/rocky/9"
kickstart = "el8.ks.j2"
urls = ["https://mirror.example/{version}/isos"]
minors = true
rolling = false
made_here = false
default_medium = "dvd"
memory_mib = 2048
disk_gib = 10
vcpus = 2
emulated_cpu = "Nehalem"
installer_args = ["inst.nosave=all"]
packages = ["@core"]
facts = { gpt = true }
older = { urls = ["https://vault.example/{version}"] }
variables = { timezone = "UTC" }
repositories = { BaseOS = "https://mirror.example/{version}/os" }

[corp9.checksums]
file = "CHECKSUM"
signature = "inline"
keys = ["7051C470A929F454CEBE37B715AF5DAC6D745A60"]
weak_keys = ["7051C470A929F454CEBE37B715AF5DAC6D745A60"]
key_files = ["RPM-GPG-KEY-corp"]
key_urls = ["https://mirror.example/KEY"]

[corp9.media.dvd]
file = "corp-{version}.iso"
sha256 = "{digest}"
size = 5
network = false
urls = ["https://mirror.example/other"]
""".replace("{digest}", "0" * 64)

WORDS = Library().words()


def found(text: str) -> tuple[Finding, ...]:
    return check(text, source="mine.toml", known=shipped(), words=WORDS)


def test_a_good_file_has_every_key_and_no_mistake() -> None:
    assert found(GOOD) == ()
    keys = catalogue.layer(GOOD, source="x").rows["corp9"].keys()
    assert keys == of_release().keys()
    assert keys - {"extends", "older"} == set(Release.__struct_fields__) - set(NO_KEYS)


def test_a_medium_without_packages_needs_a_repository() -> None:
    text = GOOD.replace("network = false", "network = true")
    assert found(text) == ()
    [one] = found(text.replace('BaseOS = "https://mirror.example/{version}/os"', ""))
    assert "[corp9.media] dvd: It has no packages, and nothing says where they" in shown(one)


def test_ours_have_no_mistake() -> None:
    text = (Path(catalogue.__file__).parent / "releases.toml").read_text()
    assert check(text, source="x", known=shipped(), words=WORDS) == ()


MISTAKES = [
    # A mistake in each key, and what is said of it.
    ("title =", "titel =", "[corp9] titel: There is no such key. Did you mean title?"),
    ('extends = "el9"', 'extends = "el99"', "[corp9] extends: corp9 extends 'el99', which is"),
    ('extends = "el9"', 'extends = "rocky99"', "Did you mean rocky9?"),
    ('extends = "el9"', 'extends = "corp9"', "corp9 extends itself: corp9 extends corp9."),
    ('extends = "el9"', "", "[corp9] extends: corp9 does not say what it extends. Write extends"),
    ('extends = "el9"', "extends = 9", "[corp9] extends: It must be a text, not 9."),
    ('extends = "el9"', 'family = "el9"', "[corp9] family: There is no such key. Write extends"),
    (
        'title = "Corp {version}"',
        "",
        "[corp9] title: The key title is missing; it is a text of one line.",
    ),
    ('"Corp {version}"', '"Corp {verson}"', "[corp9] title: Nothing is known that {verson} stands"),
    ('"Corp {version}"', '"Corp {verson}"', "Did you mean version?"),
    (
        'title = "Corp {version}"',
        "title = true",
        "[corp9] title: It must be a text of one line, not true.",
    ),
    (
        'version = "9.8"',
        "version = 9.8",
        "[corp9] version: It must be a text of one line, not 9.8.",
    ),
    ('version = "9.8"', 'version = "9"', "[corp9] minors: Minor versions are of a version such as"),
    ('"x86_64"', "64", "[corp9] arch: It must be a text, not 64."),
    ("2032-05-31", '"May 2032"', "[corp9] end_of_life: It must be a date, such as 2030-05-31, not"),
    ("2032-05-31", "2032", "[corp9] end_of_life: It must be a date"),
    (
        '"RHEL9"',
        '"RHEL99"',
        "[corp9] syntax: There is no syntax of kickstarts 'RHEL99'. Did you mean",
    ),
    ('"x86_64"', '"aarch64"', "[corp9] arch: Guests have processors of x86_64, not of 'aarch64'."),
    (
        "timezone =",
        "timezon =",
        "[corp9.variables] timezon: There is no variable 'timezon'. Did you",
    ),
    ('["https://mirror.example/{version}/isos"]', '["mirror/x"]', "[corp9] urls: 'mirror/x' is no"),
    (
        "https://mirror.example/other",
        "mirror.example",
        "[corp9.media.dvd] urls: 'mirror.example' is",
    ),
    (
        '"https://mirror.example/{version}/os"',
        '"/os"',
        "[corp9.repositories] BaseOS: '/os' is no add",
    ),
    ('"RHEL9"', '["RHEL9"]', "[corp9] syntax: It must be a text"),
    ("Corp-{major}-{minor}", "Corp" * 9, "[corp9] volume_id: 'CorpCorp"),
    ("Corp-{major}-{minor}", "Corp" * 9, "has 36 characters, and an ISO has room for 32."),
    ('["Corp-{version}*"]', '"Corp"', "[corp9] other_volume_ids: It must be a list, of which each"),
    ('["Corp-{version}*"]', '"Corp"', "Put it in square brackets."),
    ("Corp-{version}*", "Corp-{version}*" * 4, "[corp9] other_volume_ids: 'Corp-9.8*Corp-9.8*Corp"),
    ("http://rockylinux.org/rocky/9", "rocky9", "[corp9] osinfo: 'rocky9' is no identifier of"),
    (
        "el8.ks.j2",
        "el7x.ks.j2",
        "[corp9] kickstart: There is no kickstart 'el7x.ks.j2'. Did",
    ),
    ("el8.ks.j2", "../el8.ks.j2", "[corp9] kickstart: It must be the name of a file, without its"),
    ("minors = true", 'minors = "yes"', "[corp9] minors: It must be true or false, not 'yes'."),
    ("rolling = false", "rolling = true", "[corp9] minors: What moves under one name has no minor"),
    (
        "rolling = false",
        "rolling = true",
        "[corp9.media.dvd] sha256: corp-9.8.iso moves, so that the next one has another sha256.",
    ),
    ("rolling = false", "rolling = 0", "[corp9] rolling: It must be true or false, not 0."),
    ("made_here = false", "made_here = []", "[corp9] made_here: It must be true or false"),
    (
        'default_medium = "dvd"',
        'default_medium = "dv"',
        "[corp9] default_medium: There is no medium",
    ),
    ('default_medium = "dvd"', 'default_medium = "dv"', "Did you mean dvd?"),
    ('default_medium = "dvd"', "", "[corp9] default_medium: The key default_medium is missing"),
    (
        "memory_mib = 2048",
        "memory_mib = 0",
        "[corp9] memory_mib: It must be a whole number from 1 ",
    ),
    ("memory_mib = 2048", "memory_mib = -1", "[corp9] memory_mib: It must be a whole number from"),
    ("memory_mib = 2048", 'memory_mib = "2048"', "not '2048'. Take the quotes away."),
    ("rolling = false", 'rolling = "false"', "not 'false'. Take the quotes away."),
    ('version = "9.8"', "version = 9.8", "a text of one line, not 9.8. Put it in quotes."),
    ("memory_mib = 2048", "memory_mib = 10485760", "It counts MiB; no installer needs more than a"),
    (
        "memory_mib = 2048",
        "memory_mib = 511",
        "Its installer does not run in 511 MiB of memory. It",
    ),
    ("disk_gib = 10", "disk_gib = 10240", "It counts GiB; the qcow2 that is installed to gets no"),
    (
        "disk_gib = 10",
        "disk_gib = 0",
        "[corp9] disk_gib: It must be a whole number from 1 to 8192,",
    ),
    ("vcpus = 2", "vcpus = 10_000", "KVM gives no guest more."),
    (
        "older = { urls",
        "older = { vcpus = 0, urls",
        "[corp9.older] vcpus: It must be a whole number",
    ),
    ("disk_gib = 10", 'disk_gib = "10"', "[corp9] disk_gib: It must be a whole number from 1"),
    ("vcpus = 2", "vcpus = 2.5", "vcpus: It must be a whole number from 1 to 4096, not 2.5."),
    ('"Nehalem"', '"Nehalm"', "[corp9] emulated_cpu: libvirt knows no CPU model 'Nehalm'. Did you"),
    ('["inst.nosave=all"]', "true", "[corp9] installer_args: It must be a list, of which each is"),
    ('["@core"]', "[1]", "[corp9] packages: It must be a list, of which each is a text of one"),
    ("gpt = true", "gtp = true", "[corp9.facts] gtp: There is no such key. Did you mean gpt?"),
    ("gpt = true", 'gpt = "no"', "[corp9.facts] gpt: It must be true or false, not 'no'."),
    ("{ gpt = true }", "3", "[corp9] facts: It must be a table, not 3."),
    (
        "gpt = true",
        "cpu_level = 4",
        "[corp9.facts] cpu_level: It must be one of 1, 2, 3, not 4.",
    ),
    ("older = { urls", "older = { ulrs", "[corp9.older] ulrs: There is no such key. Did you mean"),
    ("older = { urls", 'older = { extends = "x", urls', "[corp9.older] extends: There is no such"),
    ('{ timezone = "UTC" }', '"UTC"', "[corp9] variables: It must be a table, not 'UTC'."),
    (
        '"https://mirror.example/{version}/os"',
        "7",
        "[corp9.repositories] BaseOS: It must be a text",
    ),
    (
        '"CHECKSUM"',
        '"CHECK{sum}"',
        "[corp9.checksums] file: Nothing is known that {sum} stands for.",
    ),
    ('file = "CHECKSUM"', "", "[corp9.checksums] file: The key file is missing; it is a text."),
    ('"inline"', '"inlined"', "[corp9.checksums] signature: It must be one of '', 'inline', 'sig'"),
    ('signature = "inline"', "", "[corp9.checksums] keys: Keys are named, and no signature is"),
    ('keys = ["7051C', '#keys = ["7051C', "[corp9.checksums] signature: A signature is expected"),
    ('["7051C470', '["7051 C470', "Write 7051C470A929F454CEBE37B715AF5DAC6D745A60."),
    ('["7051C470', '["051C470', "[corp9.checksums] keys: It must be a list, of which each is a"),
    (
        "key_files",
        "keyfiles",
        "[corp9.checksums] keyfiles: There is no such key. Did you mean key_",
    ),
    ('["https://mirror.example/KEY"]', "1", "[corp9.checksums] key_urls: It must be a list, of"),
    ('file = "corp-{version}.iso"', "", "[corp9.media.dvd] file: The key file is missing; it is"),
    ("corp-{version}.iso", "../corp.iso", "[corp9.media.dvd] file: It must be the name of a file"),
    (
        "corp-{version}.iso",
        "corp-{v}.iso",
        "[corp9.media.dvd] file: Nothing is known that {v} stan",
    ),
    ("0" * 64, "0" * 63, "[corp9.media.dvd] sha256: It must be a sha256, 64 hex digits in small"),
    ("0" * 64, "0" * 63, "It has 63 digits: take all of what sha256sum prints."),
    ("size = 5", "size = -5", "[corp9.media.dvd] size: It must be a whole number, more than 0"),
    ("size = 5", "bytes = 5", "[corp9.media.dvd] bytes: There is no such key. Known: file,"),
    ("network = false", "network = 1", "[corp9.media.dvd] network: It must be true or false, not"),
    ('urls = ["https://mirror.example/other"]', "urls = 1", "[corp9.media.dvd] urls: It must be"),
    ("[corp9.media.dvd]", "[corp9.media]\ndvd = 1\n[corp9.variables]", "This file is not TOML"),
    ("[corp9.media.dvd]", "[fedora.media.dvd]", "[fedora] fedora is the name of a family."),
    ("[corp9.", "[Corp9.", "[Corp9] 'Corp9' cannot be a release's name"),
    # What ends a line or a word of a kickstart, or of a boot loader's menu, where it is put.
    ('"Corp {version}"', '"Corp\\nreboot"', "[corp9] title: It must be a text of one line, not"),
    ("Corp-{major}-{minor}", "Corp\\n", "[corp9] volume_id: It must be a text of one line, not"),
    (
        '"inst.nosave=all"',
        '"quiet\\nx"',
        "[corp9] installer_args: It must be a list, of which each",
    ),
    ('"inst.nosave=all"', '"a b"', "each is a text without blanks, not ['a b']."),
    (
        '"@core"',
        '"a\\n%end"',
        "[corp9] packages: It must be a list, of which each is a text of one",
    ),
    ("{ BaseOS =", '{ "Base OS" =', "'Base OS' cannot be a repository's id. Use letters, digits"),
    ("{version}/os", "{version} /os", "[corp9.repositories] BaseOS: 'https://mirror.example/9.8 /"),
    (
        "https://mirror.example/other",
        "https://[::1",
        "[corp9.media.dvd] urls: 'https://[::1' is no",
    ),
    ("https://mirror.example/other", "https://:80/x", "[corp9.media.dvd] urls: 'https://:80/x' is"),
    (
        'weak_keys = ["7051',
        'weak_keys = ["7052',
        "[corp9.checksums] weak_keys: 7052C470A929F454CEBE37B715AF5DAC6D745A60 is none of the keys",
    ),
    ("https://mirror.example/KEY", "KEY", "[corp9.checksums] key_urls: 'KEY' is no address."),
    ('"CHECKSUM"', '"ftp://x/SUMS"', "[corp9.checksums] file: 'ftp://x/SUMS' is no address."),
    (
        "[corp9.",
        "[corp9.6.",
        "[corp9] 6: There is no such key. A dot parts tables: write the name of",
    ),
]


@pytest.mark.parametrize(("old", "new", "said"), MISTAKES, ids=[f"{m[1]}" for m in MISTAKES])
def test_a_mistake_is_said_where_it_is(old: str, new: str, said: str) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new) if old == "[corp9." else GOOD.replace(old, new, 1)
    findings = found(text)
    lines = [shown(each) for each in findings]
    assert any(said in line for line in lines), lines
    finding = next(each for each in findings if said in shown(each))
    assert finding.line, "every mistake has a line"
    if finding.key in new and finding.key:
        assert finding.key in text.splitlines()[finding.line - 1]


def test_nothing_protects_plain_http_but_a_digest_or_a_signature() -> None:
    digest_alone = re.sub("(signature|(weak_)?keys) = .*", "", GOOD)
    unsigned = digest_alone.replace(f'sha256 = "{"0" * 64}"', "")
    own = 'urls = ["https://mirror.example/other"]'
    http = unsigned.replace("https://mirror.example/other", "http://mirror.example/other")
    assert found(unsigned) == ()
    assert [(each.table, each.key) for each in found(http)] == [("corp9.media.dvd", "urls")]
    assert "Nothing protects what comes from http://mirror.example/other" in found(http)[0].text
    of_row = unsigned.replace(own, "").replace('["https://mirror.example/{v', '["http://example/{v')
    assert [(each.table, each.key, each.line) for each in found(of_row)] == [("corp9", "urls", 13)]
    listed = unsigned.replace('"CHECKSUM"', '"http://mirror.example/SUMS"')
    assert [(each.table, each.key) for each in found(listed)] == [("corp9.checksums", "file")]
    for safe in (
        digest_alone.replace("https://mirror", "http://mirror"),
        GOOD.replace(f'sha256 = "{"0" * 64}"', "").replace("https://mirror", "http://mirror"),
    ):
        assert found(safe) == ()


def test_nobody_knows_where_a_key_is() -> None:
    text = GOOD.replace("key_files", "#key_files").replace("key_urls", "#key_urls")
    assert [(each.key, each.text) for each in found(text)] == [
        ("keys", "Nothing says where the keys are to be had.")
    ]


def test_all_mistakes_in_one_run_by_their_lines() -> None:
    text = GOOD
    for old, new in (
        ("title =", "titel ="),
        ("el8.ks.j2", "no.ks.j2"),
        ("memory_mib = 2048", 'memory_mib = "much"'),
        ('"Nehalem"', '"Nehalm"'),
        ("size = 5", "size = 0"),
    ):
        text = text.replace(old, new)
    findings = found(f'{text}\n[b]\nextends = "c"\n[c]\nextends = "b"\n')
    keys = ["titel", "kickstart", "memory_mib", "emulated_cpu", "size", "extends", "extends"]
    assert [each.key for each in findings if each.key != "title"] == keys
    lines = [each.line for each in findings]
    assert lines == sorted(lines)


def test_what_is_no_toml_has_its_line() -> None:
    [finding] = found('[corp9]\ntitle = "x\n')
    assert (finding.line, finding.text) == (2, "This file is not TOML: Illegal character '\\n'.")
    [finding] = found('corp9 = "x"\n')
    assert finding.text == "corp9 is in no table."


def test_a_file_that_is_in_use_is_not_compared_with_itself(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[rocky9]\nextends = "rocky9"\ndisk_gib = 20\n')
    (tmp_path / "other.toml").write_text('[corp]\nextends = "rocky9"\nmemory_mib = 0\n')
    known = gathered([tmp_path])
    assert check(path.read_text(), source=str(path), known=known, words=WORDS) == ()
    [finding] = check('[y]\nextends = "corp"\n', source="y", known=known, words=WORDS)
    assert finding.text.startswith("What it extends is wrong")
    assert (finding.line, finding.key) == (2, "extends")


ODD: list[Any] = [
    "",
    "x",
    "{",
    "{}",
    "{version}{version.x}",
    "a\tb\u0000"[:3],
    0,
    -1,
    2**70,
    1.5,
    True,
    [],
    [[]],
    [{}],
    ["x", 1],
    {},
    {"x": 1},
    {"x": {"y": {}}},
    {"file": 1},
]


def written(value: Any) -> str:  # noqa: ANN401  # as TOML has it
    """Return a value as TOML."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{json.dumps(k)} = {written(v)}' for k, v in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    return value.isoformat() if isinstance(value, date) else json.dumps(value)


def paths(table: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for key, value in table.items():
        yield (key,)
        if isinstance(value, dict):
            yield from ((key, *below) for below in paths(value))


@pytest.mark.parametrize("path", list(paths(tomllib.loads(GOOD))), ids=".".join)
def test_nothing_that_is_toml_is_too_odd(path: tuple[str, ...], tmp_path: Path) -> None:
    for odd in ODD:
        tables = tomllib.loads(GOOD)
        at = tables
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = odd
        text = "".join(f"{json.dumps(k)} = {written(v)}\n" for k, v in tables.items())
        assert tomllib.loads(text) == tables
        findings = found(text)
        (tmp_path / "odd.toml").write_text(text)
        above = gathered([tmp_path])
        check('[z]\nextends = "corp9"\n', source="z", known=above, words=WORDS)
        assert all(shown(each).isprintable() for each in findings)
        names = [each.name for each in Library(rows=above).releases(monitor=Heard())]
        assert "rocky9" in names
        if not findings:
            assert "corp9" in names, "what is right can be used"
