""".treeinfo and its sums."""

from builder.media import treeinfo

_OLD, _NEW = "0" * 64, "1" * 64
_TEXT = f"""[checksums]
images/boot.iso = sha256:{_OLD}
images/efiboot.img = sha256:{_OLD}
images/efiboot.img.bak = sha256:{_OLD}

[stage2]
mainimage = images/install.img
"""


def test_only_the_sum_of_that_file_changes() -> None:
    mended = treeinfo.with_digest(_TEXT.encode(), "images/efiboot.img", _NEW).decode()
    changed = [line for line in mended.split("\n") if line not in _TEXT.split("\n")]
    assert changed == [f"images/efiboot.img = sha256:{_NEW}"]
    assert len(mended) == len(_TEXT)


def test_bytes_that_are_no_text_stay() -> None:
    content = b"\xff\xfe\r\nimages/efiboot.img=sha256:" + b"0" * 64 + b"\r\n[x]\r\n"
    mended = treeinfo.with_digest(content, "images/efiboot.img", _NEW)
    assert mended.startswith(b"\xff\xfe\r\nimages/efiboot.img=sha256:" + b"1" * 64)
    assert mended.endswith(b"[x]\r\n")


def test_what_cannot_be_read_is_empty() -> None:
    assert treeinfo.parse(b"no section\n").sections() == []
    parsed = treeinfo.parse(b"[a]\nb = c%d\n[a]\nb = d\n")
    assert treeinfo.first(parsed, ("x", "y"), ("a", "b")) == "d"
    assert treeinfo.first(parsed, ("x", "y")) == ""
