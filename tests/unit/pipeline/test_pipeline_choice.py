"""--only and --except: some images of a pipeline, by globs."""

from pathlib import Path

import pytest

from builder.errors import UsageError
from builder.kickstart.library import Library
from builder.pipeline import definition
from builder.pipeline.choice import chosen

PIPELINE = definition.parse(
    """
title = "x"
[matrix]
release = ["rocky9", "alma9"]
profile = ["minimal", "cloud"]
firmware = ["bios", "uefi"]
""",
    Library(),
    path=Path("/where/night.toml"),
)


@pytest.mark.parametrize(
    ("only", "without", "names"),
    [
        ((), (), [job.name for job in PIPELINE.jobs]),
        (("alma9",), (), ["alma9"]),
        (("alma9", "rocky*"), ("*-uefi",), ["rocky9", "rocky9-cloud", "alma9"]),
        (("rocky*d", "*d-uefi"), (), ["rocky9-cloud", "rocky9-cloud-uefi", "alma9-cloud-uefi"]),
        ((), ("*cloud*", "rocky9"), ["rocky9-uefi", "alma9", "alma9-uefi"]),
        (("alma?", "alma9*"), ("alma9-[cu]*",), ["alma9"]),
    ],
)  # fmt: skip
def test_the_images_that_match_in_the_file_s_order(
    only: tuple[str, ...], without: tuple[str, ...], names: list[str]
) -> None:
    found = chosen(PIPELINE, only, without)
    assert [job.name for job in found.jobs] == names
    assert found.title == PIPELINE.title
    assert {*found.others} == {job.name for job in PIPELINE.jobs}.difference(names)


@pytest.mark.parametrize(
    ("only", "without", "message", "hint"),
    [
        (("rocky9-clod",), (), "night has no image rocky9-clod.", "Did you mean rocky9-cloud?"),
        (("Alma*",), (), "night has no image Alma*.", "Did you mean alma9?"),
        ((), ("xyz",), "night has no image xyz.", "Known: alma9, "),
        ((), ("",), "night has no image .", "Known: alma9, "),
        (("alma9",), ("alma*",), "No image of night is left.", "--except"),
    ],
)
def test_a_glob_that_matches_nothing_is_refused(
    only: tuple[str, ...], without: tuple[str, ...], message: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        chosen(PIPELINE, only, without)
    assert caught.value.message == message
    assert hint in caught.value.hint
