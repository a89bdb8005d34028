"""The version of nixos-anywhere that the builder knows, and where the checkout pins it."""

from __future__ import annotations

NIXOS_ANYWHERE = "1.13"
"""Major and minor, of the revision in flake.nix: arguments, titles and order of its steps are this version's."""
