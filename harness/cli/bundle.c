/* assay bundle: one file that a third party can check, written, checked, and keys for it. */
#include "bundle/bundle.h"
#include "base/utf8.h"
#include "bundle/archive.h"
#include "cli/cli.h"
#include "record/record.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#define KEY_MAX_BYTES ((size_t)64 << 10)

static const char help[] =
    "usage: assay bundle RUN --out FILE [--key FILE]\n"
    "       assay bundle verify FILE [--public-key FILE]\n"
    "       assay bundle keygen FILE\n\n"
    "One file with a recorded run, its evidence, what it was judged by and the hashes of all of it "
    "(docs/bundles.md).\n"
    "RUN is a folder, its run.json or its record.jsonl.\n\n"
    "  --out FILE         where the bundle goes: a plain tar archive\n"
    "  --key FILE         sign it: an OpenSSH Ed25519 key without a passphrase\n"
    "  --public-key FILE  who may have signed it: a .pub file, or an allowed_signers file of "
    "ssh-keygen\n\n"
    "keygen writes such a key to FILE, readable by its owner alone, and FILE.pub beside it.\n"
    "verify checks every byte, and needs nothing else.\n\n"
    "exit: 0 written; of verify: 0 whole and signed by that key, 1 changed or signed by another, 2 "
    "whole, but not\n"
    "      signed or no key to hold it against was given; 3 usage, or no bundle at all\n";

struct bundle_options {
    const char *out, *key, *public_key;
};

/* ---- keys ---- */

/* As ssh does: a key that others may read is no secret. */
static enum assay_code read_key(struct ssh_key *key, const char *path, struct assay_err *err)
{
    struct assay_buf text = ASSAY_BUF_INIT(KEY_MAX_BYTES);
    struct stat about;
    enum assay_code rc = assay_file_read(&text, path, err);

    if (rc == ASSAY_OK && (stat(path, &about) != 0 || (about.st_mode & 077) != 0))
        rc = assay_fail(err, ASSAY_E_DENIED, 0,
                        "others than its owner may read it: chmod 600 it, or make a new key");
    if (rc == ASSAY_OK)
        rc = ssh_key_read(key, assay_buf_view(&text), err);
    assay_buf_wipe(&text);
    return assay_err_wrap(err, rc, "--key %s", path);
}

static bool is_there(const char *path)
{
    struct stat about;

    return lstat(path, &about) == 0 || errno != ENOENT;
}

static enum assay_code write_keys(const char *path, const char *public_path,
                                  const struct ssh_key *key, struct assay_err *err)
{
    struct assay_buf secret = ASSAY_BUF_INIT(KEY_MAX_BYTES), public = ASSAY_BUF_INIT(KEY_MAX_BYTES);
    enum assay_code rc;

    ssh_key_write(&secret, key);
    ssh_public_add_text(&public, &key->public);
    assay_buf_add_str(&public, " assay bundle\n");
    rc = secret.bad != ASSAY_OK ? secret.bad : public.bad;
    if (rc == ASSAY_OK)
        rc = assay_file_write_private(path, assay_buf_view(&secret), err);
    if (rc == ASSAY_OK)
        rc = assay_file_write(public_path, assay_buf_view(&public), err);
    assay_buf_wipe(&secret);
    assay_buf_fini(&public);
    return assay_err_wrap(err, rc, "keygen");
}

static int make_keys(const char *path)
{
    char public_path[4096], shown[SSH_FINGERPRINT_BYTES];
    struct assay_err err = {0};
    struct ssh_key key;
    enum assay_code rc;

    if (snprintf(public_path, sizeof public_path, "%s.pub", path) >= (int)sizeof public_path)
        return cli_wrong("bundle", "keygen: the name is too long");
    if (is_there(path) || is_there(public_path))
        return cli_wrong("bundle",
                         "keygen: %s or %s is there already: name another file, since a key that "
                         "is written over is lost",
                         path, public_path);
    if ((rc = ssh_key_make(&key, &err)) == ASSAY_OK) {
        rc = write_keys(path, public_path, &key, &err);
        ssh_public_fingerprint(shown, &key.public);
        ssh_key_wipe(&key);
    }
    if (rc != ASSAY_OK)
        return cli_wrong("bundle", "%s", err.text);
    printf("key %s\n", shown);
    return fflush(stdout) == 0 ? 0 : EXIT_TROUBLE;
}

/* ---- write ---- */

static int write_bundle(const struct bundle_options *o, const char *folder)
{
    struct assay_buf archive = ASSAY_BUF_INIT(ARCHIVE_MAX_BYTES);
    struct assay_err err = {0};
    char shown[SSH_FINGERPRINT_BYTES] = "";
    struct ssh_key key = {0};
    json_t *run = NULL;
    enum assay_code rc = ASSAY_OK;

    if (o->out == NULL)
        return cli_wrong("bundle", "expected --out FILE, where the bundle goes");
    if (o->key != NULL)
        rc = read_key(&key, o->key, &err);
    if (rc == ASSAY_OK)
        rc = record_read(&run, folder, &err);
    if (rc == ASSAY_OK)
        rc = bundle_write(&archive, run, o->key != NULL ? &key : NULL, &err);
    if (rc == ASSAY_OK)
        rc = assay_file_write(o->out, assay_buf_view(&archive), &err);
    ssh_public_fingerprint(shown, &key.public);
    if (rc != ASSAY_OK)
        cli_wrong("bundle", "%s", err.text);
    else if (o->key != NULL)
        printf("%zu bytes, signed by %s\n", archive.len, shown);
    else
        printf("%zu bytes, not signed\n", archive.len);
    ssh_key_wipe(&key);
    json_decref(run);
    assay_buf_fini(&archive);
    return rc == ASSAY_OK && fflush(stdout) == 0 ? 0 : EXIT_TROUBLE;
}

