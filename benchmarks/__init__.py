"""Benchmarks: every figure is a ratio between ours and a peer, measured in one run (`make bench`)."""
