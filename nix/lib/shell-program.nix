# A program from one bash file: its tools are the only PATH it counts on, and shellcheck must pass when it is built.
{ pkgs }:
{
  name,
  file,
  runtimeInputs,
}:
let
  inherit (pkgs) lib;
  source = builtins.readFile file;
  lines = lib.splitString "\n" source;
  # writeShellApplication writes the first line itself, and a second one further down is an error to shellcheck
  # (SC1128).
  body = if lib.hasPrefix "#!" source then lib.concatStringsSep "\n" (builtins.tail lines) else source;
in
pkgs.writeShellApplication {
  inherit name runtimeInputs;
  text = body;
}
