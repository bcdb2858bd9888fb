/* Keccak-256; see keccak.h. Lanes are numbered x + 5y. */
#include "evm/keccak.h"

#include "base/cursor.h"

enum {
    SIDE = 5,
    LANE_BYTES = 8,
    ROUNDS = 24,
    BLOCK_BYTES = 136, /* 1600 bits less twice the digest's */
};

static const uint64_t round_constants[ROUNDS] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
    0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

/* by: 0 .. 63 */
static uint64_t rotated(uint64_t lane, unsigned by)
{
    return lane << by | lane >> (64 - by) % 64;
}

/* FIPS 202, section 3.2.1: each lane takes in the parities of two neighbouring columns. */
static void theta(uint64_t *lanes)
{
    uint64_t parity[SIDE];

    for (size_t x = 0; x < SIDE; x++) {
        parity[x] = 0;
        for (size_t y = 0; y < SIDE; y++)
            parity[x] ^= lanes[x + SIDE * y];
    }
    for (size_t i = 0; i < EVM_KECCAK_LANES; i++)
        lanes[i] ^= parity[(i + SIDE - 1) % SIDE] ^ rotated(parity[(i + 1) % SIDE], 1);
}

/* Sections 3.2.2 and 3.2.3 in one walk over the lanes but the first: each is rotated, by the next
 * triangular number, and takes the place of the next. */
static void rho_and_pi(uint64_t *lanes)
{
    size_t x = 1, y = 0;
    uint64_t moving = lanes[1];

    for (unsigned t = 0; t < EVM_KECCAK_LANES - 1; t++) {
        size_t row = (2 * x + 3 * y) % SIDE;
        uint64_t displaced;

        x = y;
        y = row;
        displaced = lanes[x + SIDE * y];
        lanes[x + SIDE * y] = rotated(moving, (t + 1) * (t + 2) / 2 % 64);
        moving = displaced;
    }
}

/* Section 3.2.4: the only step that is not linear. */
static void chi(uint64_t *lanes)
{
    for (size_t y = 0; y < EVM_KECCAK_LANES; y += SIDE) {
        uint64_t row[SIDE];

        memcpy(row, lanes + y, sizeof(row));
        for (size_t x = 0; x < SIDE; x++)
            lanes[x + y] = row[x] ^ (~row[(x + 1) % SIDE] & row[(x + 2) % SIDE]);
    }
}

static void permute(uint64_t *lanes)
{
    for (size_t round = 0; round < ROUNDS; round++) {
        theta(lanes);
        rho_and_pi(lanes);
        chi(lanes);
        lanes[0] ^= round_constants[round];
    }
}

static void add_at(struct evm_keccak *h, size_t at, uint8_t byte)
{
    h->lanes[at / LANE_BYTES] ^= (uint64_t)byte << 8 * (at % LANE_BYTES);
}

void evm_keccak_init(struct evm_keccak *h)
{
    *h = (struct evm_keccak){.at = 0};
}

void evm_keccak_add(struct evm_keccak *h, struct assay_bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        add_at(h, h->at, bytes.at[i]);
        if (++h->at == BLOCK_BYTES) {
            permute(h->lanes);
            h->at = 0;
        }
    }
}

void evm_keccak_end_padded(struct evm_keccak *h, uint8_t out[EVM_KECCAK_BYTES],
                           enum evm_padding padding)
{
    add_at(h, h->at, (uint8_t)padding);
    add_at(h, BLOCK_BYTES - 1, 0x80);
    permute(h->lanes);
    for (size_t i = 0; i < EVM_KECCAK_BYTES; i += LANE_BYTES)
        assay_put_le(out + i, LANE_BYTES, h->lanes[i / LANE_BYTES]);
}

void evm_keccak_end(struct evm_keccak *h, uint8_t out[EVM_KECCAK_BYTES])
{
    evm_keccak_end_padded(h, out, EVM_PADDING_KECCAK);
}

void evm_keccak256(uint8_t out[EVM_KECCAK_BYTES], struct assay_bytes bytes)
{
    struct evm_keccak h;

    evm_keccak_init(&h);
    evm_keccak_add(&h, bytes);
    evm_keccak_end(&h, out);
}
