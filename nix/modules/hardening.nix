# What is closed: every port but two, the provider's metadata, mail to strangers. The guest is root and can open it
# again; these are the defaults that keep a program which runs as somebody else from doing harm.
{ config, lib, ... }:
let
  cfg = config.services.cloudInstance;
in
{
  config = lib.mkIf cfg.enable {
    networking.nftables.enable = true;
    networking.firewall = {
      enable = true;
      allowedTCPPorts = [ 22 ];
      allowedUDPPortRanges = [
        {
          from = 60000; # mosh takes one of these for each login
          to = 61000;
        }
      ];
      # A machine with a public address is knocked at all day; the journal is for the guest.
      logRefusedConnections = lib.mkDefault false;
    };

    networking.nftables.tables.cloud-instance = {
      family = "inet";
      content = ''
        chain closed {
          # The metadata address tells user_data to whoever asks; only root may ask.
          # https://docs.hetzner.cloud/reference/cloud#server-metadata
          ip daddr 169.254.169.254 meta skuid != 0 reject
          # Mail to strangers is what a stolen machine is used for, and the provider blocks 25 and 465 as well.
          # https://docs.hetzner.com/cloud/servers/faq/
          tcp dport { 25, 465, 587 } reject with tcp reset
        }
        chain output {
          type filter hook output priority filter; policy accept;
          oifname "lo" accept
          jump closed
        }
        chain forward {
          # Containers and virtual machines on this one: their packets have no user, and are never root's.
          type filter hook forward priority filter; policy accept;
          ip daddr 169.254.169.254 reject
          tcp dport { 25, 465, 587 } reject with tcp reset
        }
      '';
    };

    # Memory is small and Claude Code's tools are hungry: compress first, then end the greediest process before the
    # machine stands still and cannot even be reached.
    zramSwap.enable = lib.mkDefault true;
    services.earlyoom.enable = lib.mkDefault true;
  };
}
