# From the values of one instance to a NixOS system; without values, the system that all guests share.
#
# Decides which modules and which packages make up the machine. Values are checked before they go anywhere
# (./validate.nix); they reach the module as option values, never as text of a program.
{
  nixpkgs,
  disko,
  claude-code,
}:
{
  instanceId ? null,
  userSshKey ? null,
  expiresAt ? null,
}:
let
  inherit (nixpkgs) lib;
  values = { inherit instanceId userSshKey expiresAt; };
  judged = import ./judged-values.nix values;
  problems = lib.mapAttrsToList (name: problem: "${name}: ${problem}") (
    lib.filterAttrs (_: problem: problem != null) judged.problems
  );

  packages = {
    nixpkgs.overlays = [ claude-code.overlays.default ];
    # Claude Code is the one program without a free licence, and no other comes in by accident.
    nixpkgs.config.allowUnfreePredicate = package: lib.getName package == "claude-code";

    # `nix run nixpkgs#hello` on the machine is of the revision the machine was built from, by name instead of by copy.
    nix.registry.nixpkgs.to = {
      type = "github";
      owner = "NixOS";
      repo = "nixpkgs";
    }
    // (if nixpkgs ? rev then { inherit (nixpkgs) rev; } else { ref = "nixos-26.05"; });
  };
in
if problems != [ ] then
  throw "mkCloudInstance: ${lib.concatStringsSep "; " problems}"
else
  nixpkgs.lib.nixosSystem {
    modules = [
      disko.nixosModules.disko
      ../modules/cloud-instance.nix
      ../hosts/cloud-instance
      packages
      { services.cloudInstance = values; }
    ];
  }
