# Judges keyferry's configuration in an image, before the image is made of the root filesystem:
# users, groups, paths and units are looked up in that root, no network is used. A configuration
# that the device would refuse fails the image, with the program's own words.
#
#   inherit keyferry-config     in the recipe of the image

# What brings the program: keyferry-bin-native where Rust is too old.
KEYFERRY_CHECKER ?= "keyferry-native"

# An image may leave /etc/keyferry to provisioning: then "0".
KEYFERRY_CONFIG_REQUIRED ?= "1"

IMAGE_QA_COMMANDS += "keyferry_check_image"
do_image_qa[depends] += "${KEYFERRY_CHECKER}:do_populate_sysroot"
do_image_qa[vardeps] += "keyferry_check_image"

keyferry_check_image[doc] = "Runs keyferry check --root on the image's root filesystem"
python keyferry_check_image() {
    import glob
    import os
    import subprocess

    root = d.getVar("IMAGE_ROOTFS")
    program = os.path.join(d.getVar("STAGING_BINDIR_NATIVE"), "keyferry")
    directory = d.getVar("sysconfdir") + "/keyferry"

    def configured():
        return glob.glob(root + directory + "/config.json") or glob.glob(root + directory + "/conf.d/*.json")

    def check(*words):
        shown = " ".join(("keyferry", "check") + words)
        result = subprocess.run([program, "check", "--root", root, *words], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8", errors="replace")
        said = "%s, in the image, ended with %d:\n%s" % (shown, result.returncode, result.stderr)
        if result.returncode == 0:
            if "warning:" in result.stderr:
                bb.warn(said)
            else:
                bb.note(said)
        else:
            wrong.append(said)

    wrong = []
    instances = [path for path in sorted(glob.glob(root + directory + "/instances/*")) if os.path.isdir(path)]
    if configured():
        check()
    elif not instances and d.getVar("KEYFERRY_CONFIG_REQUIRED") == "1":
        wrong.append("neither %s/config.json nor %s/conf.d/*.json is in the image: install one, or say "
            "KEYFERRY_CONFIG_REQUIRED = \"0\" where provisioning brings it" % (directory, directory))
    for path in instances:
        check("--instance", os.path.basename(path))
    if wrong:
        bb.fatal("\n".join(wrong))
}
