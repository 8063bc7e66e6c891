"""[matrix]: each combination is an image, but for those that are left out."""

from pathlib import Path

import pytest

from builder.errors import ConfigError
from builder.kickstart.library import Library
from builder.pipeline import definition
from builder.pipeline.findings import shown
from builder.pipeline.job import Job
from builder.recipes.order import resolve
from tests.orders import key

FILE = Path("/where/night.toml")


def jobs(text: str) -> tuple[Job, ...]:
    return definition.parse(f'title = "x"\n{text}', Library(), path=FILE).jobs


def mistakes(text: str) -> list[str]:
    found = definition.examine(f'title = "x"\n{text}', Library(), path=FILE, source="night.toml")
    return [shown(each) for each in found.findings]


def test_each_combination_is_an_image_the_last_key_varies_fastest() -> None:
    found = jobs("""
[matrix]
release = ["rocky9", "alma9"]
profile = ["minimal", "cloud"]
firmware = ["bios", "uefi"]
""")
    assert [each.name for each in found] == [
        *("rocky9", "rocky9-uefi", "rocky9-cloud", "rocky9-cloud-uefi"),
        *("alma9", "alma9-uefi", "alma9-cloud", "alma9-cloud-uefi"),
    ]
    assert {each.request.firmware for each in found} == {"bios", "uefi"}


def test_one_value_is_for_all_and_defaults_are_too() -> None:
    found = jobs("""
[defaults]
disk_gib = 20
rebuild = "always"
variables = { timezone = "UTC" }
[matrix]
release = ["rocky9", "alma9"]
firmware = "uefi"
waive = ["secrets", "users"]
max_age_days = 7
variables.lang = "de_DE.UTF-8"
""")
    assert [each.name for each in found] == ["rocky9-uefi", "alma9-uefi"]
    for each in found:
        assert (each.request.disk_gib, each.rebuild, each.max_age_days) == (20, "always", 7)
        assert each.request.waive == ("secrets", "users")
        assert each.request.variables == {"timezone": "UTC", "lang": "de_DE.UTF-8"}


def test_variables_have_a_part_in_names() -> None:
    found = jobs("""
[matrix]
release = ["rocky9"]
label = "own"
[matrix.variables]
swap_mib = ["0", "512"]
lang = { de = "de_DE.UTF-8", us = "en_US.UTF-8" }
""")
    assert {each.name: each.request.variables for each in found} == {
        f"rocky9-own-swap-mib-{swap}-{label}": {"swap_mib": swap, "lang": lang}
        for swap in ("0", "512")
        for label, lang in (("de", "de_DE.UTF-8"), ("us", "en_US.UTF-8"))
    }


def test_a_label_of_all_stands_before_those_of_variables() -> None:
    text = '[matrix]\nrelease = "rocky9"\nvariables.swap_mib = ["0"]\n'
    (found,) = jobs(f'[defaults]\nlabel = "own"\n{text}')
    assert found.name == "rocky9-own-swap-mib-0"


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("less,Tree", "rocky9-packages-less-tree"),
        ("", "rocky9-packages-empty"),
        ("20261130.1", "rocky9-packages-20261130-1"),
        ("x" * 80, f"rocky9-packages-{'x' * 51}"),
    ],
)
def test_a_value_s_part_of_a_name_is_letters_and_digits(value: str, name: str) -> None:
    (found,) = jobs(f'[matrix]\nrelease = "rocky9"\nvariables.packages = ["{value}"]\n')
    assert found.name == name


KEYS = """
[matrix]
release = "rocky9"
firmware = ["bios", "uefi"]
[matrix.variables.lang]
de = "de_DE.UTF-8"
us = "en_US.UTF-8"
"""


@pytest.mark.parametrize(
    ("old", "new", "end"),
    [
        ("de_DE", "de_AT", "-de"),
        ("[matrix]", "[defaults]\nvariables.timezone = 'Europe/Vienna'\n[matrix]", ""),
        ('["bios", "uefi"]', '["uefi", "bios"]', None),
        ("de = ", "at = ", None),
    ],
)
def test_a_change_is_one_for_the_images_that_depend_on_it(
    old: str, new: str, end: str | None
) -> None:
    before, after = keys(KEYS), keys(KEYS.replace(old, new, 1))
    assert len(before) == 4
    if end is None:
        assert sorted(before.values()) == sorted(after.values())
        return
    assert before.keys() == after.keys()
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {name for name in before if name.endswith(end)}


