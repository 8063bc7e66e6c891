"""One kickstart with all that ours do without, judged by the system that it makes."""

import re
import secrets
from pathlib import Path

import pytest
from attempts import boot, carry_out, planned

from builder.errors import HangError
from builder.host.host import Host
from builder.model.media import StagedIso

FACTS = {
    "findmnt -no SOURCE,FSTYPE /": "/dev/mapper/system-the--root xfs",
    "findmnt -no FSTYPE /boot": "ext4",
    "lsblk -nrbo SIZE,MOUNTPOINT /dev/mapper/system-swap": f"{256 * 2**20} [SWAP]",
    "vgs --noheadings -o vg_free_count system": "0",  # --grow has left nothing
    "id -u ana": "1500",
    "id -nG ana": "ana staff wheel",
    "getent passwd ana": "ana:x:1500:1500:Ana B.:/home/ana:/bin/bash",
    "systemctl is-enabled ssh e2scrub_reap": "disabled enabled",
    "hostname": "everything.example",
    "ip -4 -br addr show eth0": "eth0 UP 10.0.2.77/24",
    "ip -4 route show default": "default via 10.0.2.2 dev eth0 proto static",
    "cat /pre.log": "wrote the storage lines",
    "cat /outside": "python sees the installer: True",
    "cat /inside": "perl sees the installer: False",
    "cat /post.log": "said in a post",
}


def kickstart() -> str:
    """Return the kickstart, whose system tells the facts and powers off at its first boot."""
    text = Path(__file__).with_name("everything.ks").read_text()
    tell = [f'echo; echo "{command} =>" $({command})' for command in FACTS]
    return text.replace("COMMANDS", "\n".join(tell))


def test_everything_a_kickstart_can_say(host: Host, rehearsal: StagedIso, tmp_path: Path) -> None:
    nonce = secrets.token_hex(16)
    with planned(kickstart(), nonce=nonce, host=host, iso=rehearsal, folder=tmp_path) as plan:
        # halt is to Anaconda the end at which it waits for a key.
        with pytest.raises(HangError, match="complete, but the guest does not power off"):
            carry_out(plan, host)
        said = boot(plan, host)

    assert dict(re.findall(r"^(.+?) => (.*?)\s*$", said, re.MULTILINE)) == FACTS
    log = (tmp_path / "virtio.log").read_text()
    assert re.search(r"Error code 1 running the kickstart script at line \d+", log)
