# The machine the service hands out: a Hetzner Cloud server (x86) with the module on. No value of a guest is in here.
{
  imports = [
    ./disk.nix
    ./hardware-configuration.nix
    ./networking.nix
  ];

  services.cloudInstance.enable = true;

  # The sources of nixpkgs would be part of the system (hundreds of megabytes that no cache has, sent over SSH to every
  # guest). `nix run nixpkgs#…` finds the same revision by name instead, see ../../lib/mk-cloud-instance.nix.
  nixpkgs.flake.setFlakeRegistry = false;
  nixpkgs.flake.setNixPath = false;

  # The release this began with; it says which defaults stay, and does not change with nixpkgs.
  system.stateVersion = "26.05";
}
