# shellcheck shell=bash disable=SC2034,SC2154
# Reads cross/targets for the scripts beside, which give $cross, this directory, and fail().

# Debian's package of the C compiler and the libraries of each of its architectures.
declare -A GCC_PACKAGES=(
    [amd64]='gcc libc6-dev' [arm64]='gcc-aarch64-linux-gnu libc6-dev-arm64-cross'
    [armhf]='gcc-arm-linux-gnueabihf libc6-dev-armhf-cross'
)

# Sets cpu, link, loader, zig_cpu, debian, gcc, limit, stock_limit and runner of target $1.
find_target() {
    local name
    while read -r name cpu link zig_cpu debian gcc limit stock_limit runner; do
        [ "$name" = "$1" ] || continue
        case $cpu in
        aarch64) loader=/lib/ld-linux-aarch64.so.1 ;;
        armv7) loader=/lib/ld-linux-armhf.so.3 ;;
        x86_64) loader=/lib64/ld-linux-x86-64.so.2 ;;
        *) loader=- ;;
        esac
        return
    done < <(grep -v '^#' "$cross/targets")
    fail "\"$1\" is no target here; these are: $(all_targets | paste --serial --delimiters=' ')"
}

all_targets() {
    sed -n 's/^\([^# ][^ ]*\).*/\1/p' "$cross/targets"
}
