"""Kernel command lines."""

import pytest

from builder.media import cmdline


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("", ()),
        ("  quiet\tsplash ", ("quiet", "splash")),
        (r"inst.ks=hd:LABEL=CentOS\x207\x20x86_64:/ks.cfg", None),
        (r"a=C:\dir\ b", ("a=C:\\dir\\", "b")),
        ('dyndbg="file a.c +p" quiet', ('dyndbg="file a.c +p"', "quiet")),
        ("'one word' two", ("'one word'", "two")),
        ("it's one", ("it's", "one")),
        ('open="never closed', ('open="never', "closed")),
    ],
)
def test_split_keeps_every_character(text: str, arguments: tuple[str, ...] | None) -> None:
    assert cmdline.split(text) == ((text,) if arguments is None else arguments)


@pytest.mark.parametrize(
    ("argument", "key"),
    [
        ("quiet", "quiet"),
        ("console=ttyS0,115200n8", "console"),
        ("inst.ks=hd:LABEL=x=y:/ks.cfg", "inst.ks"),
        ('"inst.ks=with spaces"', "inst.ks"),
    ],
)
def test_key(argument: str, key: str) -> None:
    assert cmdline.key(argument) == key


@pytest.mark.parametrize(
    ("keys", "left"),
    [
        (("ks",), "inst.ks=a inst.ksdevice=b quiet"),
        (("inst.ks",), "ks=1 inst.ksdevice=b quiet"),
        (("quiet", "ks", "absent"), "inst.ks=a inst.ksdevice=b"),
    ],
)
def test_remove_goes_by_whole_keys(keys: tuple[str, ...], left: str) -> None:
    arguments = cmdline.split("ks=1 inst.ks=a inst.ksdevice=b quiet")
    assert " ".join(cmdline.remove(arguments, *keys)) == left


@pytest.mark.parametrize(
    ("new", "result"),
    [
        ((), "console=tty1 ip=dhcp console=ttyS1"),
        (("console=tty0", "console=ttyS0"), "ip=dhcp console=tty0 console=ttyS0"),
        (("inst.text",), "console=tty1 ip=dhcp console=ttyS1 inst.text"),
    ],
)
def test_replace(new: tuple[str, ...], result: str) -> None:
    arguments = cmdline.split("console=tty1 ip=dhcp console=ttyS1")
    assert " ".join(cmdline.replace(arguments, *new)) == result


@pytest.mark.parametrize(
    ("label", "escaped"),
    [
        ("CentOS 7 x86_64", r"CentOS\x207\x20x86_64"),
        ("OL-7.9 Server.x86_64", r"OL-7.9\x20Server.x86_64"),
        ("CentOS-Stream-10-BaseOS-x86_64", "CentOS-Stream-10-BaseOS-x86_64"),
        ("a/b\\c", r"a\x2fb\x5cc"),
        ("tab\there", r"tab\x09here"),
        ("#+-.:=@_", "#+-.:=@_"),
        ("Grün", "Grün"),
    ],
)
def test_escape_label(label: str, escaped: str) -> None:
    assert cmdline.escape_label(label) == escaped
