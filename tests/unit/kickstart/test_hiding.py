"""What the record of a kickstart hides, hidden in what installers, scripts and kernels say."""

import pytest

from builder.kickstart.hiding import hiding
from builder.kickstart.words import MARK

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
        ("+ curl -sf -u ops:Serval-22 http://repo.example/y", "+ curl -sf -u ops:M M"),
        ("Command line: quiet inst.vncpassword=Ocelot7x", "Command line: quiet inst.vncpassword=M"),
        ("curl: https://u:Puma-99z@mirror.example/x: 404", "curl: https://M@mirror.example/x: 404"),
        ("ops:Caracal-33", "ops:M"),
        ("alice, ops, wheel, mirror.example and short", None),
    ],
)
def test_what_is_said(said: str, shown: str | None) -> None:
    assert hiding(KICKSTART)(said) == (shown or said).replace("M", MARK)


def test_nothing_to_hide() -> None:
    assert hiding("rootpw --lock\n")("rootpw --lock") == "rootpw --lock"
