/* skips.c: the ops whose samples are not run, each with the reason, in a file of lines "op, reason"; # begins a comment. */
#include "parity.h"

#include <ctype.h>

const char *skip_reason(const char *skips, const char *op)
{
    static char line[512];
    FILE *file = skips ? fopen(skips, "r") : NULL;
    const size_t n = strlen(op);
    const char *found = NULL;
    while (file && !found && fgets(line, sizeof line, file)) {
        line[strcspn(line, "#\n")] = 0;
        if (strncmp(line, op, n) || line[n] != ',') continue;
        found = line + n + 1;
        while (isspace((unsigned char)*found)) found++;
    }
    if (file) fclose(file);
    return found;
}
