"""Simulated devices at the port: the module's own behaviour, the line to it, its faults, its page.

They ship with the product, for demonstrations, bench acceptance and tests. Drivers never import
this folder and cannot tell whether it is there.
"""
