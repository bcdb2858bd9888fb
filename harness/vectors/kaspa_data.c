/* Addresses, scripts as data, numbers, personal messages. Addresses and signatures given here by
 * hand are those of the node's own tests, or made by an independent model of the codec. */
#include "vectors/cases.h"

/* ---- one member in, one out ---- */

struct row {
    const char *name, *in, *expected, *known;
};

static void add_rows(struct vectors *v, const char *operation, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        vectors_add(v, operation, rows[i].name, rows[i].expected, vectors_json(v, rows[i].in),
                    rows[i].known);
}

/* ---- addresses ---- */

#define KEY "5fff3c4da18f45adcdd499e44611e9fff148ba69db3c4ea2ddd955fc46a59522"
#define ECDSA_KEY "ba01fc5f4e9d9879599c69a3dafdb835a7255e5f2e934e9322ecd3af190ab0f60e"
#define MAINNET "kaspa:qp0l70zd5x85ttwd6jv7g3s3a8llzj96d8dncn4zmhv4tlzx5k2jyqh70xmfj"
#define TESTNET "kaspatest:qp0l70zd5x85ttwd6jv7g3s3a8llzj96d8dncn4zmhv4tlzx5k2jyp3c5f9ck"
#define SIMNET "kaspasim:qp0l70zd5x85ttwd6jv7g3s3a8llzj96d8dncn4zmhv4tlzx5k2jy08rw69hp"
#define DEVNET "kaspadev:qp0l70zd5x85ttwd6jv7g3s3a8llzj96d8dncn4zmhv4tlzx5k2jyvfmf5xu7"
#define ECDSA_ADDRESS "kaspatest:qxaqrlzlf6wes72en3568khahq66wf27tuhfxn5nytkd8tcep2c0vrse6gdmpks"
#define P2SH_ADDRESS "kaspa:pp0l70zd5x85ttwd6jv7g3s3a8llzj96d8dncn4zmhv4tlzx5k2jyf2sm703r"
#define PAYS(prefix, version, payload, spk)                                                        \
    "{'prefix': '" prefix "', 'version': " version ", 'payload': '" payload                        \
    "', 'scriptPublicKey': '" spk "'}"

static const struct row decoded[] = {
    {"a Schnorr key of mainnet", "{'address': '" MAINNET "'}", "ok",
     PAYS("kaspa", "0", KEY, "000020" KEY "ac")},
    {"of testnet", "{'address': '" TESTNET "'}", "ok",
     PAYS("kaspatest", "0", KEY, "000020" KEY "ac")},
    {"of simnet", "{'address': '" SIMNET "'}", "ok", PAYS("kaspasim", "0", KEY, "000020" KEY "ac")},
    {"of devnet", "{'address': '" DEVNET "'}", "ok", PAYS("kaspadev", "0", KEY, "000020" KEY "ac")},
    {"an ECDSA key", "{'address': '" ECDSA_ADDRESS "'}", "ok",
     PAYS("kaspatest", "1", ECDSA_KEY, "000021" ECDSA_KEY "ab")},
    {"a script", "{'address': '" P2SH_ADDRESS "'}", "ok",
     PAYS("kaspa", "8", KEY, "0000aa20" KEY "87")},
    {"no colon",
     "{'address': 'kaspaqp0l70zd5x85ttwd6jv7g3s3a8llzj96d8dncn4zmhv4tlzx5k2jyqh70xmfj'}",
     "MissingPrefix", NULL},
    {"nothing", "{'address': ''}", "MissingPrefix", NULL},
    {"another prefix",
     "{'address': 'kaspa1:qp0l70zd5x85ttwd6jv7g3s3a8llzj96d8dncn4zmhv4tlzx5k2jyqh70xmfj'}",
     "InvalidPrefix", NULL},
    {"the prefix of another chain",
     "{'address': 'bitcoincash:qp0l70zd5x85ttwd6jv7g3s3a8llzj96d8dncn4zmhv4tlzx5k2jyqh70xmfj'}",
     "InvalidPrefix", NULL},
    {"an upper-case prefix",
     "{'address': 'KASPA:qp0l70zd5x85ttwd6jv7g3s3a8llzj96d8dncn4zmhv4tlzx5k2jyqh70xmfj'}",
     "InvalidPrefix", NULL},
    {"upper case",
     "{'address': 'kaspa:QP0L70ZD5X85TTWD6JV7G3S3A8LLZJ96D8DNCN4ZMHV4TLZX5K2JYQH70XMFJ'}",
     "DecodingError", NULL},
    {"a character that is not of the alphabet",
     "{'address': 'kaspa:qp0l70zd5x851twd6jv7g3s3a8llzj96d8dncn4zmhv4tlzx5k2jyqh70xmfj'}",
     "DecodingError", NULL},
    {"a space at its end",
     "{'address': 'kaspa:qp0l70zd5x85ttwd6jv7g3s3a8llzj96d8dncn4zmhv4tlzx5k2jyqh70xmfj '}",
     "DecodingError", NULL},
    {"seven characters", "{'address': 'kaspa:qqqqqqq'}", "BadPayload", NULL},
    {"nothing before its checksum", "{'address': 'kaspa:3xjng3c9'}", "BadPayload", NULL},
    {"one character changed",
     "{'address': 'kaspa:qp0l70zd5x85ttwd6jv7g3s3a8llzj96d8dncn4zmhv4tlzx5k2jyqh70xmfl'}",
     "BadChecksum", NULL},
    {"two characters exchanged",
     "{'address': 'kaspa:pq0l70zd5x85ttwd6jv7g3s3a8llzj96d8dncn4zmhv4tlzx5k2jyqh70xmfj'}",
     "BadChecksum", NULL},
    {"the checksum of another network",
     "{'address': 'kaspatest:qp0l70zd5x85ttwd6jv7g3s3a8llzj96d8dncn4zmhv4tlzx5k2jyqh70xmfj'}",
     "BadChecksum", NULL},
    {"version 2",
     "{'address': 'kaspa:qf0l70zd5x85ttwd6jv7g3s3a8llzj96d8dncn4zmhv4tlzx5k2jy9q0zvzzq'}",
     "InvalidVersion", NULL},
    {"31 bytes of a key",
     "{'address': 'kaspa:qp0l70zd5x85ttwd6jv7g3s3a8llzj96d8dncn4zmhv4tlzx5k2scesda9g4'}",
     "InvalidPayloadLength", NULL},
    {"32 bytes of an ECDSA key",
     "{'address': 'kaspa:q90l70zd5x85ttwd6jv7g3s3a8llzj96d8dncn4zmhv4tlzx5k2jykgzarrcm'}",
     "InvalidPayloadLength", NULL},
    {"a version and nothing else", "{'address': 'kaspa:qq675gp8rh'}", "InvalidPayloadLength", NULL},
    {"a bit behind the data",
     "{'address': 'kaspa:qp0l70zd5x85ttwd6jv7g3s3a8llzj96d8dncn4zmhv4tlzx5k2j9n58ylc6n'}",
     "NotCanonical", NULL},
    {"no text", "{'address': 5}", "error", NULL},
};

