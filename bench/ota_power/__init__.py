"""An arm64 machine whose power is cut while it updates itself; docs/updates.md, "Power cuts"."""
