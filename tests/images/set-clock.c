/* Sets the machine's clock: set-clock SECONDS, since 1970.
 *
 * Debian's own programs for armhf give up on times past 2038. */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int count, char **words)
{
    if (count != 2) {
        fprintf(stderr, "usage: set-clock SECONDS\n");
        return 64;
    }
    struct timespec now = { .tv_sec = atoll(words[1]) };
    if (clock_settime(CLOCK_REALTIME, &now) != 0) {
        perror("set-clock");
        return 1;
    }
    return 0;
}
