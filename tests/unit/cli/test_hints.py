"""What people are told to type exists: commands, options, variables of kickstarts and settings.

And a shell takes it as it is meant, whatever the names in it.
"""

import ast
import fnmatch
import re
import shlex
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import cast

import pytest
from typer import Exit
from typer._click.exceptions import ClickException, MissingParameter
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from builder.cli.app import _application
from builder.config import Settings
from builder.errors import BuilderError
from builder.kickstart.library import Library

ROOT = Path(__file__).parents[3]
OF_OTHERS = {
    "--all": "virsh net-list",
    "--now": "systemctl enable",
    "--boot-drive": "a kickstart's bootloader",
    "--disabled": "a kickstart's firstboot",
    "--driveorder": "a kickstart's bootloader",
    "--drives": "a kickstart's clearpart and ignoredisk",
    "--encrypted": "a kickstart's part and autopart",
    "--erroronfail": "a kickstart's scripts",
    "--ignoremissing": "a kickstart's %packages",
    "--kexec": "a kickstart's reboot",
    "--list": "a kickstart's clearpart",
    "--location": "a kickstart's bootloader",
    "--noformat": "a kickstart's part",
    "--ondisk": "a kickstart's part",
    "--plaintext": "a kickstart's rootpw",
    "--only-use": "a kickstart's ignoredisk",
    "--onpart": "a kickstart's part",
    "--partition": "a kickstart's harddrive",
    "--passphrase": "a kickstart's part",
    "--pesize": "a kickstart's volgroup",
    "--show-keys": "gpg",
    "--thinpool": "a kickstart's logvol",
    "--iscrypted": "a kickstart's rootpw and user",
    "--addsupport": "a kickstart's lang",
    "--device": "a kickstart's network",
    "--disklabel": "a kickstart's clearpart",
    "--enabled": "a kickstart's firewall",
    "--exclude-weakdeps": "a kickstart's %packages",
    "--excludeWeakdeps": "a kickstart's %packages",
    "--fsprofile": "a kickstart's part",
    "--fstype": "a kickstart's part",
    "--inst-langs": "a kickstart's %packages",
    "--instLangs": "a kickstart's %packages",
    "--mirrorlist": "a kickstart's url and repo",
    "--nocore": "a kickstart's %packages",
    "--nontp": "a kickstart's timezone",
    "--ntp-disable": "a kickstart's timesource",
    "--ntp-server": "a kickstart's timesource",
    "--ntpservers": "a kickstart's timezone",
    "--utc": "a kickstart's timezone",
    "--unrestricted": "GRUB's menuentry",
}
FOR_GUESTS = ("builder/rehearsal/guest", "builder/rehearsal/layouts")
"""What is written there are files of guests."""
PLAIN = {
    "install/causes.py: 0": "documents what a row of causes.toml is made of",
    "media/sticks.py: home.parent.name": "the kernel's own name of a disk",
    "recipes/ending.py: work.journal.build_id": "made by our journal, or is_build has seen it",
    "recipes/gc.py: build.record.build_id": "Build.flaw has asked is_build",
    "record/journal.py: self.build_id": "made by our journal, or is_build has seen it",
    "recipes/volumes.py: build_id": "traces.mentioned finds ids alone",
    "registry/channels.py: channel": "one of a ledger's, which CHANNEL has let in",
    "registry/reference.py: which": "one of a ledger's, which CHANNEL has let in",
    "virt/networks.py: quoted": "quoted where it is filled in",
    "virt/networks.py: uri": "quoted where it is filled in",
    "virt/refusal.py: host": "ssh has found its address",
}
"""What no shell takes for anything else, and why: MODULE: EXPRESSION, or the field of a format."""


APP = cast("TyperGroup", get_command(_application([])))
Told = tuple[str, str]
"""Where a text is, and the text; "…" stands for what is put in."""


def strings(path: Path) -> Iterator[Told]:
    """Yield a module's texts, without docstrings but for those of commands: they are the help."""
    tree = ast.parse(path.read_text())
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and "cli" not in path.relative_to(ROOT).parts:
            skipped.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            skipped |= set(node.values)
    for node in ast.walk(tree):
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        texts = [part.value if isinstance(part, ast.Constant) else "…" for part in parts]
        if isinstance(node, ast.Constant | ast.JoinedStr) and node not in skipped:
            yield f"{path.relative_to(ROOT)}:{node.lineno}", "".join(map(str, texts))


