/* dice.c: Philox 4x32-10. The counter holds the block, the 64-bit index and the domain; the key is the seed. */
#include "dice.h"

static void block(tp__dice *rng)
{
    uint32_t c[4] = { rng->counter[0], rng->counter[1], rng->counter[2], rng->counter[3] };
    uint32_t k0 = rng->key[0], k1 = rng->key[1];
    for (int round = 0; round < 10; round++) {
        const uint64_t a = (uint64_t)0xD2511F53u * c[0], b = (uint64_t)0xCD9E8D57u * c[2];
        const uint32_t next[4] = { (uint32_t)(b >> 32) ^ c[1] ^ k0, (uint32_t)b, (uint32_t)(a >> 32) ^ c[3] ^ k1, (uint32_t)a };
        for (int i = 0; i < 4; i++)
            c[i] = next[i];
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    for (int i = 0; i < 4; i++)
        rng->word[i] = c[i];
    rng->counter[0]++;
    rng->left = 4;
}

tp__dice tp__dice_start(uint64_t seed, uint32_t domain, uint64_t index)
{
    return (tp__dice){
        .key = { (uint32_t)seed, (uint32_t)(seed >> 32) },
        .counter = { 0, (uint32_t)index, (uint32_t)(index >> 32), domain },
    };
}

uint32_t tp__dice_word(tp__dice *rng)
{
    if (rng->left == 0)
        block(rng);
    return rng->word[4 - rng->left--];
}

/* The bias of a remainder of 64 random bits is below n / 2^64. */
int64_t tp__dice_below(tp__dice *rng, int64_t n)
{
    const uint64_t high = tp__dice_word(rng);
    return (int64_t)((high << 32 | tp__dice_word(rng)) % (uint64_t)n);
}

int64_t tp__dice_between(tp__dice *rng, int64_t lo, int64_t hi)
{
    return lo + (int64_t)((uint64_t)tp__dice_word(rng) * (uint64_t)(hi - lo + 1) >> 32);
}

void tp__dice_shuffled(tp__dice *rng, int64_t *places, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const int64_t j = tp__dice_below(rng, i + 1);
        places[i] = places[j];
        places[j] = i;
    }
}
