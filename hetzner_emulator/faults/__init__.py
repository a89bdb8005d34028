"""Faults on command: what can go wrong, for which request, how often."""
