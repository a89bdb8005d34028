{
  description = "Claude Code Cloud: a machine with Claude Code that is there in minutes and gone when its time is over";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

    disko.url = "github:nix-community/disko";
    disko.inputs.nixpkgs.follows = "nixpkgs";

    # By tag, so that a new Claude Code comes in by a decision and not by a lock file's update.
    claude-code.url = "github:sadjow/claude-code-nix/v2.1.240";
    claude-code.inputs.nixpkgs.follows = "nixpkgs";

    # 1.13.0 with what came after it until July 2026. Its recipe alone, not its flake: that brings four more inputs
    # for tests of its own, and what the recipe needs is in our nixpkgs.
    nixos-anywhere.url = "github:nix-community/nixos-anywhere/91fc9b70fc295258c366cce8627efb6f185fd9fb";
    nixos-anywhere.flake = false;
  };

  outputs =
    {
      self,
      nixpkgs,
      disko,
      claude-code,
      nixos-anywhere,
    }:
    let
      system = "x86_64-linux";
      pkgs = nixpkgs.legacyPackages.${system};
      machine = import ./nix/lib/mk-cloud-instance.nix { inherit nixpkgs disko claude-code; };
      shared = machine { };
    in
    {
      lib = {
        # A system for one instance, its values within. The builder does not need it: it deploys the shared one.
        mkCloudInstance =
          {
            instanceId,
            userSshKey,
            expiresAt ? null,
          }:
          machine { inherit instanceId userSshKey expiresAt; };
        inherit (import ./nix/lib/validate.nix) readRecord;
      };

      nixosModules.cloud-instance.imports = [ ./nix/modules/cloud-instance.nix ];
      nixosModules.default = self.nixosModules.cloud-instance;

      nixosConfigurations.cloud-instance = shared;

      packages.${system} = {
        inherit (shared.config.system.build) toplevel;
        disko = shared.config.system.build.diskoScript;
        image = shared.config.system.build.diskoImages;
        # What the builder installs with, at the version that it knows; `make machine` links it beside the system.
        nixos-anywhere = pkgs.callPackage "${nixos-anywhere}/src" { };
      };

      checks.${system} = import ./nix/checks { inherit self pkgs; };

      formatter.${system} = import ./nix/treefmt.nix { inherit pkgs; };
    };
}
