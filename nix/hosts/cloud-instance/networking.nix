# One public interface: IPv4 by DHCP, IPv6 from the record. No address is written down here.
#
# The provider does not announce IPv6; modules/record.sh adds the address to this very network before it is brought up.
# https://docs.hetzner.com/cloud/servers/static-configuration/
{ lib, ... }:
{
  networking.useDHCP = false;
  networking.useNetworkd = true;

  systemd.network = {
    enable = true;
    networks."10-uplink" = {
      matchConfig.Name = lib.mkDefault "en* eth*";
      networkConfig.DHCP = "ipv4";
      # The name is the record's, whatever the provider calls the server.
      dhcpV4Config.UseHostname = false;
      linkConfig.RequiredForOnline = "routable";
    };
    wait-online.anyInterface = lib.mkDefault true;
  };
}
