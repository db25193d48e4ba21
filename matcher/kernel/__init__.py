"""The comparison of prints/, compiled: the same stages over a memory-resident segment.

compiled.py   how it is compiled, where the machine code is kept; warm.py does it ahead of time
description.py, hull.py   what is made ready once of each template
similarity.py, relaxation.py, pairing.py, features.py   one stage each, as in prints/
scan.py   one probe against many templates
sketch.py   the first look at a large gallery
"""
