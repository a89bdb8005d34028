"""What each group of API routes answers; see `hetzner_emulator.gateway` for the order of checks."""
