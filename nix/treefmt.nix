# What `nix fmt` does: one style for .nix files, and shellcheck's word on shell files. Python has its own formatter.
{ pkgs }:
pkgs.treefmt.withConfig {
  runtimeInputs = [
    pkgs.nixfmt
    pkgs.shellcheck
  ];
  settings = {
    on-unmatched = "info";
    tree-root-file = "flake.nix";
    formatter = {
      nixfmt = {
        command = "nixfmt";
        options = [ "--width=120" ];
        includes = [ "*.nix" ];
      };
      shellcheck = {
        command = "shellcheck";
        includes = [ "nix/*.sh" ];
      };
    };
  };
}
