"""What a pipeline file says of its runs: good sections, and bad apples."""

from pathlib import Path

import msgspec
import pytest

from builder.kickstart.library import Library
from builder.pipeline import definition
from builder.pipeline.findings import shown
from builder.pipeline.job import Limits, Mail, Notify, Pipeline, Publish, Retry, Webhook

FILE = Path("/where/night.toml")
GOOD = """title = "All"
[[build]]
release = "rocky9"
[limits]
parallel = 3
memory_mib = 524288
vcpus = 16
disk_gib = 500
minutes = 360
build_minutes = 90.5
[retry]
times = 0
wait_minutes = 0.5
on = ["media", "hang"]
[publish]
channel = "stable"
after = 3
keep = 5
export = ["ova", "raw"]
export_to = "images"
sign = "../key.pem"
[notify]
on = ["change"]
command = ["bin/tell", "--quietly"]
[notify.mail]
to = ["a@example.org", "b@example.org"]
sender = "builder@example.org"
server = "mail.example.org"
port = 2525
security = "starttls"
user = "builder"
password_file = "secret"
[notify.webhook]
url = "https://chat.example.org/x"
format = "slack"
token_file = "/etc/token"
"""


def parsed(text: str) -> Pipeline:
    return definition.parse(text, Library(), path=FILE)


def mistakes(text: str) -> list[str]:
    found = definition.examine(text, Library(), path=FILE, source="night.toml")
    return [shown(each) for each in found.findings]


def test_every_key_is_read_and_paths_are_seen_from_the_file() -> None:
    found = parsed(GOOD)
    assert found.limits == Limits(
        parallel=3, memory_mib=524288, vcpus=16, disk_gib=500, minutes=360, build_minutes=90.5
    )
    assert found.retry == Retry(times=0, wait_minutes=0.5, on=("media", "hang"))
    assert found.publish == Publish(
        channel="stable",
        after=3,
        keep=5,
        export=("ova", "raw"),
        export_to=Path("/where/images"),
        sign=Path("/where/../key.pem"),
    )
    assert found.notify == Notify(
        on=("change",),
        command=("/where/bin/tell", "--quietly"),
        mail=Mail(
            to=("a@example.org", "b@example.org"),
            sender="builder@example.org",
            server="mail.example.org",
            port=2525,
            security="starttls",
            user="builder",
            password_file=Path("/where/secret"),
        ),
        webhook=Webhook(
            url="https://chat.example.org/x", format="slack", token_file=Path("/etc/token")
        ),
    )


def test_the_good_file_has_every_key() -> None:
    """So that none is forgotten above."""
    for kind in (Limits, Retry, Publish, Notify, Mail, Webhook):
        for each in msgspec.structs.fields(kind):
            assert f"\n{each.name} = " in GOOD or f"[notify.{each.name}]" in GOOD, each.name


def test_what_a_file_does_not_say_has_defaults() -> None:
    found = parsed('title = "x"\n[[build]]\nrelease = "rocky9"\n')
    assert (found.limits, found.retry) == (Limits(), Retry())
    assert (found.publish, found.notify) == (Publish(), Notify())


def test_parallel_may_stand_by_itself() -> None:
    text = 'title = "x"\nparallel = 4\n[limits]\nvcpus = 8\n[[build]]\nrelease = "rocky9"\n'
    assert parsed(text).limits == Limits(parallel=4, vcpus=8)


