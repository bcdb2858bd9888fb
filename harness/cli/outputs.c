/* Writes the reports that were asked for (cli/outputs.h). */
#include "cli/outputs.h"

#include <stdio.h>

#define OUTPUT_MAX_BYTES ((size_t)256 << 20)

bool cli_output_option(struct cli_outputs *outputs, int option, const char *argument)
{
    if (option < CLI_OUTPUT_OPTION || option >= CLI_OUTPUT_OPTION + REPORT_KINDS)
        return false;
    outputs->paths[option - CLI_OUTPUT_OPTION] = argument != NULL ? argument : "-";
    return true;
}

bool cli_outputs_wanted(const struct cli_outputs *outputs)
{
    for (size_t i = 0; i < REPORT_KINDS; i++)
        if (outputs->paths[i] != NULL)
            return true;
    return false;
}

bool cli_output_write(const char *verb, const char *path, enum assay_code rc,
                      struct assay_buf *content, struct assay_err *err)
{
    if (rc == ASSAY_OK && strcmp(path, "-") == 0)
        rc = fwrite(content->at, 1, content->len, stdout) == content->len && fflush(stdout) == 0
                 ? ASSAY_OK
                 : ASSAY_E_IO;
    else if (rc == ASSAY_OK)
        rc = assay_file_write(path, assay_buf_view(content), err);
    if (rc != ASSAY_OK)
        cli_wrong(verb, "%s: %s", path, err->text[0] != '\0' ? err->text : assay_code_text(rc));
    assay_buf_fini(content);
    return rc == ASSAY_OK;
}

bool cli_outputs_write(const struct cli_outputs *outputs, const char *verb, const json_t *run)
{
    bool ok = true;

    for (size_t i = 0; i < REPORT_KINDS && ok; i++) {
        struct assay_buf content = ASSAY_BUF_INIT(OUTPUT_MAX_BYTES);
        struct assay_err err = {0};

        if (outputs->paths[i] != NULL)
            ok = cli_output_write(verb, outputs->paths[i],
                                  report_kinds[i].write(&content, run, &err), &content, &err);
    }
    return ok;
}
