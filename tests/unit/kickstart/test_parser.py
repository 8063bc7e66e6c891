"""What cannot be read: where it stands, and that nothing else is said of what was not read."""

import pytest

from builder.errors import KickstartError
from builder.kickstart.lint import check, lint
from builder.kickstart.parser import Parser
from builder.model.kickstart import Kickstart
from builder.model.octets import decoded

BEGIN = "cmdline\nlang C\ntimezone UTC\n"
REST = "rootpw --lock\nautopart\npoweroff\n"


def said(text: str, *, syntax: str = "RHEL8") -> list[str]:
    findings = lint(Kickstart(source="x.ks", syntax=syntax, text=text), at_hand=True)
    return [f"{each.line}: {each.severity}: {each.message}" for each in findings]


@pytest.mark.parametrize("syntax", ["RHEL7", "RHEL8", "RHEL10"])
@pytest.mark.parametrize(
    ("stop", "findings"),
    [
        ('bootloader --append="x\n', ["4: error: cannot be read: No closing quotation"]),
        ("%nosuch\nx\n%end\n", ["4: error: Unknown kickstart section: %nosuch"]),
        ("%nosuch\nx\n", ["4: error: Unknown kickstart section: %nosuch"]),
        ("%end\n", ["4: error: Unknown kickstart section: %end"]),
        ("%include\n", ["4: error: %include names no file"]),
        (
            "%pre\ntrue\n%packages\nvim\n%end\n",
            ["6: error: Section %pre does not end with %end. It begins in line 4."],
        ),
        (
            "%packages\nvim\n",
            ["8: error: Section %packages does not end with %end. It begins in line 4."],
        ),
        (
            "%packages\n\n-\nvim\n-@\n%end\n",
            ["6: error: - stands", "8: error: -@ stands before no"],
        ),
        ("%packages\n@ --optional --nodefaults x\n%end\n", ["5: error: Group cannot specify both"]),
        ("%pre\ntrue\n%include\n%end\n", ["6: error: %include names no file"]),
        ("%pre\n\n%end 'x\n%end\n", ["6: error: cannot be read: No closing quotation"]),
        ('%pre --log="x\ntrue\n%end\n', ["4: error: cannot be read: No closing quotation"]),
        ("%pre --log\ntrue\n%end\n", ["4: error: argument --log/--logfile: expected one"]),
        ("%ksappend\n", ["4: error: %ksappend names no file"]),
        ("%pre\n\n%ksappend\n%end\n", ["6: error: %ksappend names no file"]),
    ],
)
def test_what_ends_the_reading_is_all_that_is_said(
    stop: str, findings: list[str], syntax: str
) -> None:
    for text in (BEGIN + stop + REST, BEGIN.replace("\n", "\n\f\n")[:-2] + stop + REST):
        moved = text.count("\n", 0, text.index(stop)) - BEGIN.count("\n")
        pairs = zip(said(text, syntax=syntax), findings, strict=True)
        for each, start in pairs:
            line, _, message = each.partition(":")
            due, _, begun = start.partition(":")
            if "begins" not in message:
                assert message.startswith(begun)
            assert int(line) == int(due) + moved


@pytest.mark.parametrize(
    "stop", ['bootloader --append="x\n', "%nosuch\n%end\n", "%pre\ntrue\n%packages\n%end\n"]
)
def test_what_comes_after_it_is_read(stop: str) -> None:
    added = f"{stop}nosuch\n%post\ntrue\n%end\n"
    lines = BEGIN.count("\n") + stop.count("\n")
    assert said(BEGIN + added + REST)[1:] == [
        f"{lines + 1}: error: Unknown command: nosuch",
        f"{lines + 2}: warning: this %post may fail unnoticed: add --erroronfail",
    ]


def test_a_script_without_end_is_no_part_of_the_next() -> None:
    parser = Parser("RHEL8", "%pre\none\n%post\ntwo\n%end\n%pre\nthree\n%end\n")
    parser.read()
    assert [(each.lineno, each.script) for each in parser.handler.scripts] == [
        (1, "one\n"),
        (3, "two\n"),
        (6, "three\n"),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("poweroff --nosuch", "unrecognized arguments: --nosuch"),
        ("cmdline --nosuch", "unrecognized arguments: --nosuch"),
        ("user --nam=a --nosuch", "unrecognized arguments: --nosuch"),
    ],
)
def test_a_line_with_an_error_is_not_missing(line: str, message: str) -> None:
    texts = {"poweroff": "poweroff", "cmdline": "cmdline", "user": "rootpw --lock"}
    text = (BEGIN + REST).replace(texts[line.split(maxsplit=1)[0]], line)
    (finding,) = said(text)
    assert finding.endswith(message)


