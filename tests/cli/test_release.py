"""`greenline release`: what signers and the release office type and read, from keys to kiosks."""

import io
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Told
from tests.ota.office import Device

Greenline = Callable[..., Told]
PASSPHRASE = "correct horse battery"  # noqa: S105  # of keys that last a second
ROOT = ("ada-root", "bob-root", "cem-root")
TARGETS = ("ada-targets", "bob-targets", "cem-targets")


class Table:
    """The release office and its signers, who type at one table."""

    def __init__(self, greenline: Greenline, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._greenline = greenline
        self._monkeypatch = monkeypatch
        self.folder = folder
        self.office = folder / "office"
        self.public = self.office / "public"

    def run(self, *arguments: object, typed: tuple[str, ...] = ()) -> Told:
        self._monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{t}\n" for t in typed)))
        return self._greenline("release", *arguments)

    def make_key(self, name: str, *typed: str) -> Told:
        return self.run("key", name, "--folder", self.folder, typed=typed or (PASSPHRASE,) * 2)

    def pubs(self, names: tuple[str, ...]) -> str:
        return ",".join(str(self.folder / f"{name}.pub") for name in names)

    def sign(self, name: str, *typed: str, where: Path | None = None) -> Told:
        key = self.folder / f"{name}.pem"
        typed = typed or ("yes", PASSPHRASE)
        return self.run("sign", where or self.office, "--key", key, typed=typed)

    def build(self, source: Path, release: str, *more: object) -> Told:
        return self.run(
            "build", source, "--office", self.office, "--release", release,
            "--security-version", 1, "--hardware", "rpi4", *more,
        )  # fmt: skip


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("office") / "keys"


@pytest.fixture
def table(
    greenline: Greenline, keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Table:
    """An office of six signers; nothing is signed yet. Their keys are made once."""
    keys.mkdir(exist_ok=True)
    for name in (*ROOT, *TARGETS, "dan-targets"):
        if not (keys / f"{name}.pem").exists():
            assert Table(greenline, keys, monkeypatch).make_key(name).code == 0
    table = Table(greenline, tmp_path / "table", monkeypatch)
    shutil.copytree(keys, table.folder)
    told = table.run(
        "init", table.office, "--root-keys", table.pubs(ROOT), "--targets-keys", table.pubs(TARGETS)
    )
    assert told.code == 0, told
    return table


@pytest.fixture
def published(table: Table, keys: Path) -> Table:
    """An office that has published its first, empty targets; that is done once."""
    kept = keys.with_name("published")
    if not kept.exists():
        for name in (*ROOT[:2], *TARGETS[:2]):
            assert table.sign(name).code == 0
        assert table.run("publish", table.office).code == 0
        shutil.copytree(table.office, kept)
    shutil.rmtree(table.office)
    shutil.copytree(kept, table.office)
    return table


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "version").write_text("1.4.0\n")
    return folder


def test_a_key_shows_the_fingerprint_that_the_office_shows(
    greenline: Greenline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = Table(greenline, tmp_path, monkeypatch)
    shown = [
        re.findall(r"^    ((?:[0-9a-f]{4} ?){4})$", table.make_key(name).out, re.M)
        for name in (*ROOT, *TARGETS)
    ]
    told = table.run(
        "init", table.office, "--root-keys", table.pubs(ROOT), "--targets-keys", table.pubs(TARGETS)
    )

    compared = re.findall(r"^    ((?:[0-9a-f]{4} ?){4})  (\S+)$", told.out, re.M)
    assert [prints for (prints,) in shown] == [prints for prints, _ in compared]
    assert [name for _, name in compared] == [*ROOT, *TARGETS]


@pytest.mark.parametrize(
    ("name", "typed", "code", "words"),
    [
        ("ada", ("short", "short"), 4, "shorter than 12"),
        ("ada", (PASSPHRASE, PASSPHRASE + "!"), 1, "differ"),
        ("Ada Root", (PASSPHRASE, PASSPHRASE), 4, "is no name"),
        ("ada-root", (PASSPHRASE, PASSPHRASE), 4, "exists already"),
    ],
)
def test_a_key_that_cannot_be_is_told(
    table: Table, name: str, typed: tuple[str, ...], code: int, words: str
) -> None:
    told = table.make_key(name, *typed)

    assert (told.code, words in told.sentence) == (code, True)


def test_the_whole_ceremony_ends_on_a_device(table: Table, tree: Path) -> None:
    told = table.build(tree, "1.4.0", "--rollout", 50, "--deadline", "2030-01-02")
    assert "Built: release 1.4.0, security version 1" in told.out
    assert "50 of 1000 devices, all devices after 2030-01-02 00:00 UTC, for rpi4" in told.out
    first = table.sign("ada-root")
    assert "new for root: bob-root (" in first.out
    assert "root 1 is signed by ada-root; 1 more must sign, of bob-root, cem-root." in first.out
    assert table.sign("bob-root").code == 0
    assert "release 1.4.0" in table.sign("cem-targets").out
    early = table.run("publish", table.office)
    assert (early.code, "1 more must sign" in early.sentence) == (1, True)
    assert not table.public.joinpath("metadata").exists()
    last = table.sign("ada-targets")
    assert "targets 1 is signed by ada-targets, cem-targets: that is enough." in last.out
    told = table.run("publish", table.office)

    assert told.out == (f"Published: root 1, targets 1. What devices need is in {table.public}.\n")
    root = (table.public / "metadata" / "1.root.json").read_bytes()
    device = Device(table.folder / "device", root)
    assert device.paths(table.public) == {"release/rpi4.json"}


def test_who_does_not_say_yes_signs_nothing(table: Table) -> None:
    for answer in ("no", "", "y"):
        told = table.sign("ada-root", answer, PASSPHRASE)
        assert (told.code, told.sentence) == (1, "nothing was signed")

    assert list((table.office / "desk" / "signatures").glob("*")) == []


def test_a_signer_signs_a_desk_that_came_on_a_stick(table: Table, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    shutil.copytree(table.office / "desk", stick)

    assert table.sign("ada-root", where=stick).code == 0
    assert len(list((stick / "signatures").glob("root-*.json"))) == 1


def test_each_wrong_key_is_told(published: Table) -> None:
    file = published.folder / "kiosk.toml"
    file.write_text("x = 1\n")
    place = "configuration/kiosk.toml"
    assert published.run("add", published.office, file, "--as", place).code == 0

    wrong = published.sign("ada-targets", "yes", "another passphrase")
    root = published.sign("ada-root")
    stranger = published.sign("dan-targets")
    missing = published.sign("nobody")

    assert (wrong.code, "passphrase is wrong" in wrong.sentence) == (4, True)
    assert (root.code, "waits for a signature by this key" in root.sentence) == (1, True)
    assert (stranger.code, "belongs to nobody" in stranger.sentence) == (4, True)
    assert (missing.code, "cannot be read" in missing.sentence) == (4, True)


def test_a_stolen_key_is_revoked_and_its_successor_signs(published: Table) -> None:
    new = published.folder / "dan-targets.pub"
    told = published.run("revoke", published.office, "cem-targets", "--new", new)
    assert "have it signed at once" in told.out
    shown = published.sign("ada-root")
    assert "no longer for targets: cem-targets (" in shown.out
    assert "new for targets: dan-targets (" in shown.out
    for name in ("bob-root", "dan-targets", "ada-targets"):
        assert published.sign(name).code == 0
    refused = published.sign("cem-targets")
    assert (refused.code, "was revoked" in refused.sentence) == (4, True)

    assert published.run("publish", published.office).code == 0
    assert "cem-targets" not in published.run("status", published.office).out


def test_a_key_is_revoked_without_another_and_one_joins_later(published: Table) -> None:
    told = published.run("revoke", published.office, "cem-targets")
    assert "greenline release add-key" in told.out
    new = published.folder / "dan-targets.pub"

    assert published.run("add-key", published.office, "--role", "targets", "--new", new).code == 0
    status = published.run("status", published.office)
    assert "root 2 is signed by nobody" in status.out
    assert "dan-targets" in status.out


def test_an_online_key_is_rotated_without_a_file(published: Table) -> None:
    told = published.run("rotate-key", published.office, "timestamp")

    assert told.code == 0
    assert "new for timestamp: online-timestamp (" in published.sign("ada-root").out


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("rotate-key", "ada-root"), 2, "--new is missing"),
        (("rotate-key", "zoe", "--new", "dan-targets.pub"), 4, "nobody called zoe"),
        (("rotate-key", "timestamp", "--new", "dan-targets.pub"), 2, "leave out --new"),
        (("rotate-key", "ada-root", "--new", "none.pub"), 4, "cannot be read"),
        (("rotate-key", "ada-root", "--new", "ada-targets.pub"), 4, "are the same key"),
        (("add-key", "--role", "timestamp", "--new", "dan-targets.pub"), 2, "root or targets"),
        (("renew", "--role", "snapshot"), 2, "root or targets"),
        (("remove", "models/none"), 3, "there is no models/none"),
        (("add", "none.bin", "--as", "models/x"), 3, "cannot be read"),
        (("add", "ada-root.pub", "--as", "release/rpi4.json"), 3, "must begin with"),
        (("publish",), 1, "nothing is drafted"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_each_wrong_command_is_told_in_one_sentence(
    published: Table,
    words: tuple[str, ...],
    code: int,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(published.folder)
    command, *rest = words

    answer = published.run(command, published.office, *rest)

    assert (answer.code, told in answer.sentence) == (code, True), answer


def test_a_build_with_wrong_dates_is_told(table: Table, tree: Path) -> None:
    bad = table.build(tree, "1.4.0", "--bootloader-not-before", "yesterday")
    late = table.build(tree, "1.4.0", "--deadline", "soon")
    name = table.build(tree, "One")

    assert (bad.code, "is no date" in bad.sentence) == (2, True)
    assert (late.code, "is no time" in late.sentence) == (2, True)
    assert (name.code, "cannot be a release" in name.sentence) == (3, True)


def test_status_shows_what_expires_when(published: Table) -> None:
    told = published.run("status", published.office)

    rows = re.findall(r"^ (root|targets|snapshot|timestamp) +1 +\S+ \S+ UTC +(\d+)", told.out, re.M)
    assert rows == [
        ("timestamp", "13"),
        ("snapshot", "29"),
        ("targets", "119"),
        ("root", "364"),
    ]


def test_renewing_and_extending(published: Table) -> None:
    assert "holds until" in published.run("renew", published.office).out
    told = published.run("renew", published.office, "--role", "root")
    assert "root 2 is signed by nobody; 2 more must sign" in told.out
    assert published.run("discard", published.office).code == 0

    assert published.run("publish", published.office).code == 1


def test_a_folder_that_is_no_office_is_told(table: Table, tmp_path: Path) -> None:
    for words in (("status",), ("publish",), ("renew",), ("revoke", "ada-root")):
        command, *rest = words
        told = table.run(command, tmp_path / "nowhere", *rest)
        assert (told.code, "greenline release init" in told.sentence) == (3, True), told