static const struct row encoded[] = {
    {"a Schnorr key of mainnet", "{'prefix': 'kaspa', 'version': 0, 'payload': '" KEY "'}", "ok",
     "{'address': '" MAINNET "'}"},
    {"of testnet", "{'prefix': 'kaspatest', 'version': 0, 'payload': '" KEY "'}", "ok",
     "{'address': '" TESTNET "'}"},
    {"of simnet", "{'prefix': 'kaspasim', 'version': 0, 'payload': '" KEY "'}", "ok",
     "{'address': '" SIMNET "'}"},
    {"of devnet", "{'prefix': 'kaspadev', 'version': 0, 'payload': '" KEY "'}", "ok",
     "{'address': '" DEVNET "'}"},
    {"an ECDSA key", "{'prefix': 'kaspatest', 'version': 1, 'payload': '" ECDSA_KEY "'}", "ok",
     "{'address': '" ECDSA_ADDRESS "'}"},
    {"a script", "{'prefix': 'kaspa', 'version': 8, 'payload': '" KEY "'}", "ok",
     "{'address': '" P2SH_ADDRESS "'}"},
    {"the name of a network is no prefix",
     "{'prefix': 'mainnet', 'version': 0, 'payload': '" KEY "'}", "InvalidPrefix", NULL},
    {"version 9", "{'prefix': 'kaspa', 'version': 9, 'payload': '" KEY "'}", "InvalidVersion",
     NULL},
    {"33 bytes of a Schnorr key", "{'prefix': 'kaspa', 'version': 0, 'payload': '" ECDSA_KEY "'}",
     "InvalidPayloadLength", NULL},
    {"an empty script hash", "{'prefix': 'kaspa', 'version': 8, 'payload': ''}",
     "InvalidPayloadLength", NULL},
    {"half a byte", "{'prefix': 'kaspa', 'version': 0, 'payload': '0'}", "error", NULL},
};

