require keyferry.inc

inherit cargo ptest

SRC_URI += "file://run-ptest"

# The release brings its crates: nothing is fetched while it builds.
CARGO_VENDORING_DIRECTORY ?= "${S}/vendor"

# The release's own [profile.tiny], but for `panic = "abort"`, which the standard library of
# Yocto's sysroot was not built for, and `strip`, which is Yocto's to do: in cargo's words for the
# profile "release", since not every series lets a recipe choose a profile.
export CARGO_PROFILE_RELEASE_OPT_LEVEL ?= "z"
export CARGO_PROFILE_RELEASE_LTO ?= "fat"
export CARGO_PROFILE_RELEASE_CODEGEN_UNITS ?= "1"

# At image time the program runs under pseudo, which has to see what it asks of the file system.
RUSTFLAGS:append:class-native = " --cfg=rustix_use_libc"

do_compile() {
    oe_cargo_build --bin keyferry
}

do_install() {
    keyferry_install ${B}/target/${CARGO_TARGET_SUBDIR}/keyferry
}

# The behaviour tests, which start the installed program against a cloud on loopback.
do_compile_ptest() {
    oe_cargo_fix_env
    rm -f ${B}/target/${CARGO_TARGET_SUBDIR}/deps/behaviour-*
    oe_cargo_build --test behaviour
}

do_install_ptest() {
    install -d ${D}${PTEST_PATH}/tests/behaviour
    install -m 0755 $(find ${B}/target/${CARGO_TARGET_SUBDIR}/deps -name 'behaviour-*' -type f -perm -u+x) \
        ${D}${PTEST_PATH}/behaviour
    cp -R ${S}/tests/behaviour/golden ${D}${PTEST_PATH}/tests/behaviour/
}

BBCLASSEXTEND = "native"

# The oldest that the sources promise to build with.
KEYFERRY_RUST = "1.85"

# Without it the recipe is not there, and says so when it is asked for; parsing goes on.
# nooelint: oelint.task.noanonpython
python () {
    rust = d.getVar("PREFERRED_VERSION_rust-native") or d.getVar("RUSTVERSION") or ""
    version = rust.rstrip("%").rstrip(".")
    if version and bb.utils.vercmp_string_op(version, d.getVar("KEYFERRY_RUST"), "<"):
        raise bb.parse.SkipRecipe("it needs Rust %s or later, and here is %s: add a layer with a "
            "newer one (for scarthgap: meta-lts-mixins, branch scarthgap/rust), or take keyferry-bin"
            % (d.getVar("KEYFERRY_RUST"), version))
}
