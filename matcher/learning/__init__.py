"""Learns the weights of the comparison's score; never part of a matcher at work."""
