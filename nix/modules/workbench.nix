# What is there to work with: Claude Code and the tools a programmer and an agent reach for first.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.cloudInstance;

  owned = mode: {
    inherit mode;
    user = "claude";
    group = "users";
  };
in
{
  config = lib.mkIf cfg.enable {
    environment.systemPackages = [
      pkgs.claude-code
      pkgs.curl
      pkgs.delta
      pkgs.fd
      pkgs.gh
      pkgs.jq
      pkgs.ripgrep
    ];

    programs = {
      direnv.enable = true;
      git.enable = true;
      # Programs that were not built for NixOS (npm's, pip's, VS Code's server) look for a loader where others have it.
      nix-ld.enable = true;
      tmux = {
        enable = true;
        clock24 = true;
        extraConfig = ''
          set -g status-interval 30
          set -g status-right "#(ccc-box tmux) %H:%M"
          set -g mouse on
        '';
      };
      zsh.enable = true;
    };
    # Time left, at login and only to a person. It must never keep anybody out.
    environment.loginShellInit = ''
      if [ -t 1 ]; then ccc-box 2>/dev/null || true; fi
    '';

    systemd.tmpfiles.settings."20-cloud-instance-workbench" = {
      # Scripts of the rest of the world begin with #!/bin/bash.
      "/bin/bash"."L+".argument = lib.getExe pkgs.bash;
      # Without it zsh greets a newcomer with a questionnaire instead of a prompt.
      "/home/claude/.zshrc".f = owned "0644";
      "/home/claude/.claude".d = owned "0700";
      # Both are written once and are the guest's own from then on (C: only if it is not there).
      "/home/claude/.claude/settings.json".C = owned "0600" // {
        argument = "${./claude-settings.json}";
      };
      "/home/claude/.claude/CLAUDE.md".C = owned "0644" // {
        argument = "${../box/CLAUDE.md}";
      };
    };

    nix.settings.experimental-features = [
      "nix-command"
      "flakes"
    ];
    nix.channel.enable = lib.mkDefault false;

    # The manual of NixOS is built from every option there is and is on the web; `man` stays.
    documentation.nixos.enable = lib.mkDefault false;
    documentation.doc.enable = lib.mkDefault false;
    time.timeZone = lib.mkDefault "UTC";
  };
}
