# Stands where the pinned source of nixos-anywhere has its recipe.
{ stdenv }:
stdenv.mkDerivation { name = "nixos-anywhere-1.13.0"; }