@cache  # of the tests alone: whoever only collects them has no use for it, and it takes seconds
def all_strings() -> list[Told]:
    found = [told for path in sorted((ROOT / "builder").rglob("*.py")) for told in strings(path)]
    assert len(found) > 1000
    return found


@cache
def prose() -> list[Told]:
    """Return no shell, no regular expressions, no single words: those are for programs."""
    return [
        (place, text)
        for place, text in all_strings()
        if " " in text.strip() and "$" not in text and not place.startswith(FOR_GUESTS)
    ]


FILES = [
    (str(path.relative_to(ROOT)), path.read_text())
    for pattern in (
        "*.md",
        "kickstarts/**/*.*",
        "pipelines/*",
        "builder/dossier/data/*.j2",
        "builder/report/data/*.j2",
        "builder/**/*.toml",
    )
    for path in sorted(ROOT.glob(pattern))
]

CAUSES = [
    ("causes.toml", text)
    for row in tomllib.loads((ROOT / "builder/install/causes.toml").read_text())["cause"]
    for text in (row["hint"], row.get("sentence", ""), row.get("clone", ""))
]


def options(command: object) -> dict[str, bool]:
    """Return a command's options, and whether each takes a value."""
    found = {"--help": False, "-h": False}
    for each in getattr(command, "params", ()):
        takes = not getattr(each, "is_flag", False)
        found |= dict.fromkeys((*each.opts, *each.secondary_opts), takes)
    return found


def every_option(group: TyperGroup) -> set[str]:
    below = (
        every_option(each) if isinstance(each, TyperGroup) else set(options(each))
        for each in group.commands.values()
    )
    return set(options(group)).union(*below)


def refused(words: str, *, short: bool = False) -> str:
    """Return why the program does not take a command line, without "builder"; "" where it does.

    A command's name alone stands for the command; where `short` it may also be without arguments.
    """
    command: object = APP
    words_left = shlex.split(words.replace("…", "1"))
    while isinstance(command, TyperGroup) and words_left:
        word = words_left.pop(0)
        if word.startswith("-"):
            takes = options(command).get(word)
            if takes is None:
                return word
            words_left = words_left[1:] if takes else words_left
        elif word in command.commands:
            command = command.commands[word]
        else:
            return word
    return _refused_by(cast("TyperCommand", command), words_left, short=short) if words_left else ""


def _refused_by(command: TyperCommand, words: list[str], *, short: bool) -> str:
    try:
        command.make_context("it", words)
    except Exit:  # --help
        return ""
    except ClickException as error:
        missing = isinstance(error, MissingParameter)
        return "" if short and missing else error.format_message()
    except BuilderError as error:
        return error.message
    return ""


def commands(text: str) -> Iterator[str]:
    """Yield the command lines between backticks; "builder" may be left out of them.

    A text that is a command line as a whole may be put between them elsewhere.
    """
    whole = re.findall(rf"^builder (?:{'|'.join(APP.commands)}) [^:.]*$", text)
    for quoted in (*whole, *re.findall("`([^`]+)`", text)):
        first, _, rest = quoted.partition(" ")
        if first == "builder" and rest:
            yield rest
        elif rest and first in APP.commands:
            yield quoted


def wrong(told: list[Told], *, short: bool = False) -> list[tuple[str, str, str]]:
    lines = [(place, line) for place, text in told for line in commands(" ".join(text.split()))]
    return [(*each, why) for each in lines if (why := refused(each[1], short=short))]


def matches(pattern: str, told: list[Told]) -> list[Told]:
    return [(place, found) for place, text in told for found in re.findall(pattern, text)]


def test_commands_exist() -> None:
    assert wrong([*all_strings(), *CAUSES]) == []
    assert wrong(FILES, short=True) == []


def test_the_readmes_examples_exist() -> None:
    examples = [
        line
        for code in re.findall(r"^    .*", (ROOT / "README.md").read_text(), re.M)
        for line in re.findall(r"(?:\s|/)builder ([^#\n]+)", code)
    ]
    assert len(examples) > 30
    assert [(line, why) for line in examples if (why := refused(line))] == []


