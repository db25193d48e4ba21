"""What an authority, or who poses as one, can answer to a kiosk that asks for certificates."""

import base64
import datetime

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from greenline.centre.certificates import CertificateAuthority
from greenline.firmware.errors import AuthorityLostError
from greenline.firmware.est import _certificates

NOW = datetime.datetime(2027, 1, 15, tzinfo=datetime.UTC)
MESSAGE = bytes.fromhex("06092a864886f70d010702")
X509_VERSION = bytes.fromhex("a003020102")


@pytest.fixture(scope="module")
def answer() -> bytes:
    root = CertificateAuthority.create("root 1", NOW).credential.certificate
    return pkcs7.serialize_certificates([root], Encoding.DER)


def test_certificates_come_back(answer: bytes) -> None:
    assert len(_certificates(base64.encodebytes(answer))) == 1


@pytest.mark.parametrize(
    ("known", "strange"),
    [(MESSAGE, MESSAGE[:-1] + b"\3"), (X509_VERSION, X509_VERSION[:-1] + b"\5")],
    ids=["another message of PKCS #7", "a version of X.509 that there is not"],
)
def test_what_no_library_knows_is_no_answer(answer: bytes, known: bytes, strange: bytes) -> None:
    with pytest.raises(AuthorityLostError, match="holds no certificates"):
        _certificates(base64.encodebytes(answer.replace(known, strange)))
