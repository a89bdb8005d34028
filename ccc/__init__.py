"""The command line of Claude Code Cloud; it knows the service by its HTTP interface alone."""

__version__ = "0.1.0"
