"""A Hetzner Cloud API that behaves: state, rate limit, faults on command, servers that answer SSH."""