static const struct row of_scripts[] = {
    {"a Schnorr key", "{'scriptPublicKey': '000020" KEY "ac', 'prefix': 'kaspa'}", "ok",
     "{'address': '" MAINNET "'}"},
    {"an ECDSA key", "{'scriptPublicKey': '000021" ECDSA_KEY "ab', 'prefix': 'kaspatest'}", "ok",
     "{'address': '" ECDSA_ADDRESS "'}"},
    {"a script hash", "{'scriptPublicKey': '0000aa20" KEY "87', 'prefix': 'kaspa'}", "ok",
     "{'address': '" P2SH_ADDRESS "'}"},
    {"a script of no class", "{'scriptPublicKey': '000051', 'prefix': 'kaspa'}", "PubKeyFormat",
     NULL},
    {"an unknown version", "{'scriptPublicKey': '000120" KEY "ac', 'prefix': 'kaspa'}",
     "PubKeyFormat", NULL},
    {"an unknown prefix", "{'scriptPublicKey': '000020" KEY "ac', 'prefix': 'Kaspa'}",
     "InvalidPrefix", NULL},
};

/* ---- scripts as data ---- */

static const struct row classes[] = {
    {"a Schnorr key", "{'scriptPublicKey': '000020" KEY "ac'}", "ok", "{'class': 'pubkey'}"},
    {"an ECDSA key", "{'scriptPublicKey': '000021" ECDSA_KEY "ab'}", "ok",
     "{'class': 'pubkeyecdsa'}"},
    {"a script hash", "{'scriptPublicKey': '0000aa20" KEY "87'}", "ok", "{'class': 'scripthash'}"},
    {"an unknown version", "{'scriptPublicKey': '000120" KEY "ac'}", "ok",
     "{'class': 'nonstandard'}"},
    {"a byte less of the key",
     "{'scriptPublicKey': "
     "'00001fff3c4da18f45adcdd499e44611e9fff148ba69db3c4ea2ddd955fc46a59522ac'}",
     "ok", "{'class': 'nonstandard'}"},
    {"the verifying opcode", "{'scriptPublicKey': '000020" KEY "ad'}", "ok",
     "{'class': 'nonstandard'}"},
    {"the same push with PUSHDATA1", "{'scriptPublicKey': '00004c20" KEY "ac'}", "ok",
     "{'class': 'nonstandard'}"},
    {"a byte behind it", "{'scriptPublicKey': '000020" KEY "ac61'}", "ok",
     "{'class': 'nonstandard'}"},
    {"an empty script", "{'scriptPublicKey': '0000'}", "ok", "{'class': 'nonstandard'}"},
    {"half a version", "{'scriptPublicKey': '00'}", "error", NULL},
};

static const struct row texts[] = {
    {"nothing", "{'script': ''}", "ok", "{'text': ''}"},
    {"numbers and opcodes", "{'script': '004f5160aa87'}", "ok",
     "{'text': '0 -1 1 16 BLAKE2B EQUAL'}"},
    {"data", "{'script': '0401020304'}", "ok", "{'text': 'DATA4 0x01020304'}"},
    {"data with a length of its own", "{'script': '4c0101'}", "ok",
     "{'text': 'PUSHDATA1 0x01 0x01'}"},
    {"a byte that is no opcode", "{'script': 'ca'}", "ok", "{'text': 'UNKNOWN_CA'}"},
    {"no hex", "{'script': 'x'}", "error", NULL},
};

static const struct row assembled[] = {
    {"nothing", "{'text': ''}", "ok", "{'script': ''}"},
    {"numbers", "{'text': '0 -1 1 16 17 -17 256'}", "ok",
     "{'script': '004f5160011101910200"
     "01'}"},
    {"names with and without OP_", "{'text': 'OP_CHECKSIG CHECKSIG OpCheckSig'}", "ok",
     "{'script': 'acacac'}"},
    {"raw bytes and a comment", "{'text': '0x51 # one'}", "ok", "{'script': '51'}"},
    {"a word that is none", "{'text': 'CHECKSIGN'}", "UNKNOWN", NULL},
    {"a number above 64 bits", "{'text': '9223372036854775808'}", "RANGE", NULL},
    {"half a byte", "{'text': '0x5'}", "MALFORMED", NULL},
    {"a number instead of a text", "{'text': 5}", "error", NULL},
};

/* The redeem scripts are the last pushes: 51, ac, 01ae, 16 ac. */
#define P2SH "'scriptPublicKey': '0000aa20" KEY "87'"
static const struct row sig_ops[] = {
    {"none", "{'signatureScript': '0151', " P2SH "}", "ok", "{'count': 0}"},
    {"one", "{'signatureScript': '01ac', " P2SH "}", "ok", "{'count': 1}"},
    {"a multisig of unknown keys counts 20", "{'signatureScript': '01ae', " P2SH "}", "ok",
     "{'count': 20}"},
    {"a multisig of 3 keys", "{'signatureScript': '0253ae', " P2SH "}", "ok", "{'count': 3}"},
    {"16", "{'signatureScript': '10acacacacacacacacacacacacacacacac', " P2SH "}", "ok",
     "{'count': 16}"},
    {"what is malformed counts nothing", "{'signatureScript': '03acac05', " P2SH "}", "ok",
     "{'count': 0}"},
    {"a script that is not P2SH counts nothing",
     "{'signatureScript': '01ac', 'scriptPublicKey': '000020" KEY "ac'}", "ok", "{'count': 0}"},
};

