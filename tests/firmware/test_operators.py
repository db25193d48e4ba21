"""The kiosk takes the newer list that the centre signed, and no other."""

from pathlib import Path

import pytest

from greenline.firmware.device_key import SecretDeviceKey
from greenline.firmware.errors import StoreError
from greenline.firmware.operators_file import OperatorsFile
from greenline.firmware.operators_login import Refused, Why
from greenline.protocol.keys import SigningKey
from greenline.protocol.operators import Role, seal_list
from tests.firmware.rolls import IDENTITY, PINS, Post, cheap, entry, roll, sealed, without


@pytest.fixture
def post(tmp_path: Path) -> Post:
    return Post(tmp_path)


def test_a_list_is_taken_noted_and_there_after_a_restart(post: Post) -> None:
    assert post.operators.receive(sealed(1))

    post.start()
    assert post.operators.current() == roll(1)
    assert post.operators.role_of("4712") is Role.SUPERVISOR
    assert post.audit.told() == [
        ("update", "device", {"what": "operators", "version": "1", "before": "0"})
    ]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_list_never_goes_back(post: Post, number: int) -> None:
    post.operators.receive(sealed(3))

    assert not post.operators.receive(sealed(number, *without("4711")))
    assert post.operators.refused == {"older": 1}
    assert post.operators.role_of("4711") is Role.OFFICER


def test_nor_does_it_after_a_restart(post: Post) -> None:
    post.operators.receive(sealed(3))
    post.start()

    assert not post.operators.receive(sealed(2))


def test_what_the_centre_has_not_signed_is_refused_and_counted(post: Post) -> None:
    rogue = SigningKey.generate()

    assert not post.operators.receive(seal_list(roll(1), IDENTITY, rogue))
    assert not post.operators.receive(sealed(1)[:-1] + b"\0")
    assert not post.operators.receive(b"anything")
    assert post.operators.refused == {"WrongKeyError": 1, "ForgedError": 1, "MalformedError": 1}
    assert post.operators.current() is None


def test_a_list_whose_time_is_over_is_not_taken(post: Post) -> None:
    post.wait(8 * 24 * 3600)

    assert not post.operators.receive(sealed(1))
    assert post.operators.refused == {"expired": 1}


def test_a_list_holds_for_its_time_and_no_longer(post: Post) -> None:
    post.operators.receive(sealed(1))

    post.wait(7 * 24 * 3600 - 1)
    assert post.operators.current() is not None
    post.wait(1)
    assert post.operators.current() is None
    post.start()
    assert post.operators.current() is None


def test_setting_the_clock_neither_ends_a_list_nor_lengthens_it(post: Post) -> None:
    post.operators.receive(sealed(1))

    post.set_clock(days=300)
    assert post.operators.current() is not None
    post.set_clock(days=-600)
    post.wait(7 * 24 * 3600)
    assert post.operators.current() is None


def test_a_list_that_was_long_on_its_way_holds_for_what_is_left(post: Post) -> None:
    post.wait(5 * 24 * 3600)
    post.operators.receive(sealed(1))

    post.wait(2 * 24 * 3600 + 1)
    assert post.operators.current() is None


def test_what_lies_on_the_card_shows_nothing(post: Post, tmp_path: Path) -> None:
    post.operators.receive(sealed(1))
    post.logins.login("4711", "000000")

    written = (tmp_path / "kiosk.store-operators").read_bytes()
    assert [each for each in (b"4711", b"officer", b"kiosk-01") if each in written] == []
    assert (tmp_path / "kiosk.store-operators").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("spoil", [lambda data: data[:-1], lambda _: b"", lambda _: b"x" * 500])
def test_a_spoilt_file_lets_nobody_in_until_a_new_list_comes(
    post: Post, tmp_path: Path, spoil: object
) -> None:
    post.operators.receive(sealed(1))
    path = tmp_path / "kiosk.store-operators"
    path.write_bytes(spoil(path.read_bytes()))  # type: ignore[operator]

    post.start()
    assert post.operators.current() is None
    assert post.operators.receive(sealed(2))
    assert post.operators.current() == roll(2)


def test_another_device_cannot_read_the_file(post: Post, tmp_path: Path) -> None:
    post.operators.receive(sealed(1))
    other = OperatorsFile(tmp_path / "kiosk.store-operators", SecretDeviceKey(bytes(32)))

    with pytest.raises(StoreError, match="bring a new list"):
        other.read()


def test_a_list_that_cannot_be_noted_is_not_taken(post: Post) -> None:
    post.audit.full = True

    with pytest.raises(StoreError):
        post.operators.receive(sealed(1))
    assert post.operators.current() is None
    post.audit.full = False
    assert post.operators.receive(sealed(1))


def test_a_list_that_cannot_be_kept_is_not_taken(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    post = Post(folder)
    folder.rename(tmp_path / "gone")

    with pytest.raises(StoreError):
        post.operators.receive(sealed(1))
    assert post.operators.current() is None


def test_a_technicians_file_is_taken_once(post: Post) -> None:
    post.file.put_incoming(sealed(2))

    post.operators.take_incoming()
    post.operators.take_incoming()
    assert post.operators.current() == roll(2)
    assert post.file.incoming() is None
    assert post.operators.refused == {}


def test_a_technicians_file_that_is_no_list_is_refused_and_removed(post: Post) -> None:
    post.file.put_incoming(b"a picture of a cat" * 100_000)

    post.operators.take_incoming()
    assert post.operators.refused == {"MalformedError": 1}
    assert post.file.incoming() is None


def test_a_technicians_file_waits_while_it_cannot_be_taken(post: Post) -> None:
    envelope = sealed(2)
    post.file.put_incoming(envelope)
    post.audit.full = True

    with pytest.raises(StoreError):
        post.operators.take_incoming()
    assert post.file.incoming() == envelope
    post.audit.full = False
    post.operators.take_incoming()
    assert post.operators.current() == roll(2)


def test_a_pin_that_was_set_anew_ends_the_wrong_tries_an_older_one_does_not(post: Post) -> None:
    post.operators.receive(sealed(1))
    for _ in range(4):
        post.logins.login("4711", "000000")
    post.operators.receive(sealed(2))
    assert [tries.wrong for tries in post.operators.kept.tries.values()] == [4]

    post.operators.receive(sealed(3, entry("4711", verifier=cheap("284610", "4711"))))
    assert post.operators.kept.tries == {}
    assert post.logins.login("4711", PINS["4711"]) == Refused(Why.WRONG, 30_000)
