/* Reading an input; see input.h. */
#include "fuzz/lib/input.h"

struct fuzz_input fuzz_input_of(const uint8_t *data, size_t size)
{
    return (struct fuzz_input){.rest = assay_bytes_of(data, size)};
}

uint8_t fuzz_option(struct fuzz_input *in)
{
    return in->rest.len > 0 ? in->rest.at[--in->rest.len] : 0;
}

size_t fuzz_option_below(struct fuzz_input *in, size_t limit)
{
    return fuzz_option(in) % limit;
}

struct assay_bytes fuzz_view(struct fuzz_input *in, size_t len)
{
    struct assay_bytes view = assay_bytes_part(in->rest, 0, len);

    in->rest = assay_bytes_part(in->rest, view.len, in->rest.len);
    return view;
}

void fuzz_bytes(struct fuzz_input *in, uint8_t *out, size_t len)
{
    struct assay_bytes view = fuzz_view(in, len);

    memset(out, 0, len);
    memcpy(out, view.at, view.len);
}

uint64_t fuzz_number(struct fuzz_input *in, size_t len)
{
    uint8_t bytes[sizeof(uint64_t)];
    uint64_t number = 0;

    fuzz_bytes(in, bytes, len < sizeof(bytes) ? len : sizeof(bytes));
    for (size_t i = 0; i < len && i < sizeof(bytes); i++)
        number |= (uint64_t)bytes[i] << 8 * i;
    return number;
}
