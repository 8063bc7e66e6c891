"""What opens something: each kind in each spelling, and what only looks like it."""

import re

import pytest
from pykickstart.version import makeVersion

from builder.kickstart.masking import mask, secrets
from tests.unit.kickstart.test_render import HASH

BCRYPT = "$2b$12$" + "a" * 53
YESCRYPT = f"$y$j9T$F5Jx5fExrKuPp53xLKQ..1${'b' * 43}"
GRUB = "grub.pbkdf2.sha512.10000." + "AB12" * 32 + "." + "CD34" * 32


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("rootpw Tiger-77x", "rootpw M"),
        ("rootpw --plaintext 'a b'", "rootpw --plaintext M"),
        ("rootpw a\\ b --iscrypted", "rootpw M --iscrypted"),
        ('  rootpw "never ends', "  rootpw M"),
        ("rootpw -- --looks-like-one", "rootpw M M"),
        ("#rootpw old", "#rootpw M"),
        ("# rootpw old", "# rootpw M"),
        ("rootpw --lock # no password", "rootpw --lock # no password"),
        (f"rootpw --iscrypted {HASH}", "rootpw --iscrypted M"),
        ("sshpw --username=watch x --plaintext", "sshpw --username=watch M --plaintext"),
        ("user --name=a --password=b", "user --name=a --password=M"),
        ("user --password b --name=a", "user --password M --name=a"),
        ("user --name=a --passw=b", "user --name=a --passw=M"),
        ('user --name=a --password="a b"', "user --name=a --password=M"),
        ("user '--password=a b' --name=a", "user --password=M --name=a"),
        ('user --pass"word"=b --name=a', "user --password=M --name=a"),
        ("user --name=a --password='never ends", "user --name=a --password=M"),
        ("user --name=a --password=a#b", "user --name=a --password=M"),
        ("user --name=a --password=a\u00a0b", "user --name=a --password=M"),
        ("bootloader --password=x --iscrypted", "bootloader --password=M --iscrypted"),
        ("bootloader --md5pass=$1$x", "bootloader --md5pass=M"),
        ("part / --size=1 --passphrase=x", "part / --size=1 --passphrase=M"),
        ("logvol / --passphrase x --vgname=v", "logvol / --passphrase M --vgname=v"),
        ("autopart --encrypted --hw-passphrase=x", "autopart --encrypted --hw-passphrase=M"),
        ("network --wepkey=x --essid=lab", "network --wepkey=M --essid=lab"),
        ("network --wp=x --essid=lab", "network --wp=M --essid=lab"),
        ("vnc --password=x --host=h", "vnc --password=M --host=h"),
        ("iscsi --password=x --reverse-password=y", "iscsi --password=M --reverse-password=M"),
        ("rhsm --organization=1 --activation-key=x", "rhsm --organization=1 --activation-key=M"),
        ("realm join --one-time-password x h", "realm join --one-time-password M h"),
        ("url --url=http://u:p@ss@h/x", "url --url=http://M@h/x"),
        ("url --url=https://token@h/x", "url --url=https://M@h/x"),
        ("url --url=http://h/a@b", "url --url=http://h/a@b"),
        ("ostreesetup --url=ssh://git@h/x", "ostreesetup --url=ssh://git@h/x"),
        ("repo --baseurl=ftp://h/ --proxy=u:p@h:1", "repo --baseurl=ftp://h/ --proxy=M@h:1"),
        ("%include http://u:p@h/x", "%include http://M@h/x"),
        ("timezone --utc Europe/Zurich # a comment", "timezone --utc Europe/Zurich # a comment"),
    ],
)
def test_a_line(line: str, masked: str) -> None:
    assert mask(line) == masked.replace("M", "**masked**")
    assert mask(mask(line)) == mask(line)


@pytest.mark.parametrize(
    ("script", "masked"),
    [
        ("rootpw --plaintext x", "rootpw --plaintext M"),  # written for an %include
        ("part / --passphrase=x", "part / --passphrase=M"),
        ("mkdir --p a --parents b", "mkdir --p a --parents b"),
        (f"usermod -p '{HASH}' a", "usermod -p 'M' a"),
        (f"echo 'a:{BCRYPT}' | chpasswd -e", "echo 'a:M' | chpasswd -e"),
        (f"echo 'a:{YESCRYPT}' | chpasswd -e", "echo 'a:M' | chpasswd -e"),
        (f"password_pbkdf2 root {GRUB}", "password_pbkdf2 root M"),
        ("curl http://u:p@h/x", "curl http://M@h/x"),
        ("echo Tiger-77x almalinux", "echo M almalinux"),
        ("echo $1 $6$PATH", "echo $1 $6$PATH"),
    ],
)
def test_a_script(script: str, masked: str) -> None:
    text = "rootpw Tiger-77x\nuser --name=a --password=almalinux\n%post\n{}\n%end\n"
    found = mask(text.format(script)).splitlines()
    assert found[3:] == [masked.replace("M", "**masked**"), "%end"]


def test_commands_go_on_after_a_section() -> None:
    assert mask("%post\n%end\nuser --name=a --pa=b\n").endswith("user --name=a --pa=**masked**\n")


@pytest.mark.parametrize("syntax", ["RHEL6", "RHEL7", "RHEL8", "RHEL9", "RHEL10", "F42"])
def test_no_option_of_the_syntax_is_forgotten(syntax: str) -> None:
    """Whoever adds a syntax learns here of its new secrets."""
    harmless = (
        "--backuppassphrase", "--sshkey", "--sslclientkey", "--vckeymap",
    )  # fmt: skip
    for name, command in makeVersion(syntax).commands.items():
        parser = getattr(command, "op", None)
        for option in re.findall(r"--[\w-]+", parser.format_usage()) if parser else ():
            telling = re.search("pass|pw|key|secret|token|credential", option)
            if telling and option not in harmless:
                assert mask(f"{name} {option}=x") == f"{name} {option}=**masked**"


def test_values_are_not_shown_by_accident() -> None:
    (found,) = secrets("rootpw Tiger-77x")
    assert (found.line, found.command, found.value) == (1, "rootpw", "Tiger-77x")
    assert "Tiger" not in repr(found)
