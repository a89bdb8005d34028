# Who gets in: the guest, as claude, with their key. No passwords, no root, nobody else.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.cloudInstance;
  inherit (import ../lib/judged-values.nix cfg) sound;
in
{
  config = lib.mkIf cfg.enable {
    users = {
      # Passwords set on the machine would not last: what is declared here, none at all, is the whole truth.
      mutableUsers = false;
      # NixOS looks for a key in the configuration and would refuse to build the system that all guests share.
      allowNoPasswordLogin = true;
      users.root.hashedPassword = "!";
      users.claude = {
        isNormalUser = true;
        description = "The guest and Claude Code";
        extraGroups = [ "wheel" ];
        shell = pkgs.zsh;
        hashedPassword = "!";
        openssh.authorizedKeys.keys = lib.optional (sound.userSshKey != null) sound.userSshKey;
      };
    };

    # The machine is the guest's own: without root they could neither install nor configure anything on NixOS.
    security.sudo = {
      wheelNeedsPassword = false;
      execWheelOnly = true;
    };

    services.openssh = {
      enable = true;
      openFirewall = false; # ./hardening.nix lists every open port in one place
      # The builder's file; beside it the keys of a system that carries its values, and what the guest adds at home.
      authorizedKeysFiles = [ "/var/lib/cloud-instance/authorized_keys.d/%u" ];
      authorizedKeysInHomedir = true;
      # One kind, so that the fingerprint in the mail is the one ssh shows. The builder brings the key.
      hostKeys = [
        {
          type = "ed25519";
          path = "/etc/ssh/ssh_host_ed25519_key";
        }
      ];
      settings = {
        AllowUsers = [ "claude" ];
        AuthenticationMethods = "publickey";
        KbdInteractiveAuthentication = false;
        PasswordAuthentication = false;
        PermitRootLogin = "no";
        X11Forwarding = false;
        # Every key that an agent offers counts as a try, and with keys alone there is nothing to guess. The default of
        # 6 is what locks people out ("Too many authentication failures").
        MaxAuthTries = lib.mkDefault 20;
        # A closed laptop should not leave its connection behind for hours: 15 × 60 s.
        ClientAliveInterval = lib.mkDefault 60;
        ClientAliveCountMax = lib.mkDefault 15;
      };
    };

    programs.mosh = {
      enable = true;
      openFirewall = false; # as above
    };
  };
}