def keys(text: str) -> dict[str, str]:
    """Return the build keys of a pipeline's images, by their names."""
    orders = [resolve(each.request, Library(), environ={}) for each in jobs(text)]
    return {each.name: key(each, iso_sha256="x") for each in orders}


def test_what_one_table_of_exclude_matches_is_left_out() -> None:
    found = jobs("""
[matrix]
release = ["rocky8", "rocky9", "rocky10"]
firmware = ["bios", "uefi", "hybrid"]
variables.swap_mib = ["0", "1"]
exclude = [
    { release = "rocky8", firmware = ["uefi", "hybrid"] },
    { firmware = "hybrid", variables = { swap_mib = "1" } },
    { release = "rocky10" },
]
""")
    assert [each.name for each in found] == [
        "rocky8-swap-mib-0",
        "rocky8-swap-mib-1",
        "rocky9-swap-mib-0",
        "rocky9-swap-mib-1",
        "rocky9-uefi-swap-mib-0",
        "rocky9-uefi-swap-mib-1",
        "rocky9-hybrid-swap-mib-0",
    ]


def test_several_matrices_and_builds_are_in_the_file_s_order() -> None:
    found = jobs("""
[[build]]
release = "centos7"
[[matrix]]
release = ["rocky9", "alma9"]
[[matrix]]
release = ["rocky10"]
firmware = ["uefi"]
""")
    assert [each.name for each in found] == ["centos7", "rocky9", "alma9", "rocky10-uefi"]


def test_paths_of_a_matrix_are_relative_to_the_file(tmp_path: Path) -> None:
    for name in ("a.ks.j2", "b.ks.j2"):
        (tmp_path / name).write_text("cmdline\n")
    text = 'title = "x"\n[matrix]\nrelease = "rocky9"\nkickstart = ["a.ks.j2", "b.ks.j2"]\n'
    made = definition.parse(text, Library(), path=tmp_path / "x.toml").jobs
    assert [each.request.kickstart for each in made] == [tmp_path / "a.ks.j2", tmp_path / "b.ks.j2"]
    assert [each.name for each in made] == ["rocky9-a", "rocky9-b"]