/* ---- numbers ---- */

static const struct row numbers[] = {
    {"nothing is zero", "{'bytes': ''}", "ok", "{'number': '0'}"},
    {"one", "{'bytes': '01'}", "ok", "{'number': '1'}"},
    {"minus one", "{'bytes': '81'}", "ok", "{'number': '-1'}"},
    {"negative zero", "{'bytes': '80'}", "ok", "{'number': '0'}"},
    {"128 needs a byte for its sign", "{'bytes': '8000'}", "ok", "{'number': '128'}"},
    {"not minimal", "{'bytes': '0100000000000080'}", "ok", "{'number': '-1'}"},
    {"the largest", "{'bytes': 'ffffffffffffff7f'}", "ok", "{'number': '9223372036854775807'}"},
    {"the smallest", "{'bytes': 'ffffffffffffffff'}", "ok", "{'number': '-9223372036854775807'}"},
    {"9 bytes", "{'bytes': '000000000000000000'}", "NumberTooBig", NULL},
    {"no hex", "{'bytes': '0'}", "error", NULL},
};

static const struct row forms[] = {
    {"zero is nothing", "{'number': '0'}", "ok", "{'bytes': ''}"},
    {"127", "{'number': '127'}", "ok", "{'bytes': '7f'}"},
    {"128", "{'number': '128'}", "ok", "{'bytes': '8000'}"},
    {"minus 128", "{'number': '-128'}", "ok", "{'bytes': '8080'}"},
    {"the largest", "{'number': '9223372036854775807'}", "ok", "{'bytes': 'ffffffffffffff7f'}"},
    {"the smallest", "{'number': '-9223372036854775807'}", "ok", "{'bytes': 'ffffffffffffffff'}"},
    {"-2^63 has no form", "{'number': '-9223372036854775808'}", "Serialization", NULL},
    {"2^63", "{'number': '9223372036854775808'}", "error", NULL},
    {"a zero in front", "{'number': '01'}", "error", NULL},
    {"minus zero", "{'number': '-0'}", "error", NULL},
};

/* ---- personal messages ---- */

#define HELLO "'message': 'Hello Kaspa!'"
#define KEY_3 "'publicKey': 'f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9'"
#define R_3 "40b9bb2be0ae02607279eda64015a8d86e3763279170340b8243f7ce5344d77a"
#define S_3 "ff1191598baf2fd26149cac3b4b12c2c433261c00834db6098cb172aa48ef522"

static const struct row hashes[] = {
    {"ASCII", "{" HELLO "}", "ok",
     "{'hash': '2e55deda4a5224208dbd4d93cfe5aa22d945eaa63172e329c49afed62f0e1510'}"},
    {"UTF-8", "{'message': '\\u3053\\u3093\\u306b\\u3061\\u306f\\u4e16\\u754c'}", "ok",
     "{'hash': 'e2681a5031b7143ec120118a0b8041de77964853cb1b51a263e1deef8506f2eb'}"},
    {"nothing", "{'message': ''}", "ok", NULL},
    {"no message", "{}", "error", NULL},
};

static const struct row verified[] = {
    {"a signature of the node's tests", "{" HELLO ", " KEY_3 ", 'signature': '" R_3 S_3 "'}", "ok",
     "{}"},
    {"of another message", "{'message': 'Hello Kaspa.', " KEY_3 ", 'signature': '" R_3 S_3 "'}",
     "InvalidSignature", NULL},
    {"its halves exchanged", "{" HELLO ", " KEY_3 ", 'signature': '" S_3 R_3 "'}",
     "InvalidSignature", NULL},
    {"half of it", "{" HELLO ", " KEY_3 ", 'signature': '" R_3 "'}", "InvalidSignature", NULL},
    {"a key that is none",
     "{" HELLO ", 'publicKey': "
     "'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', 'signature': '" R_3 S_3
     "'}",
     "InvalidSignature", NULL},
};

#define ADD(operation, rows) add_rows(v, operation, rows, ARRAY_LEN(rows))

void vectors_kaspa_data(struct vectors *v)
{
    ADD("kaspa.address.decode", decoded);
    ADD("kaspa.address.encode", encoded);
    ADD("kaspa.address.of_script", of_scripts);
    ADD("kaspa.script.class", classes);
    ADD("kaspa.script.text", texts);
    ADD("kaspa.script.assemble", assembled);
    ADD("kaspa.script.sig_ops", sig_ops);
    ADD("kaspa.number.decode", numbers);
    ADD("kaspa.number.encode", forms);
    ADD("kaspa.message.hash", hashes);
    ADD("kaspa.message.verify", verified);
}
