# The static program that the project built, for sites that do not build Rust; everything around
# it comes from the release, as in the recipe keyferry.
require keyferry.inc

# Where it lies and the checksum of each target that the site uses:
# KEYFERRY_BIN_SHA256[armv7-unknown-linux-musleabihf] = "..."
KEYFERRY_BIN_SITE ??= "${KEYFERRY_SITE}"
KEYFERRY_BIN_TARGET = "${@keyferry_bin_target(d)}"
KEYFERRY_BIN_SUM = "${@d.getVarFlag('KEYFERRY_BIN_SHA256', d.getVar('KEYFERRY_BIN_TARGET')) or ''}"
KEYFERRY_BIN = "keyferry-${PV}-${KEYFERRY_BIN_TARGET}"
SRC_URI += "${KEYFERRY_BIN_SITE}/${KEYFERRY_BIN};name=program;subdir=${BP};unpack=0"
SRC_URI[program.sha256sum] = "${KEYFERRY_BIN_SUM}"

COMPATIBLE_HOST = "(aarch64|arm|riscv64|x86_64).*-linux.*"

do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    keyferry_install ${S}/${KEYFERRY_BIN}
}

INHIBIT_PACKAGE_DEBUG_SPLIT = "1"
INHIBIT_PACKAGE_STRIP = "1"
INHIBIT_SYSROOT_STRIP = "1"
# It is stripped, and was not linked with this distribution's flags.
# nooelint: oelint.vars.insaneskip
INSANE_SKIP:${PN} = "already-stripped ldflags"

# Either of the two, under the name that the rest of an image asks for.
RPROVIDES:${PN} = "keyferry"
RCONFLICTS:${PN} = "keyferry"
RREPLACES:${PN} = "keyferry"

BBCLASSEXTEND = "native"

# The targets of cross/targets that are static, by this machine's processor.
def keyferry_bin_target(d):
    arch = d.getVar("HOST_ARCH")
    if arch in ("aarch64", "x86_64"):
        return arch + "-unknown-linux-musl"
    if arch == "riscv64":
        return "riscv64gc-unknown-linux-musl"
    # A tune may name its processor alone; then it is an override that names the architecture.
    words = set((d.getVar("TUNE_FEATURES") or "").split()) | set(d.getVar("MACHINEOVERRIDES").split(":"))
    if arch != "arm" or not words & {"neon", "vfp", "vfpv3", "vfpv3d16", "vfpv4"}:
        return ""
    if words & {"armv7a", "armv7ve", "armv8a"}:
        return "armv7-unknown-linux-musleabihf"
    if "armv6" in words:
        return "arm-unknown-linux-musleabihf"
    return ""

# nooelint: oelint.task.noanonpython
python () {
    target = d.getVar("KEYFERRY_BIN_TARGET")
    if not target:
        raise bb.parse.SkipRecipe("no program is built for %s with \"%s\""
            % (d.getVar("HOST_ARCH"), d.getVar("TUNE_FEATURES")))
    if not d.getVar("KEYFERRY_BIN_SUM"):
        raise bb.parse.SkipRecipe("KEYFERRY_BIN_SHA256[%s] is not set: the sha256sum of %s"
            % (target, d.getVar("KEYFERRY_BIN")))
}
