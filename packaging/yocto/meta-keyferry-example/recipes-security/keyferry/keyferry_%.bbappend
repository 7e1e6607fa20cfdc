# The fleet's configuration, a set as an application would bring it, and the timer enabled.

FILESEXTRAPATHS:prepend := "${THISDIR}/files:"

SRC_URI:append:class-target = " file://config.json file://20-mqtt.json file://data.conf"

SYSTEMD_AUTO_ENABLE = "enable"

do_install:append:class-target() {
    # Before walnascar there was WORKDIR alone.
    unpacked=${@d.getVar('UNPACKDIR') or d.getVar('WORKDIR')}
    install -m 0640 -o root -g keyferry $unpacked/config.json ${D}${sysconfdir}/keyferry/config.json
    install -m 0640 -o root -g keyferry $unpacked/20-mqtt.json ${D}${sysconfdir}/keyferry/conf.d/20-mqtt.json

    # State on the data partition, which both slots of an A/B update share: no run before it is mounted.
    if ${@bb.utils.contains('DISTRO_FEATURES', 'systemd', 'true', 'false', d)}; then
        for unit in keyferry.service keyferry-restore.service; do
            install -D -m 0644 ${S}/packaging/examples/systemd/data-partition.conf \
                ${D}${systemd_system_unitdir}/$unit.d/data-partition.conf
        done
        install -D -m 0644 $unpacked/data.conf ${D}${nonarch_libdir}/tmpfiles.d/keyferry-data.conf
    fi
}

# Changed on the device, they survive an update of the package.
CONFFILES:${PN}:append:class-target = " ${sysconfdir}/keyferry/config.json ${sysconfdir}/keyferry/conf.d/20-mqtt.json"