/* ---- verify ---- */

static const char *member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}

/* Whose run it is; the target's name is its own choice. */
static void print_run(const json_t *run)
{
    const json_t *target = json_object_get(run, "target"),
                 *outcome = json_object_get(run, "outcome");
    struct assay_buf shown = ASSAY_BUF_INIT((size_t)64 << 10);

    assay_utf8_add_printable(&shown, assay_bytes_part(assay_str(member(target, "name")), 0, 200));
    printf("run: assay %s of %s, seed %s, %s, exit %lld\n", member(run, "verb"),
           assay_buf_ok(&shown) ? assay_buf_cstr(&shown) : "", member(run, "seed"),
           json_is_true(json_object_get(outcome, "valid")) ? "valid" : "INVALID",
           (long long)json_integer_value(json_object_get(outcome, "exit")));
    assay_buf_fini(&shown);
}

static bool is_listed(const struct ssh_public_list *list, const struct ssh_public *key)
{
    for (size_t i = 0; i < list->count; i++)
        if (memcmp(&list->keys[i], key, sizeof(*key)) == 0)
            return true;
    return false;
}

/* What the signature is worth; known: NULL where no key was given. */
static int judge_signer(const struct bundle_about *about, const struct ssh_public_list *known)
{
    char shown[SSH_FINGERPRINT_BYTES] = "";

    ssh_public_fingerprint(shown, &about->signer);
    if (known != NULL && about->is_signed && is_listed(known, &about->signer)) {
        printf("signed by %s, which is known\n", shown);
        return 0;
    }
    if (known == NULL && !about->is_signed)
        printf("not signed: whoever sent it may have written it\n");
    else if (known == NULL)
        printf("signed by %s: whose key that is, is not known; hold it against one with "
               "--public-key\n",
               shown);
    else if (about->is_signed)
        printf("REFUSED: signed by %s, which is none of the keys that were given\n", shown);
    else
        printf("REFUSED: not signed, although a key was given\n");
    return known == NULL ? 2 : 1;
}

static enum assay_code read_known(struct ssh_public_list *known, const char *path,
                                  struct assay_err *err)
{
    struct assay_buf text = ASSAY_BUF_INIT(KEY_MAX_BYTES);
    enum assay_code rc = assay_file_read(&text, path, err);

    if (rc == ASSAY_OK)
        rc = ssh_public_list_read(known, assay_buf_view(&text), BUNDLE_NAMESPACE, err);
    assay_buf_fini(&text);
    return assay_err_wrap(err, rc, "--public-key %s", path);
}

/* A file that is too large is not read at all. */
static enum assay_code read_bundle(struct assay_buf *bytes, const char *path, struct assay_err *err)
{
    struct stat about;

    if (stat(path, &about) == 0 && S_ISREG(about.st_mode) &&
        (uint64_t)about.st_size > ARCHIVE_MAX_BYTES)
        return assay_fail(err, ASSAY_E_TOO_LARGE, 0, "%s: is larger than any bundle, %zu MiB", path,
                          ARCHIVE_MAX_BYTES >> 20);
    return assay_file_read(bytes, path, err);
}

static int verify_bundle(const struct bundle_options *o, const char *path)
{
    struct assay_buf bytes = ASSAY_BUF_INIT(ARCHIVE_MAX_BYTES);
    struct ssh_public_list known = {.count = 0};
    struct bundle_about about = {0};
    struct assay_err err = {0};
    enum assay_code rc = ASSAY_OK;
    int status = EXIT_TROUBLE;

    if (o->public_key != NULL)
        rc = read_known(&known, o->public_key, &err);
    if (rc == ASSAY_OK && (rc = read_bundle(&bytes, path, &err)) == ASSAY_OK)
        rc = assay_err_wrap(&err, bundle_check(&about, assay_buf_view(&bytes), &err), "%s", path);
    if (rc == ASSAY_OK) {
        printf("whole: %zu files are what SHA256SUMS says\n", about.files);
        print_run(about.run);
        status = judge_signer(&about, o->public_key != NULL ? &known : NULL);
        if (fflush(stdout) != 0)
            status = EXIT_TROUBLE;
    } else {
        cli_wrong("bundle", "verify: %s", err.text);
        status = rc == ASSAY_E_MISMATCH ? 1 : EXIT_TROUBLE;
    }
    json_decref(about.run);
    assay_buf_fini(&bytes);
    return status;
}

int cli_bundle(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                            {"out", required_argument, NULL, 'o'},
                                            {"key", required_argument, NULL, 'k'},
                                            {"public-key", required_argument, NULL, 'p'},
                                            {NULL, 0, NULL, 0}};
    struct bundle_options o = {0};
    int option, rest;

    while ((option = cli_option(argc, argv, options)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return 0;
        }
        if (option == '?')
            return EXIT_TROUBLE;
        *(option == 'o' ? &o.out : option == 'k' ? &o.key : &o.public_key) = optarg;
    }
    rest = argc - optind;
    if (rest == 2 && strcmp(argv[optind], "verify") == 0 && o.out == NULL && o.key == NULL)
        return verify_bundle(&o, argv[optind + 1]);
    if (rest == 2 && strcmp(argv[optind], "keygen") == 0 && o.out == NULL && o.key == NULL &&
        o.public_key == NULL)
        return make_keys(argv[optind + 1]);
    if (rest == 1 && o.public_key == NULL)
        return write_bundle(&o, argv[optind]);
    return cli_wrong("bundle", "expected RUN --out FILE, verify FILE, or keygen FILE");
}
