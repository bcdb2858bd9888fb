/* Rows of a SQLite file, read and written one column after the other. */
#include "store/kx_sqlite.h"

int64_t kx_columns_i64(struct kx_columns *c)
{
    return sqlite3_column_int64(c->s, c->at++);
}

uint64_t kx_columns_u64(struct kx_columns *c)
{
    return ref_sqlite_column_u64(c->s, c->at++);
}

void kx_columns_hash(struct kx_columns *c, char *out)
{
    c->is_damaged |= !kx_sqlite_column_text(out, X402_HASH_TEXT_BYTES - 1, c->s, c->at++);
}

void kx_columns_name(struct kx_columns *c, char *out)
{
    if (sqlite3_column_bytes(c->s, c->at) > 0) {
        kx_columns_hash(c, out);
    } else {
        out[0] = '\0';
        c->at++;
    }
}

void kx_columns_bytes(struct kx_columns *c, uint8_t *out, size_t len)
{
    c->is_damaged |= !kx_sqlite_column_bytes(out, len, c->s, c->at++);
}

bool kx_columns_bytes_or_null(struct kx_columns *c, uint8_t *out, size_t len)
{
    bool is_there = sqlite3_column_type(c->s, c->at) != SQLITE_NULL;

    if (is_there)
        kx_columns_bytes(c, out, len);
    else
        c->at++;
    return is_there;
}

struct assay_bytes kx_columns_slice(struct kx_columns *c)
{
    return ref_sqlite_column(c->s, c->at++);
}

void kx_parameters_i64(struct kx_parameters *p, int64_t value)
{
    ref_sqlite_bind_i64(p->s, ++p->at, value);
}

void kx_parameters_u64(struct kx_parameters *p, uint64_t value)
{
    ref_sqlite_bind_u64(p->s, ++p->at, value);
}

void kx_parameters_text(struct kx_parameters *p, struct assay_bytes text)
{
    ref_sqlite_bind_text(p->s, ++p->at, text);
}

void kx_parameters_blob(struct kx_parameters *p, struct assay_bytes bytes)
{
    ref_sqlite_bind_blob(p->s, ++p->at, bytes);
}

void kx_parameters_null(struct kx_parameters *p, int count)
{
    for (int i = 0; i < count; i++)
        (void)sqlite3_bind_null(p->s, ++p->at);
}
