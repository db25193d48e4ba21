"""Signers' key files: nobody opens them without the passphrase, and each fault is named."""

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from greenline.ota.errors import KeyFileError
from greenline.ota.keyfile import fingerprint, make_key, name_of, read_private, read_public

PASSPHRASE = "correct horse battery"  # noqa: S105  # of keys that last a second


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    make_key(folder / "ada-root.pem", folder / "ada-root.pub", PASSPHRASE)
    return folder


def test_both_halves_are_of_one_key(made: Path) -> None:
    signer = read_private(made / "ada-root.pem", PASSPHRASE)
    public = read_public(made / "ada-root.pub")

    public.verify_signature(signer.sign(b"text"), b"text")
    assert name_of(public) == "ada-root"
    assert fingerprint(public) == fingerprint(signer.public_key)
    assert (made / "ada-root.pem").stat().st_mode & 0o777 == 0o600


def test_openssl_opens_the_file_and_says_scrypt(made: Path) -> None:
    opened = subprocess.run(
        ["openssl", "pkey", "-in", made / "ada-root.pem", "-passin", f"pass:{PASSPHRASE}",
         "-pubout"], capture_output=True, check=True,
    ).stdout  # fmt: skip
    inside = subprocess.run(
        ["openssl", "asn1parse", "-in", made / "ada-root.pem"], capture_output=True, check=True
    ).stdout

    assert opened == (made / "ada-root.pub").read_bytes()
    assert b"scrypt" in inside


@pytest.mark.parametrize("passphrase", ["c", "correct horse batter", PASSPHRASE + " "])
def test_a_wrong_passphrase_is_told(made: Path, passphrase: str) -> None:
    with pytest.raises(KeyFileError, match="the passphrase is wrong, or the file is damaged"):
        read_private(made / "ada-root.pem", passphrase)


@pytest.mark.parametrize("passphrase", ["", None])
def test_no_passphrase_is_told(made: Path, passphrase: str | None) -> None:
    with pytest.raises(KeyFileError, match="no passphrase was given"):
        read_private(made / "ada-root.pem", passphrase)


def test_a_key_is_never_overwritten(made: Path) -> None:
    before = (made / "ada-root.pem").read_bytes()
    with pytest.raises(KeyFileError, match="exists already"):
        make_key(made / "ada-root.pem", made / "ada-root.pub", PASSPHRASE)

    assert (made / "ada-root.pem").read_bytes() == before


def test_a_short_passphrase_makes_no_key(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="shorter than 12"):
        make_key(tmp_path / "a.pem", tmp_path / "a.pub", "12345678901")

    assert list(tmp_path.iterdir()) == []


def test_every_cut_of_a_key_file_is_told(made: Path, tmp_path: Path) -> None:
    whole = (made / "ada-root.pem").read_bytes()
    for length in range(0, len(whole) - 1, 7):
        (tmp_path / "cut.pem").write_bytes(whole[:length])
        with pytest.raises(KeyFileError, match=r"cut\.pem"):
            read_private(tmp_path / "cut.pem", PASSPHRASE)


def test_what_is_no_public_key_is_told(made: Path, tmp_path: Path) -> None:
    (tmp_path / "bob.pub").write_bytes((made / "ada-root.pem").read_bytes())
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    (tmp_path / "cem.pub").write_bytes(
        other.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )

    with pytest.raises(KeyFileError, match="holds no public key"):
        read_public(tmp_path / "bob.pub")
    with pytest.raises(KeyFileError, match="another kind"):
        read_public(tmp_path / "cem.pub")
    with pytest.raises(KeyFileError, match="cannot be read"):
        read_public(tmp_path / "dan.pub")
    with pytest.raises(KeyFileError, match="is no name"):
        read_public(tmp_path / "A B.pub")
