# What the guest asks for the time left (../box/ccc-box.sh), as a program with the tools it may count on.
{ pkgs }:
import ./shell-program.nix { inherit pkgs; } {
  name = "ccc-box";
  file = ../box/ccc-box.sh;
  runtimeInputs = [
    pkgs.coreutils
    pkgs.curl
    pkgs.jq
    pkgs.systemd
    pkgs.util-linux
  ];
}
