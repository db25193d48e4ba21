"""What a signer is about to sign, in plain words: the difference to what devices see now."""

from collections.abc import Iterator

from tuf.api.metadata import Key, Root, TargetFile, Targets

from greenline.ota.desk import MOST_TARGET_BYTES, Desk
from greenline.ota.errors import RefusedError
from greenline.ota.index import Index, decode
from greenline.ota.keyfile import fingerprint, name_of
from greenline.ota.office_files import read_file


def tell_root(desk: Desk) -> list[str]:
    """Return the lines on the draft of the root; none without one. Raises OfficeError."""
    draft, published = desk.root(), desk.published_root()
    if draft is None:
        return []
    root, before = draft.signed, published.signed if published else None
    lines = [f"root {root.version}: who may sign what, valid until {root.expires:%Y-%m-%d}"]
    for role in ("root", "targets", "snapshot", "timestamp"):
        lines += [f"    {words}" for words in _keys(root, before, role)]
    return lines if len(lines) > 1 else [*lines, "    the same keys as before"]


def tell_targets(desk: Desk) -> list[str]:
    """Return the lines on the draft of the targets; none without one. Raises OfficeError."""
    draft, published = desk.targets(), desk.published_targets()
    if draft is None:
        return []
    targets = draft.signed
    before = published.signed.targets if published else {}
    lines = [
        f"targets {targets.version}: what devices install, valid until {targets.expires:%Y-%m-%d}"
    ]
    lines += [f"    {words}" for words in _changes(desk, targets, before)]
    return lines if len(lines) > 1 else [*lines, "    nothing new, only the date"]


def tell_index(index: Index) -> str:
    """Return a release in one line."""
    parts = [
        f"release {index.release}",
        f"security version {index.security_version}",
        f"image of {index.image.size / 1e6:.1f} MB",
        f"data floor {index.data_floor}",
    ]
    if index.bootloader_not_before is not None:
        parts.append(f"bootloader of {index.bootloader_not_before} or later")
    if index.from_release_security_at_least:
        parts.append(f"from security version {index.from_release_security_at_least} on")
    if index.rollout_permille < 1000:
        parts.append(f"{index.rollout_permille} of 1000 devices")
    if index.deadline is not None:
        parts.append(f"all devices after {index.deadline:%Y-%m-%d %H:%M %Z}")
    return ", ".join(parts)


def _keys(root: Root, before: Root | None, role: str) -> Iterator[str]:
    now, then = _held(root, role), _held(before, role)
    for keyid, key in now.items():
        if keyid not in then:
            yield f"new for {role}: {_shown(key)}"
    for keyid, key in then.items():
        if keyid not in now:
            yield f"no longer for {role}: {_shown(key)}"
    if before is not None and root.roles[role].threshold != before.roles[role].threshold:
        yield f"{root.roles[role].threshold} signatures for {role}, no longer what it was"


def _held(root: Root | None, role: str) -> dict[str, Key]:
    return {keyid: root.keys[keyid] for keyid in root.roles[role].keyids} if root else {}


def _shown(key: Key) -> str:
    return f"{name_of(key)} ({fingerprint(key)})"


def _changes(desk: Desk, targets: Targets, before: dict[str, TargetFile]) -> Iterator[str]:
    for path, target in sorted(targets.targets.items()):
        earlier = before.get(path)
        if earlier is not None and earlier.hashes == target.hashes:
            continue
        word = "new" if earlier is None else "changed"
        yield f"{word}: {path}, {target.length} bytes, SHA-256 {target.hashes['sha256']}"
        if path.startswith("release/"):
            yield f"    {_release(desk, path)}"
    for path in sorted(set(before) - set(targets.targets)):
        yield f"gone: {path}"


def _release(desk: Desk, path: str) -> str:
    content = desk.content(path)
    if not content.is_file():
        return "CAUTION: the index is not on this desk, so it cannot be shown"
    try:
        index = decode(read_file(content, MOST_TARGET_BYTES))
    except RefusedError as fault:
        return f"CAUTION: {fault}"
    return f"{tell_index(index)}, for {', '.join(index.hardware)}"