def test_a_program_by_its_name_alone_is_searched_for_when_it_is_started() -> None:
    assert parsed(GOOD.replace("bin/tell", "tell")).notify.command == ("tell", "--quietly")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[limits]", "[limit]", ":4: limit: There is no such key. Did you mean limits?"),
        ("vcpus =", "vcpu =", ":7: [limits] vcpu: There is no such key. Did you mean vcpus?"),
        ("vcpus = 16", "vcpus = -1", ":7: [limits] vcpus: It must be a whole number from 0 to 1"),
        ("parallel = 3", "parallel = 0", "[limits] parallel: It must be a whole number, more than"),
        ("minutes = 360", "minutes = nan", "[limits] minutes: It must be a number, more than 0 an"),
        ("minutes = 360", "minutes = 0", "[limits] minutes: It must be a number, more than 0 and"),
        ("minutes = 360", "minutes = '6h'", ":9: [limits] minutes: It must be a number, more than"),
        ('title = "All"', 'title = "All"\nparallel = 3', ":2: parallel: It is in [limits] as well"),
        ("times = 0", "times = 'x'", ":12: [retry] times: It must be a whole number from 0 to 20,"),
        ("times = 0", "times = '3'", "not '3'. Take the quotes away."),
        ("times = 0", "times = 21", "[retry] times: It must be a whole number from 0 to 20, not 2"),
        ('"hang"]', '"hnag"]', ":14: [retry] on: It must be a list, of which each is one of 'medi"),
        ('"hang"]', '"hnag"]', "Did you mean hang?"),
        ('["media", "hang"]', '"media"', "[retry] on: It must be a list, of which each is one of"),
        ('"stable"', '"latest"', ":16: [publish] channel: A channel that is promoted to cannot be"),
        ('"stable"', '"candidate"', "latest and candidate move by themselves."),
        ('"stable"', '"Stable"', "[publish] channel: A channel that is promoted to cannot be call"),
        ('"ova", "raw"', '"ovaa"', "[publish] export: There is no format 'ovaa'. Did you mean ova"),
        ('export_to = "images"\n', "", "[publish] export: The key export_to is missing"),
        ('"images"', "3", "[publish] export_to: It must be a path (without NUL), not 3."),
        ('["change"]', '["chnage"]', ":23: [notify] on: It must be a list, of which each is one o"),
        ('["bin/tell", "--quietly"]', '"tell"', "[notify] command: It must be a list, of which ea"),
        ("[notify.mail]", "[notify.mial]", ":25: [notify] mial: There is no such key. Did you mea"),
        ('sender = "builder@example.org"\n', "", "[notify] mail.sender: The key sender is missing"),
        ('"a@example.org", "b@example.org"', "", ":26: [notify] mail.to: It names nobody."),
        ('"b@example.org"', '"b"', ":26: [notify] mail.to: 'b' is no address of mail."),
        ('"builder@example.org"', '"a b@c"', ":27: [notify] mail.sender: 'a b@c' is no address of"),
        ("port = 2525", "port = 65536", "[notify] mail.port: It must be a whole number from 0 to"),
        ('"starttls"', '"startls"', "mail.security: It must be one of 'none', 'starttls', 'tls'"),
        ('"starttls"', '"none"', "mail.security: The password would go over the network as it is."),
        ('user = "builder"\n', "", ":25: [notify] mail: user and password_file are for each other"),
        ('password_file = "secret"', 'password = "secret"', "mail.password: There is no such key."),
        ('password_file = "secret"', 'password = "secret"', "Did you mean password_file?"),
        ("https://chat", "chat", ":34: [notify] webhook.url: It is no address of the web."),
        ("https://chat", "https://me:pw@chat", "webhook.url: A login in it would be in every log."),
        ("chat.example.org/x", "chat.example.org/x\\n", "webhook.url: It is no address of the we"),
        ("b@example.org", "b@example.org\\u0000", "[notify] mail.to: 'b@example.org\\x00' is no a"),
        ('"mail.example.org"', '""', ":28: [notify] mail.server: It must be a text without blanks"),
        ('user = "builder"', 'user = "a\\nb"', "[notify] mail.user: It must be a text of one line"),
        ('"--quietly"', '"a\\u0000"', ":24: [notify] command: It must be a list, of which each is"),
        ('"secret"', '""', "mail.password_file: It must be a path (without NUL), not ''."),
        ('"All"', '"All\\nof it"', ":1: title: It must be a text of one line, not 'All"),
        ("[notify.webhook]", "[notify]", "This file is not TOML"),
        ("token_file =", "token =", "[notify] webhook.token: There is no such key. Did you mean t"),
        ('[limits]\nparallel = 3', "[limit.s]\nparallel = 3", "limit: There is no such key."),
    ],
)  # fmt: skip
def test_a_mistake_is_said_where_it_is(old: str, new: str, said: str) -> None:
    assert old in GOOD
    found = mistakes(GOOD.replace(old, new, 1))
    assert any(said in line for line in found), found
    assert all(line.startswith("night.toml:") for line in found)


def test_the_good_file_has_no_mistake() -> None:
    assert mistakes(GOOD) == []


def test_a_password_may_go_to_this_machine_s_own_server() -> None:
    text = GOOD.replace('"starttls"', '"none"').replace("mail.example.org", "localhost")
    assert mistakes(text) == []


def test_all_mistakes_are_told_by_their_lines() -> None:
    text = GOOD.replace("vcpus", "vcpu").replace("times = 0", "times = 30")
    text = text.replace('"rocky9"', '"rocky"').replace('title = "All"', "")
    lines = [line.split(":")[1] for line in mistakes(text)]
    assert lines == ["3", "7", "12", " title"]


def test_a_mistake_in_a_section_hides_none_of_the_images() -> None:
    text = 'title = "x"\nparalel = 2\n[[build]]\nrelease = "rocky"\n[[build]]\nmedium = "dvd"\n'
    assert [line.split(":")[1] for line in mistakes(text)] == ["2", "4", "5"]
