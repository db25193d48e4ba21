"""The comparison of prints/, compiled: the same stages over a memory-resident segment.

popcount.py, compiled.py   how it is compiled, where the machine code is kept
similarity.py, relaxation.py, pairing.py, features.py   one stage each, as in prints/
scan.py                    one probe against many templates
"""
