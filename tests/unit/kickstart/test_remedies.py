"""What a user's kickstart is told to write instead, in each family's syntax."""

import pytest

from builder.kickstart.lint import lint
from builder.model.kickstart import Kickstart

EL, EL8, EL9, EL10 = ("RHEL7", "RHEL8", "RHEL9", "RHEL10"), ("RHEL8",), ("RHEL9",), ("RHEL10",)
FEDORA = ("F43", "F44")
NEW = (*EL10, *FEDORA)
REST = "cmdline\nlang C\ntimezone UTC --utc\nrootpw --lock\nautopart\npoweroff\n"
HELD = [
    # What is written, in which syntaxes it is refused, and what is to be written there.
    ("auth --enableshadow", (*EL8, *EL9, *NEW), "leave it out, or write authselect"),
    ("authconfig --enableshadow", (*EL8, *EL9, *NEW), "leave it out, or write authselect"),
    ("authselect select minimal", ("RHEL7",), "leave it out, or write auth"),
    ("install", (*EL8, *EL9, *NEW), "leave it out: url, cdrom and the like say it"),
    ("%traceback\n%end", (*EL9, *NEW), "write %onerror, which EL 8 and later run in its place"),
    ("timezone UTC --isUtc", (*EL9, *NEW), "write --utc"),
    ("timezone UTC --ntpservers=a", (*EL9, *NEW), "write timesource --ntp-server=NAME for each"),
    ("timezone UTC --nontp", (*EL9, *NEW), "write timesource --ntp-disable"),
    ("timesource --ntp-disable", ("RHEL7", *EL8), "write timezone with --ntpservers=NAME,NAME"),
    ("text --non-interactive", ("RHEL7",), "write cmdline, which never asks"),
    ("rootpw --lock --allow-ssh", ("RHEL7", *EL8), "leave it out: root may log in by ssh"),
    ("sshkey --username=root 'ssh-rsa A'", ("RHEL7",), "write ~/.ssh/authorized_keys in a %post"),
    ("url --metalink=http://h/", ("RHEL7",), "write --mirrorlist, or the address itself"),
    ("autopart --noswap", ("RHEL7",), "lay partitions out with part"),
    ("rdp", ("RHEL7", *EL8, *EL9), "write vnc"),
    ("vnc", NEW, "write rdp"),
    ("module --name=nodejs", ("RHEL7", *NEW), "leave it out: there are none"),
    ("syspurpose --role=x", ("RHEL7", *FEDORA), "leave it out: a %post may call"),
    ("nvdimm use --namespace=n", NEW, "leave it out"),
    ("device sd", (*EL8, *EL9, *NEW), "leave it out: devices are found"),
    ("btrfs none --label=x btrfs.1", (*EL8, *EL9, *EL10), "write part with --fstype=xfs"),
    ("%packages --exclude-weakdeps\n%end", ("RHEL7",), "leave it out: rpm knows of none"),
    ("%packages --exclude-weakdeps\n%end", EL8, "write --excludeWeakdeps"),
    ("%packages --excludeWeakdeps\n%end", ("RHEL7",), "leave it out: rpm knows of none"),
    ("%packages --excludeWeakdeps\n%end", (*EL9, *NEW), "write --exclude-weakdeps"),
    ("%packages --inst-langs=en\n%end", ("RHEL7", *EL8), "write --instLangs"),
    ("%packages --instLangs=en\n%end", (*EL9, *NEW), "write --inst-langs"),
    ("%packages --nobase\n%end", (*EL, *FEDORA), "leave it out; --nocore leaves the core out"),
    ("logging --level=info", (*EL9, *NEW), "leave it out: all is logged"),
    ("zerombr yes", (*EL, *FEDORA), "write zerombr alone"),
    ("method --url=http://h/", (*EL9, *NEW), "write url, cdrom, nfs or harddrive"),
    ("bootloader --sdboot", ("RHEL7", *EL8, *EL9), "leave it out: GRUB is what there is"),
]
ROWS = [(line, syntax, said) for line, syntaxes, said in HELD for syntax in syntaxes]


def messages(line: str, syntax: str) -> list[str]:
    kickstart = Kickstart(source="x.ks", syntax=syntax, text=f"{line}\n{REST}")
    return [each.message for each in lint(kickstart, at_hand=True) if each.line == 1]


@pytest.mark.parametrize(("line", "syntax", "said"), ROWS)
def test_what_is_refused_is_told_with_what_to_write(line: str, syntax: str, said: str) -> None:
    found = [each for each in messages(line, syntax) if said in each]
    assert found, messages(line, syntax)
    assert "Please modify" not in found[0]
    assert "on line" not in found[0]


@pytest.mark.parametrize("syntax", [*EL, *FEDORA])
@pytest.mark.parametrize("line", dict.fromkeys(line for line, _, _ in HELD))
def test_what_is_known_is_not_spoken_of(line: str, syntax: str) -> None:
    """A remedy comes with a finding of pykickstart's alone, and only where the table has it."""
    refused = any(row[:2] == (line, syntax) for row in ROWS)
    told = any(said in each for each in messages(line, syntax) for _, _, said in HELD)
    assert told == refused


@pytest.mark.parametrize("syntax", [*EL, *FEDORA])
@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ("--device=ens3", "--device=ens3 --hostname=a", True),
        ("--bootproto=dhcp", "--hostname=a", True),
        ("--device=ens3", "--device=ens4", False),
        ("--device=link", "--hostname=a", False),
    ],
)
def test_a_card_has_one_line(first: str, second: str, told: bool, syntax: str) -> None:
    text = f"network {first}\nnetwork {second}\n{REST}"
    found = lint(Kickstart(source="x.ks", syntax=syntax, text=text), at_hand=True)
    assert [each.line for each in found if "in one line" in each.message] == [2] * told


def test_a_value_that_is_wrong_gets_no_remedy() -> None:
    [message] = messages("timezone", "RHEL10")
    assert "write" not in message


@pytest.mark.parametrize(
    ("line", "syntax"),
    [
        ("btrfs none --none --label=x btrfs.01", "F44"),
        ("rhsm --none --organization=1", "RHEL9"),
        ("authselect --none", "RHEL10"),
    ],
)
def test_a_wrong_option_of_a_command_that_is_known_gets_no_remedy(line: str, syntax: str) -> None:
    assert not any(
        word in each for each in messages(line, syntax) for word in ("write ", "leave it out")
    )
