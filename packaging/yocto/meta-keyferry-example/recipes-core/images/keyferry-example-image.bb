SUMMARY = "An image whose keyferry configuration is judged before it is made"
DESCRIPTION = "Read-only, with state and secrets on a data partition, and the timer enabled."
SECTION = "images"
LICENSE = "MIT"

inherit core-image keyferry-config

IMAGE_FEATURES += "read-only-rootfs"
IMAGE_INSTALL += "keyferry"

# The device's certificate comes by provisioning; everything else has to be right now.
# nooelint: oelint.vars.mispell.unknown
KEYFERRY_CHECK_TOLERATED = "66"
