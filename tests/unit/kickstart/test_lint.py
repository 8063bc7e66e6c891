"""The linter: one table of what is fine, one of what is not."""

import pytest

from builder.errors import KickstartError, UsageError
from builder.kickstart.lint import check, lint, show
from builder.model.kickstart import Kickstart, LintFinding

FINE = """\
cmdline
lang en_US.UTF-8
timezone Etc/UTC --utc
rootpw --lock
autopart
poweroff
# reports to org.builder.result.0
"""
NEXT = FINE.count("\n") + 1
"""The line number of what is added to FINE."""


def found(text: str, *, syntax: str = "RHEL7") -> list[str]:
    kickstart = Kickstart(source="x.ks", syntax=syntax, text=text)
    return [show(finding, source="x.ks") for finding in lint(kickstart)]


@pytest.mark.parametrize("syntax", ["RHEL7", "RHEL8", "RHEL9", "RHEL10"])
@pytest.mark.parametrize(
    "added",
    [
        "",
        "%include /tmp/partitions.ks\n",
        "%include http://example.invalid/part.ks\n",
        "%ksappend http://example.invalid/part.ks\n",
        "%post --erroronfail\necho '%packages in a script'\n%end\n",
        "%addon com_redhat_kdump --disable\n%end\n",
        "bootloader --location=mbr --timeout=1 --append='console=ttyS0'\n",
        "%packages\n@core\n-plymouth*\n%end\n",
    ],
)
def test_fine(added: str, syntax: str) -> None:
    assert found(FINE + added, syntax=syntax) == []