GOOD = """[matrix]
release = ["rocky9", "alma9"]
firmware = ["bios", "uefi"]
exclude = [{ release = "alma9", firmware = "uefi" }]
[matrix.variables]
lang = ["C.UTF-8", "de_DE.UTF-8"]
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("firmware = [", "frimware = [", ":4: [matrix] frimware: There is no such key. Did you me"),
        ('"bios", "uefi"]', '"bios", "efi"]', ":4: [matrix] firmware: It must be one of 'bios'"),
        ('["bios", "uefi"]', "[]", ":4: [matrix] firmware: It has no value."),
        ('["bios", "uefi"]', "3", ":4: [matrix] firmware: It must be one of 'bios', 'uefi'"),
        ('"rocky9", "alma9"', '"rocky9", "alma9", "rocky9"', "release: It has 'rocky9' twice."),
        ('"rocky9", "alma9"', '"rocky99", "alma9"', ":3: [matrix] release: There is no release '"),
        ('"rocky9", "alma9"', "7, 8", ":3: [matrix] release: It must be a text, not 7. Put it in"),
        (
            '{ release = "alma9"',
            '{ release = "alma8"',
            "exclude 1.release: It matches nothing: the",
        ),
        ('{ release = "alma9"', '{ release = "alma8"', "Did you mean alma9?"),
        (
            'firmware = "uefi" }',
            'firmwar = "uefi" }',
            "firmwar: It matches nothing: the matrix has",
        ),
        ('firmware = "uefi" }', 'firmwar = "uefi" }', "Did you mean firmware?"),
        (
            'firmware = "uefi" }',
            'firmware = "efi" }',
            "the matrix has no 'efi' there. Did you mean",
        ),
        ('{ release = "alma9", firmware = "uefi" }', "{}", "exclude 1: It would leave out every"),
        (
            '[{ release = "alma9", firmware = "uefi" }]',
            '"alma9"',
            "exclude: It must be a list of t",
        ),
        (
            '[{ release = "alma9", firmware = "uefi" }]',
            '[{ release = ["alma9", "rocky9"] }]',
            ":5: [matrix] exclude: It leaves out every image.",
        ),
        ("lang =", "lnag =", ":7: [matrix] variables.lnag: There is no variable 'lnag'. Did you"),
        ('["C.UTF-8", "de_DE.UTF-8"]', "[]", ":7: [matrix] variables.lang: It has no value."),
        ('"C.UTF-8", ', "3, ", ":7: [matrix] variables.lang: It must be a text, not 3."),
        ('"C.UTF-8", ', '"de_DE-UTF-8", ', "would give images one name, lang-de-de-utf-8."),
        ('["C.UTF-8", "de_DE.UTF-8"]', '{ De = "C.UTF-8" }', "lang.De: 'De' cannot be a part of"),
        ("[matrix.variables]\nlang =", "variables =", "variables: It must be a table, of which"),
        (
            "[matrix]",
            "[matrix]\nwaive = [['x']]",
            "waive: It must be a list, of which each is a te",
        ),
        (
            "[matrix]",
            "[matrix]\nrebuild = ['always']",
            "rebuild: It must be one of 'relevant', 'ch",
        ),
        (
            "[matrix]",
            f"[matrix]\ndisk_gib = {list(range(20, 220))}\n",
            ":2: [matrix]: It comes to 1600 images; 1000 are the most.",
        ),
        ('{ release = "alma9", firmware = "uefi" }', "{}," * 1001, "It has 1001 tables; 1000 are"),
        ('"C.UTF-8", ', '"C",' * 1001, ":7: [matrix] variables.lang: It has 1002 values; 1000"),
        (
            "[matrix]",
            f"[matrix]\nlabel = '{'x' * 90}'",
            "cannot be a part of a template's name. 100",
        ),
        (
            "[matrix]",
            "[matrix]\ndisk_gib = [20, 30]\n",
            ":2: [matrix]: It makes the template rocky9-lang-c-utf-8 twice.",
        ),
        (
            "[matrix]",
            '[[build]]\nrelease = "alma9"\n[matrix]\nprofile = ["docker", "minimal"]',
            'exclude = [{ release = "rocky9", profile = "docker" }].',
        ),
        (
            "[matrix]",
            "[matrix]\nsecure_boot = true",
            ":2: [matrix]: BIOS has no Secure Boot. Have --firmware uefi or hybrid, or no --secure-"
            'boot. Or leave it out: exclude = [{ release = "rocky9", firmware = "bios" }].',
        ),
    ],
)
def test_a_mistake_is_said_where_it_is(old: str, new: str, said: str) -> None:
    assert mistakes(GOOD) == []
    assert old in GOOD
    found = mistakes(GOOD.replace(old, new, 1))
    assert any(said in line for line in found), found
    assert all(line.startswith("night.toml:") for line in found)


def test_a_mistake_of_a_second_matrix_has_its_number() -> None:
    text = GOOD + '[[build]]\nrelease = "rocky8"\n'
    assert mistakes(text) == []
    text = '[[matrix]]\nrelease = "rocky8"\n[[matrix]]\nrelease = ["rocky9"]\nfimware = "uefi"\n'
    assert mistakes(text) == [
        "night.toml:6: [[matrix]] 2 fimware: There is no such key. Did you mean firmware?"
    ]


def test_two_tables_that_make_one_template_are_both_named() -> None:
    (found,) = mistakes('[[build]]\nrelease = "alma9"\n[matrix]\nrelease = ["rocky9", "alma9"]\n')
    assert ":4: [matrix]: It makes the template alma9, as [[build]] 1 does." in found


def test_a_matrix_is_a_table() -> None:
    assert mistakes("matrix = 3\n") == ["night.toml:2: [matrix]: It must be a table."]
    assert "night.toml:2: [[matrix]] 2: It must be a table." in mistakes("matrix = [{}, 3]\n")


def test_many_matrices_are_bounded_together() -> None:
    one = f'[[matrix]]\nrelease = "rocky9"\ndisk_gib = {list(range(20, 920))}\n'
    assert any("night.toml: It builds more than 1000 images." in each for each in mistakes(one * 2))
    with pytest.raises(ConfigError):
        jobs(one * 2)
