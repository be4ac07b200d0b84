/* skips.c: what is not run, each with the reason, in a file of lines "what, reason"; # begins a comment. What is
 *   OP          every sample of the file OP.safetensors,
 *   OP DTYPE    those of one dtype,
 *   OP/ID       one sample. */
#include "parity.h"

static bool names(const char *what, size_t n, const char *op, const char *dtype, const char *id)
{
    const size_t length = strlen(op);
    if (n < length || strncmp(what, op, length)) return false;
    if (n == length) return true;
    const char *rest = what[length] == '/' ? id : what[length] == ' ' ? dtype : NULL;
    return rest && strlen(rest) == n - length - 1 && !strncmp(what + length + 1, rest, n - length - 1);
}

const char *skip_reason(const char *skips, const char *op, const char *dtype, const char *id)
{
    static char line[512];
    FILE *file = skips ? fopen(skips, "r") : NULL;
    const char *found = NULL;
    while (file && !found && fgets(line, sizeof line, file)) {
        line[strcspn(line, "#\n")] = 0;
        const char *comma = strchr(line, ',');
        if (comma && names(line, (size_t)(comma - line), op, dtype, id)) found = comma + 1 + strspn(comma + 1, " ");
    }
    if (file) fclose(file);
    return found;
}
