# cloud-instance-record (../modules/record.sh) as a program: what the machine reads its own values with.
{ pkgs }:
import ./shell-program.nix { inherit pkgs; } {
  name = "cloud-instance-record";
  file = ../modules/record.sh;
  runtimeInputs = [
    pkgs.coreutils
    pkgs.jq
  ];
}
