# Packages that are names only: enough for NixOS modules to be evaluated without nixpkgs' package tree. Nothing built
# from these works; what the options say does not depend on it. `names`: every package the modules may ask for; `parts`:
# every attribute they may ask of a package.
{
  lib,
  names,
  parts,
}:
let
  partsOfAny = lib.genAttrs parts package;
  package =
    name:
    let
      self = partsOfAny // {
        type = "derivation";
        inherit name stdenv;
        pname = name;
        # Newer than any release that a module asks about.
        version = "99.0";
        outPath = "/nix/store/00000000000000000000000000000000-${name}";
        drvPath = "/nix/store/00000000000000000000000000000000-${name}.drv";
        outputName = "out";
        outputs = [ "out" ];
        meta.mainProgram = name;
        out = self;
        bin = self;
        lib = self;
        dev = self;
        man = self;
        doc = self;
        info = self;
        guest = self;
        withPackages = _: self;
        override = _: self;
        overrideAttrs = _: self;
        passthru = { };
        # Whatever a builder is called with, the outcome is one more name.
        __functor = _: _: self;
      };
    in
    self;
  file = name: text: package name // { inherit text; };
  write = name: text: file (baseNameOf (if lib.isAttrs name then name.name else name)) text;
  format = _: {
    type = lib.types.attrsOf lib.types.anything;
    generate = name: value: file name (builtins.toJSON value);
    lib = { };
  };
  platform = lib.systems.elaborate "x86_64-linux";
  kernel = package "linux" // {
    version = "6.12";
    modDirVersion = "6.12";
    kernelOlder = _: false;
    kernelAtLeast = _: true;
    features = { };
    config = {
      isYes = _: true;
      isEnabled = _: true;
      isModule = _: true;
      isSet = _: true;
      isDisabled = _: false;
    };
    target = "bzImage";
    override = _: kernel;
  };
  kernelPackages = lib.genAttrs names package // {
    inherit kernel;
    extend = _: kernelPackages;
    kernelOlder = _: false;
    kernelAtLeast = _: true;
  };
  stdenv = package "stdenv" // platform // {
    hostPlatform = platform;
    buildPlatform = platform;
    targetPlatform = platform;
    isLinux = true;
    system = "x86_64-linux";
    cc = package "cc" // { libc = package "libc"; };
    shell = "/nix/store/00000000000000000000000000000000-bash/bin/bash";
    mkDerivation = arguments: package (arguments.name or arguments.pname or "derivation");
  };
  builders = lib.genAttrs names package // {
    inherit stdenv;
    buildPackages = builders;
    pkgsi686Linux = builders;
    pkgsStatic = builders;
    writeText = write;
    writeTextFile = { name, text, ... }: file name text;
    writeTextDir = write;
    writeScript = write;
    writeScriptBin = write;
    writers = lib.genAttrs names (_: write) // {
      makeScriptWriter = _: write;
    };
    writeShellScript = write;
    writeShellScriptBin = write;
    writeShellApplication = { name, text, ... }: file name text;
    runCommand = name: _: text: file name text;
    runCommandLocal = name: _: text: file name text;
    runCommandCC = name: _: text: file name text;
    buildEnv = { name, ... }: package name;
    symlinkJoin = arguments: package (arguments.name or arguments.pname);
    linkFarm = name: _: package name;
    concatText = name: _: package name;
    concatTextFile = { name, ... }: package name;
    replaceVars = path: _: package (baseNameOf path);
    replaceVarsWith = arguments: package (arguments.name or "replaced");
    substituteAll = arguments: package (arguments.name or "substituted");
    closureInfo = _: package "closure-info";
    callPackage =
      source: given:
      let
        function = if lib.isFunction source then source else import source;
        # `names` has far more in it than packages, so what has a default keeps it.
        asked = lib.filterAttrs (name: optional: name == "lib" || !optional) (lib.functionArgs function);
      in
      function (builtins.intersectAttrs asked (builders // { inherit lib; }) // given);
    emptyDirectory = package "empty";
  };
in
builders
// {
  inherit lib;
  system = "x86_64-linux";
  config = {
    allowAliases = false;
  };
  path = "/nixpkgs";
  linuxPackages = kernelPackages;
  linuxPackagesFor = _: kernelPackages;
  linuxKernel.packageAliases.linux_default = kernelPackages;
  formats = lib.genAttrs [
    "elixirConf"
    "gitIni"
    "hocon"
    "ini"
    "iniWithGlobalSection"
    "javaProperties"
    "json"
    "keyValue"
    "libconfig"
    "lua"
    "php"
    "pythonVars"
    "systemd"
    "toml"
    "xml"
    "yaml"
  ] (_: format);
  nixosTests = { };
  python3Packages = lib.genAttrs names package;
}
