/* Prints of each file and directory what would show that it was touched: look PATH...
 *
 * Debian's own programs for armhf give up on times past 2038. */

#define _GNU_SOURCE
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

static int tell(const char *path, const struct stat *file, int kind, struct FTW *place)
{
    (void)kind;
    (void)place;
    printf("%s inode %ju mode %o owner %u:%u size %ju written %jd.%09ld changed %jd.%09ld\n", path,
           (uintmax_t)file->st_ino, file->st_mode, file->st_uid, file->st_gid,
           (uintmax_t)file->st_size, (intmax_t)file->st_mtim.tv_sec, (long)file->st_mtim.tv_nsec,
           (intmax_t)file->st_ctim.tv_sec, (long)file->st_ctim.tv_nsec);
    return 0;
}

int main(int count, char **words)
{
    for (int word = 1; word < count; word++) {
        if (nftw(words[word], tell, 16, FTW_PHYS) != 0) {
            perror(words[word]);
            return 1;
        }
    }
    return 0;
}
