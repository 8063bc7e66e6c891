"""modules.yaml, as libmodulemd writes it."""

import pytest

from builder.media.modules import Modules, artifact, joined, modules
from builder.media.primary import Nevra

_TEXT = """\
---
document: modulemd
version: 2
data:
  name: perl
  stream: "5.24"
  version: 8010020190529084201
  context: 3af8e029
  arch: x86_64
  summary: Practical Extraction and Report Language
  description: >-
    Its name: wrong
    stream: wrong
    artifacts:
    - no-0:1-1.noarch
  license:
    module:
    - MIT
    content:
    - (GPL+ or Artistic) and MIT
  dependencies:
  - buildrequires:
      platform: [el8.1.0]
  profiles:
    common:
      rpms:
      - perl-core
  api:
    rpms:
    - perl
  artifacts:
    rpms:
    - perl-4:5.24.4-403.module_el8.1.0+6+6c1a4f8a.x86_64
    - perl-libs-4:5.24.4-403.module_el8.1.0+6+6c1a4f8a.x86_64
...
---
document: modulemd
version: 2
data:
  name: perl
  stream: "5.24"
  version: 8020020190529084201
  artifacts:
    rpms:
      - perl-4:5.24.4-404.module_el8.x86_64
  xmd:
    rpms:
    - no-0:1-1.noarch
...
---
document: modulemd
version: 2
data:
  name: 'nodejs'
  stream: 18
  artifacts:
    rpms:
    - nodejs-1:18.2.0-1.module_el8.x86_64
...
---
document: modulemd-defaults
version: 1
data:
  module: perl
  stream: "5.26"
  profiles:
    5.26: [common]
...
---
document: modulemd-defaults
version: 1
data:
  module: mysql
  profiles:
    8.0: [server]
...
---
document: modulemd-obsoletes
version: 1
data:
  module: nodejs
  stream: "18"
...
"""
_PERL = frozenset(
    {
        "perl-4:5.24.4-403.module_el8.1.0+6+6c1a4f8a.x86_64",
        "perl-libs-4:5.24.4-403.module_el8.1.0+6+6c1a4f8a.x86_64",
        "perl-4:5.24.4-404.module_el8.x86_64",
    }
)
_NODE = frozenset({"nodejs-1:18.2.0-1.module_el8.x86_64"})


@pytest.mark.parametrize("size", [1, 50, 1 << 20])
def test_streams_and_defaults(size: int) -> None:
    text = _TEXT.encode()
    assert modules(text[at : at + size] for at in range(0, len(text), size)) == Modules(
        streams={("perl", "5.24"): _PERL, ("nodejs", "18"): _NODE}, defaults={"perl": "5.26"}
    )


def test_none() -> None:
    assert modules([]) == Modules()


def test_several_repositories() -> None:
    one = Modules(streams={("a", "1"): frozenset("x")}, defaults={"a": "1"})
    two = Modules(streams={("a", "1"): frozenset("y"), ("b", "1"): frozenset("z")})
    assert joined([one, two]) == Modules(
        streams={("a", "1"): frozenset("xy"), ("b", "1"): frozenset("z")}, defaults={"a": "1"}
    )


@pytest.mark.parametrize(
    ("epoch", "written"), [("4", "perl-4:5.24-1.x86_64"), ("", "perl-0:5.24-1.x86_64")]
)
def test_artifact(epoch: str, written: str) -> None:
    assert artifact(Nevra("perl", epoch, "5.24", "1", "x86_64")) == written


@pytest.mark.parametrize("text", [b"\xff\n", b"x" * (1 << 21)])
def test_what_is_no_such_text(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"decode|more than 1 MiB"):
        modules([text, b""])
