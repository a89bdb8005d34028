# A machine is installed as the builder does it, and then is what was promised: the guest's key opens it, nobody else's
# does, root is shut, and it turns itself off when its time is over and no service answers.
#
# The disk is made by the host's own disko layout and the shared system is put on it, with the files of one instance
# beside it (the layout of builder/extra_files.py); every key is made when the test runs. `firmware`: "bios" or "efi".
{
  self,
  pkgs,
  firmware,
}:
let
  shared = self.nixosConfigurations.cloud-instance;
  inherit (shared._module.args) diskoLib;

  tools = {
    environment.systemPackages = [
      pkgs.jq
      pkgs.openssh
    ];
  };

  plantFiles = ''
    machine.succeed("for name in host guest stranger; do ssh-keygen -q -t ed25519 -N \"\" -C $name -f /tmp/$name; done")
    machine.succeed("install -d -m 0755 /mnt/etc/ssh /mnt/var/lib/cloud-instance/authorized_keys.d")
    machine.succeed("install -m 0600 /tmp/host /mnt/etc/ssh/ssh_host_ed25519_key")
    machine.succeed("install -m 0644 /tmp/host.pub /mnt/etc/ssh/ssh_host_ed25519_key.pub")
    machine.succeed("install -m 0644 /tmp/guest.pub /mnt/var/lib/cloud-instance/authorized_keys.d/claude")
    machine.succeed(
        "jq -n --rawfile key /tmp/guest.pub '{"
        + 'instance_id: "0123456789ab", user_ssh_key: ($key | rtrimstr("\\n")), ipv6_network: "2001:db8:12:34::/64",'
        + ' expires_at: "2036-01-31T18:55:00Z"'
        + "}' >/mnt/var/lib/cloud-instance/instance.json"
    )
    machine.succeed("install -d -m 0700 /mnt/root && cp /tmp/guest /tmp/stranger /mnt/root/")
    machine.succeed("echo \"127.0.0.1 $(cut -d' ' -f1,2 /tmp/host.pub)\" >/mnt/root/known_hosts")
  '';

  checks = ''
    def ssh(key: str, user: str, command: str) -> str:
        options = "-o BatchMode=yes -o IdentitiesOnly=yes -o UserKnownHostsFile=/root/known_hosts"
        return f"ssh {options} -o StrictHostKeyChecking=yes -i /root/{key} {user}@127.0.0.1 '{command}'"


    machine.wait_for_unit("sshd.service")
    machine.wait_for_unit("multi-user.target")

    with subtest("the machine has the name and the address of its record"):
        assert machine.succeed("hostname").strip() == "cc-0123456789ab"
        machine.wait_until_succeeds("ip -6 address show | grep -F 2001:db8:12:34::1/64")
        assert machine.succeed("stat -c %a /var/lib/cloud-instance/instance.json").strip() == "600"

    with subtest("the guest gets in, is root when they want to, and finds Claude Code"):
        assert machine.succeed(ssh("guest", "claude", "id -un")).strip() == "claude"
        assert machine.succeed(ssh("guest", "claude", "sudo -n id -u")).strip() == "0"
        machine.succeed(ssh("guest", "claude", "claude --version"))
        machine.succeed(ssh("guest", "claude", "ccc-box"))

    with subtest("nobody else gets in"):
        machine.fail(ssh("stranger", "claude", "true"))
        machine.fail(ssh("guest", "root", "true"))
        offered = machine.fail("ssh -o BatchMode=yes -o PreferredAuthentications=none"
                               " -o UserKnownHostsFile=/root/known_hosts claude@127.0.0.1 2>&1")
        assert "(publickey)" in offered, offered

    with subtest("the metadata address and mail to strangers are closed to the guest"):
        # Nothing has that address on this network: the request fails in any case, and the rules' text is the proof.
        machine.fail("runuser -u claude -- curl --max-time 5 -s http://169.254.169.254/")
        rules = machine.succeed("nft list ruleset")
        assert "169.254.169.254 meta skuid != 0" in rules, rules
        assert "tcp dport { 25, 465, 587 } reject" in rules, rules

    with subtest("an hour after the end that was learnt last, the machine turns itself off"):
        machine.succeed("date --set '2036-01-31 19:54:00 UTC'")
        machine.succeed("systemctl start ccc-box-refresh.service")
        machine.succeed("date --set '2036-01-31 19:56:00 UTC'")
        machine.wait_for_shutdown()
  '';
in
diskoLib.testLib.makeDiskoTest {
  inherit pkgs;
  inherit (shared) extendModules;
  name = "cloud-instance-${firmware}";
  disko-config = shared.config;
  testMode = "direct";
  efi = firmware == "efi";
  extraInstallerConfig = tools;
  postDisko = plantFiles;
  extraTestScript = checks;
}
