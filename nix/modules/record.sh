#!/usr/bin/env bash
# cloud-instance-record: reads the values of one instance and makes the machine theirs.
#
#   cloud-instance-record hostname | ipv6 | end    prints the value, or nothing where the record has no sound one
#   cloud-instance-record apply                    sets the host name, the IPv6 address and the end known so far (root)
#
# Every value must have its exact shape before it is used, whoever wrote the record. Without a record, or with one that
# is not JSON, the machine starts all the same: a name is not worth a machine that cannot be reached.
# CLOUD_INSTANCE_RECORD: another record. CLOUD_INSTANCE_ROOT: where `apply` writes instead of /.
set -euo pipefail

record=${CLOUD_INSTANCE_RECORD:-/var/lib/cloud-instance/instance.json}
root=${CLOUD_INSTANCE_ROOT:-}

# value FIELD SHAPE: the field if it is a text of that shape from its first to its last character. Two documents in one
# file are no record: whoever wrote them meant one of them.
value() {
  jq --slurp --raw-output --arg field "$1" --arg shape "\\A(?:$2)\\z" \
    'if length == 1 and (.[0] | type == "object") then .[0][$field] else empty end | strings | select(test($shape))' \
    "$record" 2>/dev/null || true
}

hostname_of_record() {
  local id
  id=$(value instance_id '[0-9a-f]{12}')
  if [ -n "$id" ]; then echo "cc-$id"; fi
}

# The provider routes a /64 to the machine and announces nothing: the first address in it is ours to take.
# https://docs.hetzner.com/cloud/servers/static-configuration/
ipv6_of_record() {
  local network
  network=$(value ipv6_network '[0-9a-f]{1,4}(:[0-9a-f]{1,4}){0,3}::/64')
  if [ -n "$network" ]; then echo "${network%/64}1/64"; fi
}

# A shape alone takes the 31st of February, and a calendar alone may take it for a day in March: it must come back as it
# was given.
end_of_record() {
  local end
  end=$(value expires_at '(19[7-9][0-9]|[2-9][0-9]{3})-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z')
  if [ -n "$end" ] && [ "$(date -u -d "$end" +%Y-%m-%dT%H:%M:%SZ 2>/dev/null)" = "$end" ]; then echo "$end"; fi
}

apply_hostname() {
  local name
  name=$(hostname_of_record)
  # A system that carries its name has /etc/hostname as a link into the store, and keeps it.
  if [ -z "$name" ] || [ -L "$root/etc/hostname" ]; then return; fi
  echo "$name" >"$root/etc/hostname"
  echo "$name" >"$root/proc/sys/kernel/hostname"
}

apply_ipv6() {
  local address folder=$root/run/systemd/network/10-uplink.network.d
  address=$(ipv6_of_record)
  if [ -z "$address" ]; then return; fi
  mkdir -p "$folder"
  printf '[Network]\nAddress=%s\n\n[Route]\nGateway=fe80::1\nGatewayOnLink=yes\n' "$address" >"$folder/ipv6.conf"
}

# What the service said before this start (../box/ccc-box.sh keeps it beside the record) is newer than the record.
end_learnt() {
  local end shape='^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$'
  if { read -r end <"${record%/*}/learnt-end"; } 2>/dev/null && [[ $end =~ $shape ]]; then echo "$end"; fi
}

# Only what is known so far: once the service has been asked, its answer is in that file.
apply_end() {
  local end folder=$root/run/ccc-box
  end=$(end_learnt)
  if [ -z "$end" ]; then end=$(end_of_record); fi
  if [ -z "$end" ] || [ -e "$folder/expires_at" ]; then return; fi
  mkdir -p "$folder"
  echo "$end" >"$folder/expires_at"
}

case "${1:-}" in
  hostname) hostname_of_record ;;
  ipv6) ipv6_of_record ;;
  end) end_of_record ;;
  apply)
    apply_hostname
    apply_ipv6
    apply_end
    ;;
  *)
    echo "usage: cloud-instance-record hostname | ipv6 | end | apply" >&2
    exit 2
    ;;
esac
