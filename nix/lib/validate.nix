# What a machine may be told about its instance, checked before any of it reaches a configuration.
#
# Builtins only, so that the same rules run without nixpkgs: in the modules' assertions, in mk-cloud-instance.nix, and
# over validate-cases.json in the tests, where Python must agree. A problem is a sentence that says what to do; none
# repeats the value. The record is what the builder puts at /var/lib/cloud-instance/instance.json.
let
  inherit (builtins)
    attrNames
    concatMap
    concatStringsSep
    elem
    elemAt
    filter
    fromJSON
    isAttrs
    isString
    match
    readFile
    replaceStrings
    ;

  shaped =
    shape: problem: value:
    if isString value && match shape value != null then null else problem;
  orNull = rule: value: if value == null then null else rule value;

  keyProblem = import ./ssh-key.nix;

  instanceIdProblem =
    shaped "[0-9a-f]{12}"
      "an instance id is 12 lower-case hexadecimal digits, as `ccc list` shows it";

  timeShape = "(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])-([0-2][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z";
  expiresAtProblem =
    value:
    let
      parts = if isString value then match timeShape value else null;
      # fromJSON refuses a leading zero, so a 1 is put in front of both and taken off again.
      year = fromJSON "1${elemAt parts 0}" - 10000;
      month = elemAt parts 1;
      day = fromJSON "1${elemAt parts 2}" - 100;
      divides = number: year / number * number == year;
      leap = divides 4 && (!divides 100 || divides 400);
      days =
        if month == "02" then
          (if leap then 29 else 28)
        else if
          elem month [
            "04"
            "06"
            "09"
            "11"
          ]
        then
          30
        else
          31;
    in
    if parts != null && day >= 1 && day <= days then
      null
    else
      "the end is a moment in UTC with seconds, for example 2030-01-31T18:55:00Z";

  # Enough for a URL without a query, so that nothing in it means something to a shell or to Nix.
  urlProblem =
    shaped "https?://[][A-Za-z0-9._~:/-]{1,500}"
      "the service's address begins with https:// and has no query, quotes or spaces";
  networkProblem =
    shaped "[0-9a-f]{1,4}(:[0-9a-f]{1,4}){0,3}::/64"
      "the IPv6 network is the /64 as the provider gives it, for example 2001:db8:12:34::/64, or null";
  tokenProblem =
    shaped "ccc_box_[A-Za-z0-9_-]{43}"
      "the box token begins with ccc_box_; leave it away in a record of your own";

  rules = {
    instance_id = instanceIdProblem;
    user_ssh_key = keyProblem;
    expires_at = orNull expiresAtProblem;
    ipv6_network = orNull networkProblem;
    api_url = urlProblem;
    box_token = tokenProblem;
  };
  required = [
    "instance_id"
    "user_ssh_key"
  ];

  # An address without a token has nobody to say who asks, and a token without an address nobody to ask.
  halfService = record: record ? api_url != record ? box_token;

  recordProblems =
    record:
    if !isAttrs record then
      [ "a record is a JSON object" ]
    else
      (if halfService record then [ "api_url and box_token come together or not at all" ] else [ ])
      ++ map (name: "${name} is missing") (filter (name: !(record ? ${name})) required)
      ++ (
        if filter (name: !(rules ? ${name})) (attrNames record) == [ ] then
          [ ]
        else
          [ "a record has no other fields than ${concatStringsSep ", " (attrNames rules)}" ]
      )
      ++ concatMap (
        name:
        let
          problem = rules.${name} record.${name};
        in
        if problem == null then [ ] else [ "${name}: ${problem}" ]
      ) (filter (name: record ? ${name}) (attrNames rules));
in
{
  inherit
    expiresAtProblem
    instanceIdProblem
    keyProblem
    recordProblems
    rules
    ;

  # Reads a record for a build of its own: { instanceId, userSshKey, expiresAt }. It is part of what is built, so
  # everybody on the machine and on the builder can read it: a token is refused.
  readRecord =
    file:
    let
      text = readFile file;
      record = fromJSON text;
      # A text of Nix cannot hold that character: older versions cut it off together with all that follows, so that what
      # is judged would be less than what is written; newer ones stop with words of their own.
      hasNul = replaceStrings [ "\\u0000" ] [ "" ] text != text;
      problems =
        recordProblems record
        ++ (
          if isAttrs record && record ? box_token then
            [ "box_token: the Nix store is readable by everybody; leave it away" ]
          else
            [ ]
        );
    in
    if hasNul then
      throw "instance.json: no value of a record has a NUL (\\u0000) in it"
    else if problems == [ ] then
      {
        instanceId = record.instance_id;
        userSshKey = record.user_ssh_key;
        expiresAt = record.expires_at or null;
      }
    else
      throw "instance.json: ${concatStringsSep "; " problems}";
}
