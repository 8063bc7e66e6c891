"""The media check's sum."""

import hashlib

import pytest

from builder.iso import implant
from builder.iso.patch import Draft
from builder.iso.source import SECTOR, Memory


def _image(sectors: int) -> Draft:
    content = bytes(number % 251 for number in range(sectors * SECTOR))
    draft = Draft(Memory(content))
    draft.write(16 * SECTOR + 80, sectors.to_bytes(4, "little") + sectors.to_bytes(4, "big"))
    draft.write(implant.FIELD, b" " * 512)
    return draft


@pytest.mark.parametrize("sectors", [40, 100, 1000])
def test_the_field(sectors: int) -> None:
    image = _image(sectors)
    field = implant.made(image)
    total = (sectors - 15) * SECTOR
    digest = hashlib.md5(image.read(0, total), usedforsecurity=False).hexdigest()
    assert field.startswith(f"ISO MD5SUM = {digest};SKIPSECTORS = 15;RHLISOSTATUS=0;".encode())
    assert len(field) == 512
    assert field.rstrip().endswith(b"THIS IS NOT THE SAME AS RUNNING MD5SUM ON THIS ISO!!")


def test_right_and_wrong() -> None:
    image = _image(100)
    assert implant.right(image) is None
    assert implant.cleared(image) is None
    image.write(implant.FIELD, implant.made(image))
    assert implant.right(image) is True
    assert implant.cleared(image) == b" " * 512
    image.write(50 * SECTOR, b"!")
    assert implant.right(image) is False


def test_neither_the_last_sectors_nor_the_field_itself_count() -> None:
    image = _image(100)
    field = implant.made(image)
    image.write(86 * SECTOR, b"padded by some tool")
    assert implant.made(image) == field
    image.write(implant.FIELD, field)
    assert implant.made(image) == field
