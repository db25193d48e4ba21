"""The fault campaign over the kiosk's store and what carries it; docs/faults.md says what came out.

nice python -m bench.faults --out build/faults
"""
