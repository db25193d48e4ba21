"""Fuzzing of every decoder that reads outside bytes; docs/fuzzing.md says which and what came out.

nice python -m bench.fuzz --inputs 1000000 --target all
"""