def test_options_exist() -> None:
    known = every_option(APP) | OF_OTHERS.keys()
    named = matches(r"(?<![\w-])--[a-z][\w-]*", [*prose(), *CAUSES])
    assert len(named) > 30
    assert [told for told in named if told[1] not in known] == []


def test_a_build_has_the_options_that_its_causes_name() -> None:
    known = options(APP.commands["build"]).keys() | OF_OTHERS.keys()
    named = matches(r"(?<![\w-])--[a-z][\w-]*", CAUSES)
    assert len(named) > 5
    assert [told for told in named if told[1] not in known] == []


def test_variables_of_kickstarts_exist() -> None:
    known = Library().variables()
    named = matches(r"--set ([a-z_]+)", [*prose(), *FILES])
    assert [told for told in named if told[1] not in known] == []


def test_variables_of_the_environment_exist() -> None:
    known = {f"BUILDER_{name.upper()}" for name in Settings.__struct_fields__}
    # Those that are no settings are read, or set for others, by their plain names.
    known |= {text for _, text in all_strings()}
    named = matches(r"BUILDER_[A-Z_]+", [*prose(), *FILES])
    assert [told for told in named if told[1] not in known] == []


def test_settings_exist() -> None:
    pattern = r"\[?([\w…-]+)(?: and ([\w…]+))? in builder\.toml"
    pairs = [(place, pair) for place, text in prose() for pair in re.findall(pattern, text)]
    named = [(place, name) for place, pair in pairs for name in pair if name]
    assert named
    known = Settings.__struct_fields__
    assert [told for told in named if not fnmatch.filter(known, told[1].replace("…", "*"))] == []


def unquoted(source: str) -> Iterator[str]:
    """Yield what a module puts between backticks as it is: expressions, and fields of formats."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            yield from map(ast.unparse, put_in(node))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            for command in re.findall("`([^`]*)`", node.value):
                yield from re.findall(r"{(\w+)}", command)


def put_in(text: ast.JoinedStr) -> Iterator[ast.expr]:
    inside = False
    for part in text.values:
        if isinstance(part, ast.Constant):
            inside ^= str(part.value).count("`") % 2 == 1
        elif inside and isinstance(part, ast.FormattedValue) and not quotes(part.value):
            yield part.value
    assert not inside, f"a command goes on in another string: {ast.unparse(text)}"


def quotes(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and ast.unparse(value.func) == "shlex.quote"


def test_what_commands_are_filled_with_is_quoted() -> None:
    found = {
        f"{path.relative_to(ROOT / 'builder')}: {value}"
        for path in sorted((ROOT / "builder").rglob("*.py"))
        for value in unquoted(path.read_text())
    }
    assert sorted(found ^ PLAIN.keys()) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('f"{there} `df -h {folder}`."', ["folder"]),
        ('f"`df -h {shlex.quote(folder)}` {there}"', []),
        ('f"`df {shlex.quote(one)} " f"{two.name}`"', ["two.name"]),
        ('f"`df -h {shlex.quote(folder) + more}`"', ["shlex.quote(folder) + more"]),
        ('"{there} `df -h {folder}`".format_map(terms)', ["folder"]),
    ],
)
def test_what_is_found_unquoted(source: str, found: list[str]) -> None:
    assert [*unquoted(source)] == found


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("template prune … --keep 3", ""),
        ("--uri … iso fetch centos7", ""),
        ("host run -- virsh --nvram", ""),
        ("iso --help", ""),
        ("iso inspect", ""),
        ("iso inspect --help", ""),
        ("builds show … --json", ""),
        ("template fetch centos7", "fetch"),
        ("build centos7 --memory 4096", "--memory"),
        ("template --keep", "--keep"),
        ("iso add --allow-unverified", "Missing argument"),
        ("iso inspect a b", "unexpected extra argument"),
        ("build centos7 --firmware coreboot", "coreboot"),
        ("build centos7 --disk-gib much", "much"),
    ],
)
def test_what_is_found_wrong(line: str, word: str) -> None:
    assert word in refused(line)
    assert bool(word) == bool(refused(line))
