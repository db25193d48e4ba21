"""Signatures on the desk's drafts: who has signed, who may, what is still missing."""

import datetime
from dataclasses import dataclass
from typing import Any

from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import LengthOrHashMismatchError
from tuf.api.metadata import Metadata, Root, RootVerificationResult, VerificationResult

from greenline.ota.desk import MOST_TARGET_BYTES, Desk
from greenline.ota.errors import KeyFileError, NotReadyError, OfficeError
from greenline.ota.keyfile import name_of
from greenline.ota.office_files import read_file


@dataclass(frozen=True)
class Standing:
    """How far one draft is: who signed it, who else can, how many more it takes at least."""

    role: str
    version: int
    signed: tuple[str, ...]
    can_sign: tuple[str, ...]
    more: int

    def words(self) -> str:
        """Return it as a sentence."""
        told = f"{self.role} {self.version} is signed by {', '.join(self.signed) or 'nobody'}"
        if not self.more:
            return f"{told}: that is enough"
        return f"{told}; {self.more} more must sign, of {', '.join(self.can_sign)}"


def drafts(desk: Desk) -> dict[str, Metadata[Any]]:
    """Return the drafts that lie on a desk, by role. Raises OfficeError."""
    root, targets = desk.root(), desk.targets()
    found: dict[str, Metadata[Any]] = {} if root is None else {"root": root}
    return found if targets is None else found | {"targets": targets}


def standings(desk: Desk) -> list[Standing]:
    """Return how far each draft is. Raises OfficeError."""
    return [_standing(desk, draft) for draft in drafts(desk).values()]


def sign(desk: Desk, signer: CryptoSigner, now: datetime.datetime) -> list[str]:
    """Sign every draft that this key counts for; return their roles.

    Raises KeyFileError for a key that counts for none, NotReadyError for a desk without drafts or
    with one that has expired, OfficeError when a file fails or the desk was tampered with.
    """
    roles = may_sign(desk, signer.public_key.keyid)
    check_contents(desk)
    for role in roles:
        draft = drafts(desk)[role]
        if draft.signed.is_expired(now):
            raise NotReadyError(
                f"the draft of {role} has expired: make it anew with "
                f"'greenline release renew --role {role}'"
            )
        desk.put_signature(role, draft.sign(signer))
    return roles


def may_sign(desk: Desk, keyid: str) -> list[str]:
    """Return the drafts that a key counts for. Raises KeyFileError, NotReadyError, OfficeError."""
    waiting = drafts(desk)
    if not waiting:
        raise NotReadyError(f"nothing waits for signatures in {desk.folder}")
    root, published = newest_root(desk), desk.published_root()
    counts = {"root": set(root.roles["root"].keyids), "targets": set(root.roles["targets"].keyids)}
    if published is not None:
        counts["root"] |= set(published.signed.roles["root"].keyids)
    roles = [role for role in waiting if keyid in counts[role]]
    if roles:
        return roles
    if any(keyid in keyids for keyids in counts.values()):
        raise NotReadyError(f"nothing in {desk.folder} waits for a signature by this key")
    raise KeyFileError(
        "this key belongs to nobody who may sign here: it is of another office, or was revoked"
    )


def check_contents(desk: Desk) -> None:
    """Refuse a desk where a new content is not what its draft says. Raises OfficeError."""
    draft = desk.targets()
    if draft is None:
        return
    for path, target in draft.signed.targets.items():
        content = desk.content(path)
        if not content.is_file():
            continue
        try:
            target.verify_length_and_hashes(read_file(content, MOST_TARGET_BYTES))
        except LengthOrHashMismatchError as fault:
            raise OfficeError(
                f"{content} is not what its draft says: it was altered; take the desk anew"
            ) from fault


def newest_root(desk: Desk) -> Root:
    """Return the root that is to hold: the draft's, else the published one. Raises OfficeError."""
    root = desk.root() or desk.published_root()
    if root is None:
        raise OfficeError(f"{desk.folder} is no desk of a release office: there is no root in it")
    return root.signed


def assembled(desk: Desk, role: str) -> Metadata[Any]:
    """Return a draft with those of its signatures that count. Raises NotReadyError, OfficeError."""
    draft = drafts(desk)[role]
    standing = _standing(desk, draft)
    if standing.more:
        raise NotReadyError(f"{standing.words()}: nothing was published")
    signatures = desk.signatures(role)
    counted = _verified(desk, draft).signed
    draft.signatures.update({keyid: signatures[keyid] for keyid in sorted(counted)})
    return draft


def _standing(desk: Desk, draft: Metadata[Any]) -> Standing:
    result = _verified(desk, draft)
    halves = (
        [result.first, result.second] if isinstance(result, RootVerificationResult) else [result]
    )
    return Standing(
        draft.signed.type,
        draft.signed.version,
        tuple(sorted(map(name_of, result.signed.values()))),
        tuple(sorted(map(name_of, result.unsigned.values()))),
        max(half.missing for half in halves),
    )


def _verified(desk: Desk, draft: Metadata[Any]) -> VerificationResult | RootVerificationResult:
    role = draft.signed.type
    signatures = desk.signatures(role)
    if role == "targets":
        root = newest_root(desk)
        return root.get_verification_result(role, draft.signed_bytes, signatures)
    published = desk.published_root()
    previous, coming = published.signed if published else None, newest_root(desk)
    try:
        return coming.get_root_verification_result(previous, draft.signed_bytes, signatures)
    except ValueError as fault:
        raise OfficeError(
            f"the draft of root {draft.signed.version} does not follow the published root: "
            "take the desk from the office again"
        ) from fault
