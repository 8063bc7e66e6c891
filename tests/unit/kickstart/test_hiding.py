"""What the record of a kickstart hides, hidden in what installers, scripts and kernels say."""

import pytest

from builder.kickstart.hiding import hiding
from builder.model.hiding import MARK

KICKSTART = """\
rootpw --plaintext Tiger-77x
user --name=alice --password='Lion 88 yz'
repo --name=x --baseurl=https://u:Puma-99z@mirror.example/x
bootloader --append="quiet inst.vncpassword=Ocelot7x"
user --name=b --password=short
%pre
echo "user --name=c --passwrod=Jaguar-11 --groups=wheel" >/tmp/users.ks
%end
%post
curl -sf -u ops:Serval-22 http://repo.example/y -o /root/y
chpasswd <<EOF
ops:Caracal-33
EOF
%end
"""


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("nothing of it", "nothing of it"),
        ("+ echo Tiger-77x", "+ echo M"),
        ("rootpw: 'Tiger-77x'?", "rootpw: 'M'?"),
        ("+ useradd -p 'Lion 88 yz' alice", "+ useradd -p M alice"),
        ("unrecognized arguments: --passwrod=Jaguar-11", "unrecognized arguments: --passwrod=M"),
        (
            "+ curl -sf -u ops:Serval-22 http://repo.example/y",
            "+ curl -sf -u ops:M http://repo.example/y",
        ),
        ("Command line: quiet inst.vncpassword=Ocelot7x", "Command line: quiet inst.vncpassword=M"),
        ("curl: https://u:Puma-99z@mirror.example/x: 404", "curl: https://M@mirror.example/x: 404"),
        ("ops:Caracal-33", "ops:M"),
        ("password Puma-99z for u is wrong", "password M for u is wrong"),
        ("alice, ops, wheel, mirror.example and short", None),
    ],
)
def test_what_is_said(said: str, shown: str | None) -> None:
    assert hiding(KICKSTART)(said) == (shown or said).replace("M", MARK)


def test_nothing_to_hide() -> None:
    assert hiding("rootpw --lock\n")("rootpw --lock") == "rootpw --lock"


@pytest.mark.parametrize(
    ("line", "said", "shown"),
    [
        # as the installer, bash, a shell's quoting, JSON and a page say it
        (r"""rootpw "it\"s-Me9x" """, """it"s-Me9x""", "M"),
        (r"rootpw --plaintext pa\$\$w0rdX", "pa$$w0rdX", "M"),
        (r"rootpw Lion\ 88\ yz", "Lion 88 yz", "M"),
        (r"""user --name=a --password='Ab'"'"'cd!9xY'""", "Ab'cd!9xY", "M"),
        (r"""user --name=a --password='Ab'"'"'cd!9xY'""", r"+ p='Ab'\''cd!9xY'", "+ p='M'"),
        (r"""user --name=a --password='Ab"cd!9xY'""", r"""{"p": "Ab\"cd!9xY"}""", """{"p": "M"}"""),
        ("url --url=http://u:Pum%40-99z@x.example/", "u and Pum@-99z", "u and M"),
        ("auth --winbindjoin=Admin%Jaguar-11", "Admin, Jaguar-11", "Admin, M"),
        ("user --name=a --password='Jaguar-11 and-more'", "Jaguar-11", "M"),
        # in a script: the value, however it is given
        ("=Jaguar-11", "Jaguar-11!", "M!"),
        ("='Lion 88 yz'", "+ x='Lion 88 yz'", "+ x=M"),
        ('": "Jaguar-11", "who": "ops"', "Jaguar-11 of ops", "M of ops"),
        ("=$(echo Jaguar-11)", "++ echo Jaguar-11", "++ echo M"),
        ('="$(printf %s Jaguar-11)"', "++ printf %s Jaguar-11", "++ printf %s M"),
        (" --password --x Jaguar-11", "Jaguar-11", "M"),
        ("; echo 'sshpw --username=x Jaguar-11' >/tmp/a", "Jaguar-11", "M"),
        ('; printf %s \'{"token": "Jaguar-11"}\' >/tmp/a-b', "{token: Jaguar-11}", "{token: M}"),
        ('; echo "--password=Jag;r-11" >/tmp/a-b', "Jag;r-11 /tmp/a-b", "M /tmp/a-b"),
        ("=x9; other_password=Jaguar-11;", "Jaguar-11", "M"),
        ("=([root]=Root-Pw-11 [bob]=Bob-Pw-22)", "['bob']='Bob-Pw-22'", "['bob']='M'"),
        ("=${1:=Def-Pw-999}", "Def-Pw-999", "M"),
        ('="${PASSWORD:-Default-Pw-99}"', "+ x=Default-Pw-99", "+ x=M"),
        ('="$X;Mid-Pw-999"', "'a;Mid-Pw-999'", "'a;M'"),
        ('="Golden-Pw-77$X"', "+ x=Golden-Pw-77abc", "+ x=Mabc"),
        ("='db:Db-Pw-1122,api:Api-Pw-3344'", "Db-Pw-1122 Api-Pw-3344", "M M"),
        ("=Abc-Pw-111; ADMIN=Oth-Pw-222", "Oth-Pw-222", "M"),
        (r'="Pa\$\$word-12x"', "+ x='Pa$$word-12x'", "+ x='M'"),
        ("='päss-Wörd12'", r"+ x=$'p\303\244ss-W\303\266rd12'", "+ x=$M"),
        ("='päss-Wörd12'", r"u'p\xe4ss-W\xf6rd12'", "uM"),
        # and nothing that merely follows it
        ("=$(date +%s | sha256sum | base64)", "sha256sum: command not found", None),
        ("=$(vault-cli read x)", "vault-cli: command not found", None),
        ("=S3cret-99x --server agent01.example.com", "no agent01.example.com", None),
        ("=Jaguar-11 --nosuchoption=1", "unknown: --nosuchoption=1", None),
        ("=$(curl -s http://10.0.2.2:8080/key)", "no http://10.0.2.2:8080/key", None),
        ("=; dnf install kernel-devel-5.14", "Installing kernel-devel-5.14", None),
        ("='ssh-ed25519 AAAAC3Nza'", "sshd: ssh-ed25519 host key", None),
        (": changed 2026-11-29 by bob", "2026-11-29 18:44:13 INFO", None),
    ],
)
def test_values(line: str, said: str, shown: str | None) -> None:
    text = line if line[0].isalpha() else f"%pre\nthe_password{line}\n%end"
    assert hiding(text + "\n")(said) == (shown or said).replace("M", MARK)


def test_a_line_with_a_thousand_secrets() -> None:
    users = ",".join(f'{{"user":"u{each}","password":"Ab1-xyz{each}"}}' for each in range(1000))
    hide = hiding(f"%post\necho '[{users}]' >/etc/users\n%end\n")
    assert hide("Ab1-xyz0 and Ab1-xyz999") == f"{MARK} and {MARK}"


def test_a_secret_of_a_thousand_letters() -> None:
    secret = "".join(f"{each:03d}+" for each in range(321))
    hide = hiding(f"%post\npassword={secret}\n%end\n")
    assert hide(f"+ password={secret}").replace(MARK, "") == "+ password="
