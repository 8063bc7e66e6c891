"""builder template, as it is typed, against libvirt's test driver and real images."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from store_pools import issue, overlay, printed, typed_at

from builder.cli import app
from builder.model.audit import Finding
from builder.model.package import Package
from builder.model.text import rfc3339
from builder.virt import pools
from builder.virt.connection import connect
from tests.hosts import URI
from tests.values import manifest

ONE, TWO = "20261123.1", "20261123.2"


def rpm(name: str, version: str, *, arch: str = "x86_64") -> Package:
    return Package(name=name, version=version, arch=arch, kind="rpm")


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Keep a store pool with two versions, the first of which is stable."""
    with typed_at(tmp_path, monkeypatch) as folder:
        issue(folder, "build-1", packages=(rpm("bash", "4.2.46-34.el7"),))
        assert app.run(["template", "promote", "centos7"]) == 0
        findings = (Finding(check="host-keys", says="no keys", details=("/a/key",), waived=True),)
        packages = (rpm("bash", "4.2.46-35.el7"), rpm("vim", "1-1", arch="noarch"))
        text = f"{manifest().kickstart}more\n"
        issue(folder, "build-2", packages=packages, audit=findings, kickstart=text)
        yield folder


def told(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    return printed(capsys, "template", *argv)


def test_list(capsys: pytest.CaptureFixture[str], store: Path) -> None:
    issue(store, "other", name="other")
    told(capsys, "revoke", f"centos7@{TWO}", "--reason", "bad")
    lines = told(capsys, "list").splitlines()
    assert lines[0].split() == ["NAME", "VERSION", "CHANNELS", "AGE", "VIRTUAL", "REAL", "PATH"]
    rows = [line.split("  ") for line in lines[1:]]
    assert [[cell for cell in row if cell][:3] for row in rows] == [
        ["centos7", ONE, "candidate stable"],
        ["centos7", TWO, "(revoked)"],
        ["other", ONE, "candidate"],
    ]
    (only,) = json.loads(told(capsys, "list", "other", "--json"))
    assert (only["name"], only["channels"], only["path"]) == (
        "other",
        ["candidate"],
        str(store / f"other-{ONE}.qcow2"),
    )


def test_age_counts_from_the_publishing(capsys: pytest.CaptureFixture[str], store: Path) -> None:
    began, now = "2020-01-01T10:00:00Z", rfc3339(datetime.now(UTC))
    issue(store, "long", name="long", created=began, finished=now)
    issue(store, "silent", name="silent", created=began, finished="")  # as very old ones are
    ages = [told(capsys, "list", name).splitlines()[1] for name in ("long", "silent")]
    assert [re.findall(r"  (\d+ \w+)  ", line)[0].split()[1] for line in ages] == ["min", "d"]
    shown = told(capsys, "show", "long")
    assert re.search(
        rf"^build began +{began} \(\d+ d ago\)\npublished +{now} \(\d min", shown, re.M
    )
    assert "published" not in told(capsys, "show", "silent")


def test_what_is_to_come_has_no_age(capsys: pytest.CaptureFixture[str], store: Path) -> None:
    issue(store, "late", name="late", finished="9999-12-31T23:59:59Z")
    assert "candidate  -    " in told(capsys, "list", "late")
    assert re.search(r"^published +9999-12-31T23:59:59Z$", told(capsys, "show", "late"), re.M)


def test_show(capsys: pytest.CaptureFixture[str], store: Path) -> None:
    text = told(capsys, "show", "centos7")
    for words in (
        f"template      centos7 {TWO}",
        "channels      candidate",
        f"path          {store / f'centos7-{TWO}.qcow2'}",
        "packages      2",
        "audit         0 of 1 checks passed",
        "host-keys: waived: /a/key",
        "clones        not done",
    ):
        assert words in text
    assert told(capsys, "show", "centos7@stable", "--packages") == "bash 4.2.46-34.el7 x86_64\n"
    assert told(capsys, "show", "centos7", "--kickstart") == "rootpw --lock\nmore\n"
    found = json.loads(told(capsys, "show", "centos7@stable", "--json"))
    assert found["template"]["channels"] == ["stable"]
    assert found["manifest"]["build_id"] == "build-1"
    assert [each["what"] for each in found["history"]] == ["publish", "promote", "publish"]


def test_diff(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = told(capsys, "diff", "centos7@stable", "centos7").split("\n\n")
    assert [block.splitlines()[0] for block in blocks] == [
        f"              centos7@{ONE}  centos7@{TWO}",
        "checks:",
        "packages added:",
        "packages updated:",
        f"--- centos7@{ONE}",
    ]
    assert blocks[2].splitlines()[1] == "  vim 1-1 noarch"
    assert blocks[3].splitlines()[1] == "  bash: 4.2.46-34.el7 -> 4.2.46-35.el7"
    assert blocks[4].splitlines()[-1] == "+more"
    found = json.loads(told(capsys, "diff", "centos7@stable", "centos7", "--json"))
    assert [each["name"] for each in found["added"]] == ["vim"]


def test_channels(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "promote", "centos7") == f"centos7@stable: {ONE} -> {TWO}\n"
    assert told(capsys, "promote", "centos7") == f"centos7@stable: {TWO}, as before\n"
    said = told(capsys, "promote", f"centos7@{ONE}", "--to", "qa")
    assert said == f"centos7@qa: {ONE}, a new channel\n"
    assert told(capsys, "rollback", "centos7") == f"centos7@stable: {TWO} -> {ONE}\n"
    said = told(capsys, "revoke", "centos7@qa", "--reason", "no ssh")
    assert said.splitlines() == [
        f"centos7 {ONE} is revoked: no ssh",
        f"centos7@qa: {ONE} -> none, for it had nothing else before",
        f"centos7@stable: {ONE} -> none, for it had nothing else before",
    ]
    found = json.loads(told(capsys, "promote", "centos7", "--json"))
    assert found == {"name": "centos7", "channel": "stable", "before": "", "after": TWO, "near": ""}


def test_removal(capsys: pytest.CaptureFixture[str], store: Path) -> None:
    clone = overlay(store / "web1.qcow2", store / f"centos7-{ONE}.qcow2")
    said = told(capsys, "prune")
    assert f"  stays: the channel stable points to it; {clone} needs it; " in said
    clone.unlink()
    told(capsys, "promote", "centos7")
    found = json.loads(told(capsys, "prune", "--keep", "1", "--dry-run", "--json"))
    assert found[0]["kept"] == ["a rollback of stable goes back to it"]
    said = told(capsys, "delete", f"centos7@{ONE}")
    assert said.startswith(f"centos7 {ONE} is deleted, ")
    said = told(capsys, "delete", f"centos7@{TWO}", "--force")
    assert f"centos7@stable: {TWO} -> none" in said
    assert json.loads(told(capsys, "list", "--json")) == []


@pytest.mark.parametrize(("argv", "word"), [(["--dry-run"], "would go"), ([], "gone")])
def test_pruned_rows(
    capsys: pytest.CaptureFixture[str], store: Path, argv: list[str], word: str
) -> None:
    issue(store, "build-3")
    told(capsys, "channel", "delete", "centos7@stable")
    told(capsys, "revoke", f"centos7@{TWO}", "--reason", "bad")
    rows = [
        line.split(maxsplit=4) for line in told(capsys, "prune", "--keep", "1", *argv).splitlines()
    ]
    assert [(row[1], row[4].partition(":")[0]) for row in rows[1:]] == [
        (ONE, word),
        (TWO, word),
        ("20261123.3", "stays"),
    ]


@pytest.mark.parametrize("argv", [["prune"], ["delete", f"centos7@{ONE}", "--force"]])
def test_removers_start_a_pool_that_is_stopped(
    capsys: pytest.CaptureFixture[str], argv: list[str]
) -> None:
    with connect(URI) as connection:
        pools.handle(connection, "store").destroy()
        told(capsys, *argv)
        assert pools.get(connection, "store").active


def test_lists_say_that_the_pool_is_stopped(
    capsys: pytest.CaptureFixture[str], store: Path
) -> None:
    with connect(URI) as connection:
        pools.handle(connection, "store").destroy()
        capsys.readouterr()
        assert app.run(["template", "list"]) == 0
        assert not pools.get(connection, "store").active
    captured = capsys.readouterr()
    assert ONE in captured.out
    assert f"The pool store is stopped. Reading {store} as it is." in captured.err
    assert "pool init" in captured.err


@pytest.mark.parametrize(
    ("argv", "code", "sentence", "hint"),
    [
        (["show", "centos"], 2, "There is no template 'centos'.", "Did you mean centos7?"),
        (["show", "centos7@stabel"], 2, "no channel 'stabel'", "Did you mean stable?"),
        (["show", "centos7", "--json", "--packages"], 2, "exclude each other", "--json has it all"),
        (["rollback", "centos7"], 2, "had nothing else before", "promote centos7@VERSION"),
        (["revoke", "centos7"], 2, "--reason", ""),
        (["delete", "centos7"], 2, "Which version of centos7?", "centos7@latest"),
        (["delete", "centos7@stable"], 2, "the channel stable points to it", "--force"),
        (["prune", "--keep", "-1"], 2, "--keep", ""),
    ],
)
def test_refusals(
    capsys: pytest.CaptureFixture[str], argv: list[str], code: int, sentence: str, hint: str
) -> None:
    capsys.readouterr()
    assert app.run(["template", *argv]) == code
    captured = capsys.readouterr()
    error, told = captured.err.splitlines()
    assert (captured.out, sentence in error, hint in told) == ("", True, True), captured.err


def test_a_revoked_version_is_refused_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "revoke", f"centos7@{ONE}", "--reason", "root can log in")
    assert app.run(["template", "promote", f"centos7@{ONE}"]) == 9
    assert f"error: centos7 {ONE} is revoked: root can log in." in capsys.readouterr().err


@pytest.mark.parametrize("form", [(), ("--packages",), ("--kickstart",), ("--json",)])
def test_a_revoked_version_is_shown_with_a_warning(
    capsys: pytest.CaptureFixture[str], form: tuple[str, ...]
) -> None:
    told(capsys, "revoke", f"centos7@{ONE}", "--reason", "root can log in")
    capsys.readouterr()
    assert app.run(["template", "show", f"centos7@{ONE}", *form]) == 0
    captured = capsys.readouterr()
    assert captured.err.strip() == f"warning: centos7 {ONE} is revoked: root can log in."
    assert form or "revoked       root can log in" in captured.out


def test_a_damaged_ledger_is_one_error(capsys: pytest.CaptureFixture[str], store: Path) -> None:
    (store / "centos7.channels.json").write_text("{}")
    for command in (["list", "centos7"], ["show", "centos7"], ["prune", "centos7"]):
        capsys.readouterr()
        assert app.run(["template", *command]) == 3
        assert "centos7.channels.json cannot be read" in capsys.readouterr().err


def test_a_damaged_ledger_keeps_no_other_from_being_pruned(
    capsys: pytest.CaptureFixture[str], store: Path
) -> None:
    for path in (*store.glob("centos7-*.json"), *store.glob("centos7-*.qcow2")):
        (store / path.name.replace("centos7", "another")).write_bytes(
            path.read_bytes().replace(b'"centos7"', b'"another"')
        )
    (store / "another.channels.json").write_text("{}")
    before = sorted(store.glob("another*"))
    capsys.readouterr()
    assert app.run(["template", "prune", "--keep", "0"]) == 0
    captured = capsys.readouterr()
    assert "Left out: " in captured.err
    assert f"{ONE}" in captured.out
    assert sorted(store.glob("another*")) == before


def test_a_channel_of_a_slip_of_the_pen(capsys: pytest.CaptureFixture[str]) -> None:
    said = told(capsys, "promote", "centos7", "--to", "stabel")
    assert said == (
        f"centos7@stabel: {TWO}, a new channel. Did you mean stable?"
        " `builder template channel delete centos7@stabel` takes it away.\n"
    )
    said = told(capsys, "channel", "delete", "centos7@stabel")
    assert said == f"centos7@stabel is deleted; it pointed to {TWO}\n"
    assert "stabel" not in told(capsys, "list")
    for word, sentence in {
        "centos7@stabel": "centos7 has no channel 'stabel'. Did you mean stable?",
        "centos7": "Which channel of centos7?",
        "centos7@candidate": "centos7@candidate cannot be deleted",
        f"centos7@{ONE}": f"centos7 has no channel '{ONE}'.",
    }.items():
        assert app.run(["template", "channel", "delete", word]) == 2
        err = capsys.readouterr().err.replace("\nhint:", "")
        assert sentence in err


def test_a_damaged_version(capsys: pytest.CaptureFixture[str], store: Path) -> None:
    (store / f"centos7-{TWO}.qcow2").unlink()
    told(capsys, "promote", f"centos7@{ONE}", "--to", "qa")
    rows = told(capsys, "list").splitlines()
    assert ("candidate (damaged)" in rows[2], "(damaged)" in rows[1]) == (True, False)
    for argv in (["show", "centos7"], ["verify", "centos7@candidate"], ["promote", "centos7"]):
        assert app.run(["template", *argv]) == 9
        captured = capsys.readouterr()
        assert f"centos7 {TWO} is damaged: {store}/centos7-{TWO}.qcow2: No such" in captured.err
        assert f"`builder template delete centos7@{TWO} --force`" in captured.err
        assert ("damaged   " in captured.out) == (argv[0] == "show")
    assert app.run(["template", "show", "centos7", "--json"]) == 9
    assert json.loads(capsys.readouterr().out)["template"]["damaged"]
    (store / f"centos7-{TWO}.json").write_text("{")
    assert app.run(["template", "show", "centos7", "--packages"]) == 9
    assert capsys.readouterr().out == ""
    assert "is deleted, 0 B" in told(capsys, "delete", f"centos7@{TWO}", "--force")
    assert f"template      centos7 {ONE}" in told(capsys, "show", "centos7@candidate")
    (store / f"centos7-{ONE}.json").unlink()
    (store / f"centos7-{ONE}.json").mkdir()
    assert app.run(["template", "delete", f"centos7@{ONE}", "--force"]) == 4
    assert f"centos7-{ONE}.json is no file of ours." in capsys.readouterr().err
    assert (store / f"centos7-{ONE}.qcow2").exists()


def test_a_store_that_is_not_mounted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, store: Path
) -> None:
    store.rename(store.with_name("away"))
    for line in ("list", "show centos7", "promote centos7", "prune", f"delete centos7@{ONE}"):
        assert app.run(["template", *line.split()]) == 4
        said = capsys.readouterr().err
        assert f"{store}, is away.\nhint: Is its disk mounted? `builder pool init` makes" in said
    monkeypatch.setenv("BUILDER_ISO_POOL_PATH", str(store.with_name("iso")))
    assert app.run(["pool", "init"]) == 0
    assert told(capsys, "prune") != ""
