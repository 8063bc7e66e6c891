"""Names as readers without case, versions and dots at the end have them."""

import pytest

from builder.media import reserved


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        ("ks.cfg", "ks.cfg"),
        ("KS.CFG", "ks.cfg"),
        ("ks.cfg;1", "ks.cfg"),
        ("KS.CFG.;1", "ks.cfg"),
        ("ks.cfg..", "ks.cfg"),
        ("EFI/Boot./GRUBX64.EFI;12", "efi/boot/grubx64.efi"),
        ("a;b/c;1d", "a;b/c;1d"),
        (".../x", ".../x"),
        ("Straße", "strasse"),
    ],
)
def test_plain(path: str, plain: str) -> None:
    assert reserved.plain(path) == plain
