SHELL=/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
MAILTO=""
@reboot root keyferry-cron --at-boot
11,26,41,56 * * * * root sleep 29; keyferry-cron
