"""What the product talks to: one vendor a file; only `wiring` imports from here."""