def test_the_first_error_is_that_of_a_line() -> None:
    kickstart = Kickstart(source="x.ks", syntax="RHEL8", text="rootpww --lock\n")
    with pytest.raises(KickstartError, match=r"x\.ks, line 1: Unknown command: rootpw"):
        check(kickstart, lint(kickstart))


@pytest.mark.parametrize("section", ["%addon x", "%anaconda", "%pre-install", "%onerror"])
@pytest.mark.parametrize(("syntax", "known"), [("RHEL6", False), ("RHEL5", False), ("RHEL7", True)])
def test_sections_that_an_installer_does_not_know(
    section: str, syntax: str, *, known: bool
) -> None:
    added = f"{section}\ntrue\n%end\n"
    findings = str(said(BEGIN + added, syntax=syntax))
    assert ("4: error: Unknown kickstart section: %" in findings) is not known


@pytest.mark.parametrize(
    ("syntax", "mark", "parted"),
    [
        ("RHEL6", "\r", False),
        ("RHEL7", "\r", True),
        ("RHEL8", "\r", True),
        *[("RHEL7", mark, False) for mark in "\f\v\x1c\x85\u2028"],
        *[("RHEL8", mark, True) for mark in "\f\v\x1c\x85\u2028"],
    ],
)
def test_what_ends_a_line(syntax: str, mark: str, *, parted: bool) -> None:
    text = f"# one{mark}nosuch\n\nother\n"
    findings = [each for each in said(text, syntax=syntax) if "Unknown" in each]
    expected = ["1: error: Unknown command: nosuch", "3: error: Unknown command: other"]
    assert findings == expected[not parted :]


@pytest.mark.parametrize("mark", ["\r", "\f", "\x85", "\u2028", "\0", decoded(b"\xe9")])
def test_findings_behind_odd_characters(mark: str) -> None:
    script = f"%pre\n# {mark}\necho root:b | chpasswd\n%end\n"
    added = "url --url=http://mirror.centos.org/x\n%include parts\nuser --name=a --password=b\n"
    lines = [each.split(": ", 2) for each in said(f"# {mark}\n{script}{added}", syntax="RHEL7")]
    assert [line for line, _, _ in lines] == ["4", "6", "7", "8"]


@pytest.mark.parametrize(
    ("line", "findings"),
    [
        (
            "lang\u00a0C",
            ["error: Unknown command", "warning: a character that nobody sees, U+00A0"],
        ),
        (
            "\ufefflang C",
            ["error: Unknown command", "warning: a character that nobody sees, U+FEFF"],
        ),
        ("lang C\0", ["warning: a character that nobody sees, U+0000"]),
        ("lang C # a\u00a0b", []),
        ("# a\u200bb", []),
        ("%pre\necho a\u00a0b\n%end", []),
    ],
)
def test_what_nobody_sees(line: str, findings: list[str]) -> None:
    pairs = zip(said(f"{BEGIN}{REST}{line}\n"), findings, strict=True)
    assert [each for each, start in pairs if not each.startswith(f"7: {start}")] == []


@pytest.mark.parametrize("syntax", ["RHEL7", "RHEL8", "RHEL10"])
def test_a_command_that_goes_on(syntax: str) -> None:
    first, second = said(f"{BEGIN}{REST}bootloader --append=a \\\n --timeout=1\n", syntax=syntax)
    assert first == "7: error: a command ends with its line: a backslash continues none"
    assert second.startswith("8: error: Unknown command")
    assert said(f"{BEGIN}{REST}%pre\necho \\\n a\n%end\n", syntax=syntax) == []


MANY = 20000


@pytest.mark.parametrize(
    "text",
    [
        "%packages\n" + "".join(f"package{each}\n" for each in range(MANY)) + "%end\n",
        "%pre\n" + "echo one \\\n" * MANY + "true\n%end\n",
        "%include /tmp/x\n" * MANY,
    ],
    ids=["packages", "continued", "include"],
)
def test_large_kickstarts(text: str) -> None:
    """Each of these took minutes when a line cost as much as there are lines."""
    assert said(BEGIN + REST + text) == []
