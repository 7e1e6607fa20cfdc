SUMMARY = "An image whose keyferry configuration is judged before it is made"
DESCRIPTION = "Read-only, with state and secrets on a data partition, and the timer enabled."
SECTION = "images"
LICENSE = "MIT"

inherit core-image keyferry-config

IMAGE_FEATURES += "read-only-rootfs"
IMAGE_INSTALL += "keyferry"
