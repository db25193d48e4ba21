"""The `greenline` command: the one place that names concrete classes and wires them."""
