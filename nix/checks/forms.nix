# A machine with its values within and one that reads them from its record are the same machine: name, end, and the key
# that opens it. The shared system has none of them.
#
# The key of a record opens nothing: sshd reads the file that the builder puts beside it (`planted` in the cases, which
# the tests compare with what the builder writes).
{ self, pkgs }:
let
  cases = builtins.fromJSON (builtins.readFile ../lib/validate-cases.json);
  good = builtins.head (builtins.filter (case: case.name == cases.planted.case) cases.records);
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
    ${named.services.cloudInstance.expiresAt}
  '';
  opens = config: config.users.users.claude.openssh.authorizedKeys.keys;
in
assert shared.networking.hostName == "";
assert opens shared == [ ];
assert pkgs.lib.concatMapStrings (key: "${key}\n") (opens named) == cases.planted.authorized_keys;
assert pkgs.lib.elem "/var/lib/cloud-instance/authorized_keys.d/%u" shared.services.openssh.authorizedKeysFiles;
assert !(shared.environment.etc ? "cloud-instance/instance.json");
pkgs.runCommand "forms" { } ''
  for file in ${record} ${own}; do
    export CLOUD_INSTANCE_RECORD=$file
    { ${reader} hostname; ${reader} end; } | diff ${within} -
  done
  touch $out
''
