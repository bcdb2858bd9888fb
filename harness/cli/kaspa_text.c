/* assay kaspa address, script and disasm. */
#include "cli/kaspa.h"
#include "kaspa/address.h"
#include "kaspa/script.h"

#include <stdio.h>

static const char network_help[] =
    "  --network NAME  of the addresses that are made: mainnet (default), testnet-10, simnet,\n"
    "                  devnet, or the prefix of its addresses\n";

/* The option --network; *help is set where --help was given. False: said. */
static bool options_of(enum kaspa_network *network, bool *help, int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                            {"network", required_argument, NULL, 'n'},
                                            {NULL, 0, NULL, 0}};
    int option;

    *network = KASPA_MAINNET;
    while ((option = cli_option(argc, argv, options)) != -1) {
        if (option == '?')
            return false;
        if (option == 'h')
            *help = true;
        if (option == 'n' && !kaspa_network_find(network, assay_str(optarg))) {
            cli_wrong(argv[0],
                      "--network: expected mainnet, testnet-10, simnet or devnet, found \"%s\"",
                      optarg);
            return false;
        }
    }
    return true;
}

static void print_spk(const char *label, const struct kaspa_spk *spk)
{
    printf("%-13s %02x%02x", label, (unsigned)spk->version >> 8, (unsigned)spk->version & 0xff);
    kaspa_cli_print_hex(spk->script);
    putchar('\n');
}

static void print_address(const char *label, const struct kaspa_address *address)
{
    char text[KASPA_ADDRESS_TEXT_MAX_BYTES];

    kaspa_address_encode(text, address);
    printf("%-13s %s\n", label, text);
}

/* ---- address ---- */

static const char address_help[] =
    "usage: assay kaspa address TEXT|SCRIPT [--network NAME]\n\n"
    "Takes an address apart, or makes the address of a script public key (hex: two bytes of "
    "version,\nthen the script).\n\n";
static const char address_example[] =
    "\nexample: assay kaspa address "
    "kaspa:qp0l70zd5x85ttwd6jv7g3s3a8llzj96d8dncn4zmhv4tlzx5k2jyqh70xmfj\n"
    "exit: 0 it has one, 1 it is no address or the script has none, 3 usage\n";

static const char *version_name(enum kaspa_address_version version)
{
    switch (version) {
    case KASPA_ADDRESS_PUBKEY:
        return "Schnorr key";
    case KASPA_ADDRESS_PUBKEY_ECDSA:
        return "ECDSA key";
    case KASPA_ADDRESS_SCRIPT_HASH:
        return "hash of a script";
    }
    return "";
}

static void show_address(const struct kaspa_address *address)
{
    uint8_t script[KASPA_SPK_MAX_STANDARD_BYTES];
    struct kaspa_spk spk;

    kaspa_address_script(&spk, script, address);
    print_address("address", address);
    printf("%-13s %s\n", "network", kaspa_network_name(address->network));
    printf("%-13s %d (%s)\n%-13s ", "version", (int)address->version,
           version_name(address->version), "payload");
    kaspa_cli_print_hex(assay_bytes_of(address->payload, address->payload_len));
    putchar('\n');
    print_spk("script", &spk);
    printf("%-13s %s\n", "class", kaspa_class_name(kaspa_spk_class(&spk)));
}

static int address_of_text(struct assay_bytes text)
{
    struct kaspa_address address;
    size_t at;
    enum kaspa_address_error error = kaspa_address_decode(&address, &at, text);

    if (error == KASPA_ADDRESS_OK) {
        show_address(&address);
        return 0;
    }
    printf("refused: %s: %s (character %zu)\n", kaspa_address_error_name(error),
           kaspa_address_error_text(error), at + 1);
    return 1;
}

static int address_of_spk(struct assay_bytes bytes, enum kaspa_network network)
{
    struct kaspa_address address;
    struct kaspa_spk spk;

    if (kaspa_spk_parse(&spk, bytes) == ASSAY_OK &&
        kaspa_address_of_script(&address, &spk, network)) {
        show_address(&address);
        return 0;
    }
    puts("refused: the script is of no standard class, and so has no address (its first two bytes "
         "are its\nversion: 0000)");
    return 1;
}

int kaspa_cli_address(int argc, char **argv)
{
    struct assay_buf text = ASSAY_BUF_INIT(KASPA_CLI_TEXT_MAX_BYTES),
                     bytes = ASSAY_BUF_INIT(KASPA_CLI_TEXT_MAX_BYTES);
    enum kaspa_network network;
    int status = EXIT_TROUBLE;
    bool help = false;

    if (!options_of(&network, &help, argc, argv))
        return EXIT_TROUBLE;
    if (help) {
        printf("%s%s%s", address_help, network_help, address_example);
        return 0;
    }
    if (kaspa_cli_text(&text, argc, argv)) {
        if (text.len > 0 && kaspa_cli_hex(&bytes, assay_buf_view(&text)))
            status = address_of_spk(assay_buf_view(&bytes), network);
        else
            status = address_of_text(assay_buf_view(&text));
        status = kaspa_cli_end(argv[0], status);
    }
    assay_buf_fini(&text);
    assay_buf_fini(&bytes);
    return status;
}

