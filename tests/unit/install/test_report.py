"""The guest's report: JSON lines, and whatever else a guest may write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.install.report import GuestReport, log_tail, parse
from builder.model.package import Package, System


@pytest.mark.parametrize(
    ("line", "report"),
    [
        (
            '{"builder":1,"nonce":"n","result":"success"}',
            GuestReport(builder=1, nonce="n", result="success"),
        ),
        (
            '{"builder":1,"nonce":"n","package":{"kind":"rpm","name":"a","version":"1:2-1"}}',
            GuestReport(
                builder=1, nonce="n", package=Package(kind="rpm", name="a", version="1:2-1")
            ),
        ),
        (
            '{"builder":1,"nonce":"n","system":{"id":"centos","pretty_name":"C (Core)"}}',
            GuestReport(builder=1, nonce="n", system=System(id="centos", pretty_name="C (Core)")),
        ),
        (
            '{"builder":1,"nonce":"n","result":"failure","stage":"traceback","log_base64":"eA=="}',
            GuestReport(
                builder=1, nonce="n", result="failure", stage="traceback", log_base64="eA=="
            ),
        ),
        (' {"nonce":"n", "builder":1, "later": [1, {}]} ', GuestReport(builder=1, nonce="n")),
    ],
)
def test_reports(line: str, report: GuestReport) -> None:
    assert parse(line) == report


@pytest.mark.parametrize(
    "line",
    [
        "",
        "login:",
        "{}",
        "null",
        '{"builder":1}',
        '{"nonce":"n"}',
        '{"builder":2,"nonce":"n","result":"success"}',
        '{"builder":"1","nonce":"n"}',
        '{"builder":1,"nonce":7}',
        '{"builder":1,"nonce":"n","result":true}',
        '{"builder":1,"nonce":"n","package":"a-1"}',
        '{"builder":1,"nonce":"n","package":{"kind":"rpm"}}',
        '{"builder":1,"nonce":"n","package":{"kind":"exe","name":"a"}}',
        '{"builder":1,"nonce":"n","package":{"name":""}}',
        '{"builder":1,"nonce":"n","package":{"name":"a b"}}',
        '{"builder":1,"nonce":"n","package":{"name":"a\\n"}}',
        '{"builder":1,"nonce":"n","package":{"name":"../a"}}',
        '{"builder":1,"nonce":"n","package":{"name":"a","version":"<b>"}}',
        '{"builder":1,"nonce":"n","package":{"name":"a","license":"\\u001b[2J"}}',
        '{"builder":1,"nonce":"n","package":{"name":"%s"}}' % ("a" * 256),
        '{"builder":1,"nonce":"n","system":{"id":"caf\u00e9"}}',
        '{"builder":1,"nonce":"n","system":{"id":7}}',
        '{"builder":1,"nonce":"n"} trailing',
        '{"builder":1,"nonce":"n"',
        '{"builder":1,"nonce":"n","x":' + "[" * 60000,
        '[{"builder":1,"nonce":"n"}]',
    ],
    ids=lambda line: line[:40] or "empty",
)
def test_anything_else_is_none(line: str) -> None:
    assert parse(line) is None


@given(st.text())
def test_nothing_that_a_guest_writes_raises(text: str) -> None:
    parse(text)
    log_tail(GuestReport(builder=1, nonce="n", log_base64=text))


@pytest.mark.parametrize(
    ("encoded", "text"),
    [("", ""), ("YQpi", "a\nb"), ("/w==", "\ufffd"), ("YQ", ""), ("no base64", ""), ("é", "")],
)
def test_log_tail(encoded: str, text: str) -> None:
    assert log_tail(GuestReport(builder=1, nonce="n", log_base64=encoded)) == text
