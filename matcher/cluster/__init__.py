"""The search engine of several machines: a gallery in shards, each on more than one of them.

Needs the extra "cluster" (Ray); nothing outside of this folder imports it but by name, late.
"""