/* ---- script ---- */

static const char script_help[] =
    "usage: assay kaspa script TEXT [--network NAME]\n\n"
    "Assembles a script: opcodes by name, numbers, 0x… for raw bytes, 'text' for a push, # for a "
    "comment.\n\n";
static const char script_example[] =
    "\nexample: assay kaspa script 'DATA4 0x01020304 DROP TRUE'\n"
    "exit: 0 assembled, 3 usage, or a word that is none (with its column)\n";

static void show_script(struct assay_bytes script, enum kaspa_network network)
{
    uint8_t room[KASPA_SPK_MAX_STANDARD_BYTES];
    struct assay_buf hash = ASSAY_BUF_OVER(room);
    struct kaspa_spk spk = {.script = script}, p2sh = {0};
    struct kaspa_address address;

    printf("%-13s ", "hex");
    kaspa_cli_print_hex(script);
    printf("\n%-13s %zu bytes\n%-13s %s\n", "size", script.len, "class",
           kaspa_class_name(kaspa_spk_class(&spk)));
    print_spk("script", &spk);
    if (kaspa_address_of_script(&address, &spk, network))
        print_address("address", &address);
    kaspa_script_add_pay_to_script_hash(&hash, script);
    p2sh.script = assay_buf_view(&hash);
    print_spk("P2SH script", &p2sh);
    if (kaspa_address_of_script(&address, &p2sh, network))
        print_address("P2SH address", &address);
}

int kaspa_cli_script(int argc, char **argv)
{
    struct assay_buf text = ASSAY_BUF_INIT(KASPA_CLI_TEXT_MAX_BYTES),
                     script = ASSAY_BUF_INIT(KASPA_CLI_TEXT_MAX_BYTES);
    enum kaspa_network network;
    struct assay_err err = {0};
    int status = EXIT_TROUBLE;
    bool help = false;

    if (!options_of(&network, &help, argc, argv))
        return EXIT_TROUBLE;
    if (help) {
        printf("%s%s%s", script_help, network_help, script_example);
        return 0;
    }
    if (kaspa_cli_text(&text, argc, argv)) {
        if (kaspa_script_assemble(&script, assay_buf_view(&text), &err) != ASSAY_OK) {
            cli_wrong(argv[0], "column %zu: %s", err.at + 1, err.text);
        } else {
            show_script(assay_buf_view(&script), network);
            status = kaspa_cli_end(argv[0], 0);
        }
    }
    assay_buf_fini(&text);
    assay_buf_fini(&script);
    return status;
}

/* ---- disasm ---- */

static const char disasm_help[] =
    "usage: assay kaspa disasm HEX\n\n"
    "Prints a script (without the version of a script public key), one instruction a line: offset, "
    "name,\nwhat it pushes; and what is wrong where it does not decode.\n\n"
    "example: assay kaspa disasm 0401020304755100\n"
    "exit: 0 it decodes, 1 it does not, 3 usage, or no hex\n";

static int disassemble(struct assay_bytes script)
{
    struct kaspa_instruction i = {0};

    for (size_t at = 0; at < script.len; at = i.next) {
        enum kaspa_script_error error = kaspa_instruction_decode(&i, script, at);

        if (error != KASPA_SCRIPT_OK) {
            printf("%7zu  %s: %s: ", at, kaspa_script_error_name(error),
                   kaspa_script_error_text(error));
            kaspa_cli_print_hex(assay_bytes_part(script, at, script.len));
            putchar('\n');
            return 1;
        }
        printf("%7zu  %s%s", at, kaspa_opcode_name(i.opcode), i.data.len > 0 ? " 0x" : "");
        kaspa_cli_print_hex(i.data);
        putchar('\n');
    }
    return 0;
}

int kaspa_cli_disasm(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    struct assay_buf text = ASSAY_BUF_INIT(KASPA_CLI_TEXT_MAX_BYTES),
                     script = ASSAY_BUF_INIT(KASPA_CLI_TEXT_MAX_BYTES);
    int option = cli_option(argc, argv, options), status = EXIT_TROUBLE;

    if (option == 'h') {
        fputs(disasm_help, stdout);
        return 0;
    }
    if (option == '?')
        return EXIT_TROUBLE;
    if (kaspa_cli_text(&text, argc, argv)) {
        if (kaspa_cli_hex(&script, assay_buf_view(&text)))
            status = kaspa_cli_end(argv[0], disassemble(assay_buf_view(&script)));
        else
            cli_wrong(argv[0], "expected hex digits, two a byte");
    }
    assay_buf_fini(&text);
    assay_buf_fini(&script);
    return status;
}
