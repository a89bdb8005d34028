# What `nix flake check` proves, one file a check: the rules' verdicts, that both forms of a machine are the same
# machine, that the system as a whole builds, and that it installs, lets the right one in and ends (vm.nix; needs KVM).
{ self, pkgs }:
let
  vm = firmware: import ./vm.nix { inherit self pkgs firmware; };
in
{
  inherit (self.packages.${pkgs.stdenv.hostPlatform.system}) toplevel;
  verdicts = import ./rules.nix { inherit pkgs; };
  forms = import ./forms.nix { inherit self pkgs; };
  vm-bios = vm "bios";
  vm-efi = vm "efi";
}
