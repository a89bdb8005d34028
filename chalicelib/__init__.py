"""The control plane of Claude Code Cloud: everything in here ships to Lambda."""