@pytest.mark.parametrize(
    ("syntax", "added", "line", "finding"),
    [
        ("RHEL7", "nosuch\n", 0, "error: Unknown command: nosuch"),
        ("RHEL7", "\n\nbootloader --appendd=x\n", 2, "error: "),
        ("RHEL7", 'bootloader --append="x\n', 0, "error: cannot be read: No closing quotation"),
        ("RHEL7", "%post --erroronfail\nfoo\n", 1, "error: Section %post does not end with %end."),
        ("RHEL7", "%nosuch\n%end\n", 0, "error: Unknown kickstart section: %nosuch"),
        ("RHEL7", "%packages\n-\n%end\n", 0, "error: cannot be read"),
        ("RHEL7", "sshkey --username=root 'ssh-rsa AAAA'\n", 0, "error: Unknown command: sshkey"),
        ("RHEL7", "%packages --nobase\n%end\n", 0, "warning: "),
        ("RHEL8", "install\n", 0, "warning: "),
        ("RHEL9", "install\n", 0, "error: install has been removed."),
        ("RHEL9", "\nlogging --level=info\n", 1, "warning: "),
        ("RHEL10", "authconfig --enableshadow\n", 0, "error: authconfig has been removed."),
        ("RHEL7", "%post\necho\n%end\n", 0, "warning: this %post may fail unnoticed"),
        (
            "RHEL7",
            "%post --erroronfail\ndracut -f --kver $(uname -r)\n%end\n",
            0,
            "warning: uname -r is the installer's kernel",
        ),
        (
            "RHEL7",
            "url --url=http://mirror.centos.org/centos/7/os/x86_64/\n",
            0,
            "warning: this host is gone",
        ),
        ("RHEL7", "user --name=a --password=b\n", 0, "warning: a password in clear text"),
        ("RHEL7", "sshpw --username=a b --plaintext\n", 0, "warning: a password in clear text"),
        ("RHEL7", "bootloader --password=b\n", 0, "warning: a password in clear text"),
        ("RHEL7", "user --name=a --password '#b'\n", 0, "warning: a password in clear text"),
        ("RHEL7", "user --name=a --pass=b\n", 0, "warning: a password in clear text"),
        ("RHEL7", 'sshpw --username=a "#b c"\n', 0, "warning: a password in clear text"),
        ("RHEL7", "network --device=w --wpakey '#b'\n", 0, "warning: --wpakey in clear text"),
        ("RHEL7", "autopart --encrypted --pass=b\n", 0, "warning: --passphrase in clear text"),
        ("RHEL7", "vnc --pass=b\n", 0, "warning: --password in clear text"),
        ("RHEL7", "\nbootloader --md5pass=b\n", 1, "warning: a hash that is soon guessed"),
        ("RHEL7", "user --name=a --iscrypted --password=$1$a$b\n", 0, "warning: a hash that is"),
        ("RHEL7", "network --device=w --wpakey=b\n", 0, "warning: --wpakey in clear text"),
        ("RHEL7", "autopart --encrypted --passp=b\n", 0, "warning: --passphrase in clear text"),
        ("RHEL7", "vnc --password=b\n", 0, "warning: --password in clear text"),
        ("RHEL7", "realm join --one-time-password=b h\n", 0, "warning: --one-time-password in"),
        ("RHEL8", "rhsm --organization=1 --activation-key=b\n", 0, "warning: --activation-key in"),
        ("RHEL7", "url --url=http://u:p@h/\n", 0, "warning: a login in a URL in clear text"),
        ("RHEL7", "url --url='http://u:p w@h/'\n", 0, "warning: a login in a URL in clear text"),
        ("RHEL7", "url --url=http://u:p/w@h/\n", 0, "warning: a login in a URL in clear text"),
        ("RHEL7", "url --url=http://h/ --proxy=u:p@h\n", 0, "warning: a login in a URL in clear"),
        ("RHEL7", "url --url=https://h/?token=b\n", 0, "warning: a login in a URL in clear text"),
        ("RHEL7", "bootloader --append='a cifspass=b'\n", 0, "warning: a password for the kernel"),
        (
            "RHEL7",
            "%pre\n\necho root:b | chpasswd\n%end\n",
            2,
            "warning: a script holds a password in clear text",
        ),
        ("RHEL7", "repo --name=a --baseurl=http://u:p@h/ --proxy=u:p@h\n", 0, "warning: a login"),
        (
            "RHEL7",
            "bootloader --append='a=http://u:p@h/'\n",
            0,
            "warning: a login in a URL in clear",
        ),
        (
            "RHEL7",
            "bootloader --append='inst.vncpassword=b'\n",
            0,
            "warning: a password for the kernel in clear text",
        ),
        (
            "RHEL7",
            "bootloader --append='netroot=iscsi:u:p@h'\n",
            0,
            "warning: a login in a URL in clear",
        ),
        ("RHEL7", "bootloader --append='proxy=u:p@h:1'\n", 0, "warning: a login in a URL in clear"),
        ("RHEL7", "method --url=http://h/x\n", 0, "error: cannot be read: parse() not implemented"),
        ("RHEL7", "%post --log\necho\n%end\n", 0, "error: argument --log/--logfile: expected one"),
        ("RHEL7", "%post x\necho\n%end\n", 0, "error: unrecognized arguments: **masked**"),
        ("RHEL7", "%include parts.ks\n", 0, "warning: parts.ks is not beside the kickstart"),
    ],
)
def test_wrong_lines(syntax: str, added: str, line: int, finding: str) -> None:
    findings = found(FINE + added, syntax=syntax)
    assert len(findings) == 1, findings
    assert findings[0].startswith(f"x.ks:{NEXT + line}: {finding}")


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("cmdline", "", "0: warning: without cmdline"),
        ("cmdline", "text", "0: warning: without cmdline"),
        ("cmdline", "graphical", "0: warning: without cmdline"),
        ("poweroff", "", "0: error: without poweroff"),
        ("autopart", "", "0: error: no disk layout"),
        ("rootpw --lock", "", "0: error: neither rootpw nor user"),
        ("rootpw --lock", "rootpw '#x'", "4: warning: a password in clear text"),
        ("rootpw --lock", "rootpw x", "4: warning: a password in clear text: use --iscrypted"),
        ("lang en_US.UTF-8", "", "0: warning: no lang"),
        ("timezone Etc/UTC --utc", "", "0: warning: no timezone"),
        ("# reports to org.builder.result.0", "", "0: warning: nothing reports success"),
    ],
)
def test_lines_that_are_missing_or_others(old: str, new: str, finding: str) -> None:
    findings = found(FINE.replace(old, new, 1))
    assert len(findings) == 1, findings
    assert findings[0].startswith(f"x.ks:{finding}")


@pytest.mark.parametrize(
    ("script", "warned"),
    [
        ("echo root:b | chpasswd", True),
        ("echo -n 'root:b' | sudo chpasswd", True),
        ('echo "$name:b" | chpasswd', True),
        ("chpasswd <<<'root:b'", True),
        ("echo b | passwd --stdin root", True),
        ("curl -sf -u a:b http://h/", True),
        ("curl --user 'a:b' http://h/", True),
        ("mysql -u root -pb", True),
        ("mysqladmin -p'b c' ping", True),
        ("sshpass -p b ssh h", True),
        ('echo "root:$pw" | chpasswd', False),
        ('echo "root:${pw}" | chpasswd', False),
        ("printf 'root:%s' \"$pw\" | chpasswd", False),
        ("echo 'root:b' | chpasswd -e", False),
        ("echo 'root:$6$a$b' | chpasswd --encrypted", False),
        ("chpasswd <<<root:$pw", False),
        ("chpasswd </tmp/file", False),
        ('echo "$pw" | passwd --stdin root', False),
        ("passwd -l root", False),
        ('curl -u "$name:$pw" http://h/', False),
        ("curl -u name http://h:80/", False),
        ("mysql -p", False),
        ('mysql -p"$pw" --port=3306', False),
        ("which mysql; mkdir -pv /srv", False),
        ("mkdir -p /srv/mysql", False),
        ("sshpass -p $pw ssh h", False),
        ("sshpass -f file ssh h", False),
        ("# echo root:b | chpasswd", False),
    ],
)
def test_passwords_in_scripts(script: str, warned: bool) -> None:
    findings = found(f"{FINE}%pre\n{script}\n%end\n")
    message = "a script holds a password in clear text"
    assert findings == [f"x.ks:{NEXT + 1}: warning: {message}"] * warned


