"""pykickstart's own validator accepts what we render."""

import sys
from pathlib import Path

import pytest

from builder import process
from builder.kickstart.library import Library
from builder.kickstart.render import render
from builder.recipes.order import Request, resolve
from builder.releases import catalogue


@pytest.mark.parametrize("name", catalogue.names())
def test_ksvalidator_agrees(tmp_path: Path, name: str) -> None:
    kickstart = render(resolve(Request(release=name), Library(), environ={}))
    # A file, as ksvalidator cannot copy a pipe.
    (tmp_path / "ks.cfg").write_text(kickstart.text)
    validator = Path(sys.executable).with_name("ksvalidator")
    done = process.run([validator, "-v", kickstart.syntax, tmp_path / "ks.cfg"])
    assert done.returncode == 0
