# A machine with its values within and one that reads them from its record are the same machine: name, key and end.
# The shared system has none of them.
{ self, pkgs }:
let
  cases = builtins.fromJSON (builtins.readFile ../lib/validate-cases.json);
  good = builtins.head (builtins.filter (case: case.name == "with an end") cases.records);
  record = pkgs.writeText "instance.json" (builtins.toJSON good.record);

  named =
    (self.lib.mkCloudInstance {
      instanceId = good.record.instance_id;
      userSshKey = good.record.user_ssh_key;
      expiresAt = good.record.expires_at;
    }).config;
  shared = self.nixosConfigurations.cloud-instance.config;

  reader = pkgs.lib.getExe (import ../lib/record-reader.nix { inherit pkgs; });
  own = pkgs.writeText "own.json" named.environment.etc."cloud-instance/instance.json".text;
  # What the system itself says, in the order in which the record is read below.
  within = pkgs.writeText "within" ''
    ${named.networking.hostName}
    ${pkgs.lib.concatStringsSep "\n" named.users.users.claude.openssh.authorizedKeys.keys}
    ${named.services.cloudInstance.expiresAt}
  '';
in
assert shared.networking.hostName == "";
assert shared.users.users.claude.openssh.authorizedKeys.keys == [ ];
assert !(shared.environment.etc ? "cloud-instance/instance.json");
pkgs.runCommand "forms" { nativeBuildInputs = [ pkgs.jq ]; } ''
  for file in ${record} ${own}; do
    export CLOUD_INSTANCE_RECORD=$file
    { ${reader} hostname; jq -r .user_ssh_key "$file"; ${reader} end; } | diff ${within} -
  done
  touch $out
''