def test_what_an_include_may_bring_is_not_missing() -> None:
    text = "%include /tmp/all.ks\n# org.builder.result.0\n"
    assert found(text) == []


def test_all_errors_are_reported_not_only_the_first() -> None:
    findings = found(FINE + "one\ntwo\ninstall\nthree\n")
    assert [line.split(": ")[0] for line in findings] == [
        f"x.ks:{number}" for number in (NEXT, NEXT + 1, NEXT + 3)
    ]


def test_equal_warnings_keep_their_own_lines() -> None:
    findings = found(FINE + "logging --level=info\n\nlogging --level=info\n", syntax="RHEL9")
    assert [line.split(": ")[0] for line in findings] == [f"x.ks:{NEXT}", f"x.ks:{NEXT + 2}"]


PASSWORD = "Tiger-77x"  # noqa: S105  # in no kickstart but these


@pytest.mark.parametrize(
    ("line", "finding"),
    [
        ("rootpw --plaintext=P", "argument --plaintext: ignored explicit argument **masked**"),
        ("rootpw --iscrypted=P", "argument --iscrypted: ignored explicit argument **masked**"),
        ("rootpw --lock=P", "argument --lock: ignored explicit argument **masked**"),
        ("sshpw --username=a --lock=P", "argument --lock: ignored explicit argument **masked**"),
        (
            "user --name=a --plaintext=P",
            "argument --plaintext: ignored explicit argument **masked**",
        ),
        ("autopart --encrypted=P", "argument --encrypted: ignored explicit argument **masked**"),
        ("user --name=a --passwrd=P", "unrecognized arguments: --passwrd=**masked**"),
        ("user --name=a --passwrd P", "unrecognized arguments: --passwrd **masked**"),
        ("zerombr --nosuch=P", ""),
        ("user --name=a --password= P", "unrecognized arguments: **masked**"),
        ("user --name=a --nosuch= P", "unrecognized arguments: --nosuch= **masked**"),
        ("rootpw=P", "Unknown command: rootpw**masked**"),
        ("P", "Unknown command: **masked**"),
        ("%P", "Unknown kickstart section: %**masked**"),
        ("vnc --password=two P", "unrecognized arguments: **masked**"),
        ("lang C P", "Unexpected arguments to lang command: **masked**"),
        ("bootloader P", "unrecognized arguments: **masked**"),
        ("user --name=a --password='a  P'", "a password in clear text: use --iscrypted"),
    ],
)
def test_no_finding_quotes_a_password(line: str, finding: str) -> None:
    findings = found(f"{FINE}{line.replace('P', PASSWORD)}\n")
    assert not [each for each in findings if "Tiger" in each]
    assert [each for each in findings if finding in each]


def test_a_line_is_found_where_the_same_stands_in_a_script() -> None:
    findings = found(f"{FINE}%pre\ninstall\n%end\ninstall\n", syntax="RHEL8")
    assert [each.split(": ")[0] for each in findings] == [f"x.ks:{NEXT + 3}"]


def test_an_unknown_syntax() -> None:
    with pytest.raises(UsageError, match="no kickstart syntax 'RHEL77'") as caught:
        found(FINE, syntax="RHEL77")
    assert caught.value.hint == "Did you mean RHEL7?"


def test_nothing_leaks_to_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    found(FINE + "one\ninstall\n%packages --nobase\n%end\n", syntax="RHEL8")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("lines", "message", "hint"),
    [
        ([2], "x.ks, line 2: wrong.", "Mend the kickstart."),
        ([0], "x.ks: wrong.", "Mend the kickstart."),
        ([2, 3], "x.ks, line 2: wrong.", "Mend the kickstart; errors: 2 in all."),
    ],
)
def test_check_raises_for_the_first_error(lines: list[int], message: str, hint: str) -> None:
    kickstart = Kickstart(source="x.ks", syntax="RHEL7", text="")
    warning = LintFinding(line=1, severity="warning", message="doubtful")
    errors = [LintFinding(line=line, severity="error", message="wrong.") for line in lines]
    check(kickstart, [warning])
    with pytest.raises(KickstartError) as caught:
        check(kickstart, [warning, *errors])
    assert (caught.value.message, caught.value.hint) == (message, hint)
