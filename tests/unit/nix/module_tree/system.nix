# The flake's outputs over a NixOS module tree (`tree`: its nixos/ and lib/ are enough) and disko's, without a network
# and without building. `names`: a JSON file for ./stub-pkgs.nix; null when the tree has its packages and stubs are not
# needed.
{
  checkout,
  tree,
  disko,
  names ? null,
}:
let
  lib = import (tree + "/lib");
  given = builtins.fromJSON (builtins.readFile names);
  pkgs =
    if names == null then
      import tree {
        system = "x86_64-linux";
        config = { };
      }
    else
      import ./stub-pkgs.nix {
        inherit lib;
        inherit (given) names parts;
      };
  stubs = lib.optional (names != null) { _module.args.pkgs = lib.mkForce pkgs; };
  outputs = (import (checkout + "/flake.nix")).outputs {
    self = outputs;
    nixpkgs = {
      lib = lib // {
        nixosSystem =
          arguments:
          import (tree + "/nixos/lib/eval-config.nix") {
            inherit lib;
            system = null;
            modules = arguments.modules ++ stubs;
          };
      };
      legacyPackages.x86_64-linux = pkgs;
    };
    disko.nixosModules.disko = disko + "/module.nix";
    claude-code.overlays.default = _: _: { };
    nixos-anywhere = toString ./nixos-anywhere; # a copy of it would not be in a store that holds nothing
  };
in
outputs
