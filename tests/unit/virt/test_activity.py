"""What shows that a guest lives, of all that libvirt counts of it."""

from builder.virt.domains import moved

COUNTERS = {
    "block.count": 2,
    "block.0.rd.reqs": 1,
    "block.0.rd.bytes": 10,
    "block.0.wr.bytes": 200,
    "block.1.rd.bytes": 3000,
    "block.0.capacity": 1 << 40,
    "net.count": 1,
    "net.0.rx.bytes": 1 << 30,
    "net.0.rx.pkts": 7,
    "net.0.tx.bytes": 40000,
}


def test_what_it_reads_writes_and_sends_is_life() -> None:
    assert moved(COUNTERS) == 43210


def test_what_others_send_to_everybody_is_none() -> None:
    assert moved({**COUNTERS, "net.0.rx.bytes": (1 << 30) + 60}) == moved(COUNTERS)
