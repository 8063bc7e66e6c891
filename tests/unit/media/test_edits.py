"""What a user wants of a remaster."""

import pytest

from builder.media.edits import included


@pytest.mark.parametrize(
    ("kickstart", "files"),
    [
        ("text\ncdrom\n", ()),
        (
            "%include /run/part.ks\n%ksappend  http://a/b.ks # so\n",
            ("/run/part.ks", "http://a/b.ks"),
        ),
        ("%include /run/a\n%packages\n%include /run/a\n%end\n", ("/run/a",)),
        ("# %include /run/a\necho %include /run/b\n%include\n%included /run/c\n", ()),
    ],
)
def test_what_a_kickstart_includes(kickstart: str, files: tuple[str, ...]) -> None:
    assert included(kickstart) == files
