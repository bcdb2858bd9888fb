// @kaspa-x402/covenant behind Assay's adapter protocol: one JSON object a line in, one a line out.
// The package builds transactions and digests of template kaspa-x402-escrow-v2 and verifies
// nothing, so what it makes of a question is what a program that trusts it would sign and send.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const home = process.argv[2]; // the folder that holds node_modules
const place = `${home}/node_modules/@kaspa-x402/covenant`;
const library = await import(pathToFileURL(`${place}/dist/index.js`));
const { version } = JSON.parse(readFileSync(`${place}/package.json`, "utf8"));

const TEMPLATE = library.ESCROW_V2_TEMPLATE_ID;
const BINDING = "kaspa-escrow-v2";
// The smallest that its scripts run with: ten for each signature that they check.
const BUDGETS = { claim: 20, topUp: 10, refund: 10, funding: 10 };

class Unsupported extends Error {}

// ---- what the package leaves to its caller ----

const ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

// The script of an address; the checksum is the caller's business here, as it is for the package.
function scriptOfAddress(text) {
  const fives = [...text.slice(text.indexOf(":") + 1)].map((c) => ALPHABET.indexOf(c));
  const bytes = [];
  let bits = 0;
  let value = 0;
  for (const five of fives.slice(0, -8)) {
    value = (value << 5) | five;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((value >> bits) & 0xff);
      value &= (1 << bits) - 1;
    }
  }
  const payload = Buffer.from(bytes.slice(1)).toString("hex");
  if (bytes[0] === 0) return `000020${payload}ac`;
  if (bytes[0] === 8) return `0000aa20${payload}87`;
  throw new Unsupported("addresses of another version");
}

const sha256 = (hex) => createHash("sha256").update(Buffer.from(hex, "hex")).digest("hex");

// Script units for which a budget is the smallest: the package wants both to agree.
const unitsOf = (budget) => library.scriptUnitAllowance(budget);

function lane(question) {
  const config = question.channelConfig;
  if (config.templateId !== TEMPLATE || (question.binding ?? BINDING) !== BINDING)
    throw new Unsupported(`it knows template ${TEMPLATE} alone`);
  const payout = scriptOfAddress(config.payTo);
  const refund = scriptOfAddress(config.refundAddress);
  const at = (settledTotal) => {
    const params = {
      clientPublicKey: config.clientPublicKey,
      serverPublicKey: config.serverPublicKey,
      network: config.network,
      payoutScriptPublicKeyHash: sha256(payout),
      refundScriptPublicKeyHash: sha256(refund),
      timeoutDaa: config.refundTimeoutDaa,
      settledTotal,
    };
    return {
      redeem: library.buildEscrowV2RedeemScript(params),
      spk: library.serializedScriptPublicKey(library.escrowV2ScriptPublicKey(params)),
    };
  };
  return { config, payout, refund, at };
}

const funding = (list) =>
  list.map((coin) => ({
    previousOutpoint: coin.outpoint,
    amount: coin.value,
    scriptPublicKey: coin.scriptPublicKey,
    signature: coin.signature.slice(0, 128), // it appends the type itself
    computeBudget: BUDGETS.funding,
  }));

// The members of a transaction that its builders take as they come.
const asAsked = (question) =>
  Object.fromEntries(["lockTime", "sequence", "payload"].filter((m) => m in question).map((m) => [m, question[m]]));

const artifact = (made) => ({
  transactionId: made.transactionId,
  transactionHash: made.transactionHash,
  storageMass: made.transaction.mass,
});

// ---- the operations ----

const operations = {
  "voucher.digest"(question) {
    if (question.binding !== BINDING) throw new Unsupported(`it knows binding ${BINDING} alone`);
    return {
      digest: library.voucherV2Digest({
        network: question.network,
        covenantId: question.covenantId,
        totalAuthorized: question.amount,
      }),
    };
  },

  "template.spk"(question) {
    if (question.templateId !== TEMPLATE) throw new Unsupported(`it knows template ${TEMPLATE} alone`);
    const params = { ...question, settledTotal: question.claimed };
    return {
      scriptPublicKey: library.serializedScriptPublicKey(library.escrowV2ScriptPublicKey(params)),
      redeemScript: library.buildEscrowV2RedeemScript(params),
    };
  },

  "genesis.build"(question) {
    const first = lane(question).at("0");
    const made = library.buildBatchGenesisTxV1Artifact({
      fundingInputs: funding(question.funding),
      escrowAmount: question.amount,
      escrowScriptPublicKey: first.spk,
      escrowRedeemScript: first.redeem,
      initialSettledTotal: "0",
      fee: question.fee,
      ...asAsked(question),
    });
    return { ...artifact(made), covenantId: made.covenantId };
  },

  "claim.build"(question) {
    const { config, payout, at } = lane(question);
    const { head } = question;
    const now = at(head.claimed);
    const next = at(question.successorClaimed ?? (BigInt(head.claimed) + BigInt(question.amount)).toString());
    return artifact(
      library.buildBatchClaimTxV1Artifact({
        network: config.network,
        activeOutpoint: head.outpoint,
        activeAmount: head.value,
        activeScriptPublicKey: now.spk,
        activeRedeemScript: now.redeem,
        covenantId: head.covenantId,
        settledTotal: head.claimed,
        totalAuthorized: question.total,
        claimAmount: question.amount,
        successorScriptPublicKey: next.spk,
        successorRedeemScript: next.redeem,
        serverOutputScriptPublicKey: payout,
        expectedPayoutScriptPublicKeyHash: sha256(payout),
        fee: question.fee,
        serverSignature: question.providerSignature,
        voucherSignature: question.voucherSignature,
        computeBudget: BUDGETS.claim,
        scriptUnitsEstimate: unitsOf(BUDGETS.claim),
        ...asAsked(question),
      }),
    );
  },

  "topup.build"(question) {
    const { refund, at } = lane(question);
    const { head } = question;
    const now = at(head.claimed);
    const next = at(question.successorClaimed ?? head.claimed);
    const paid = question.funding.reduce((sum, coin) => sum + BigInt(coin.value), 0n);
    const change = paid - BigInt(question.amount) - BigInt(question.fee);
    return artifact(
      library.buildBatchTopUpTxV1Artifact({
        activeOutpoint: head.outpoint,
        activeAmount: head.value,
        activeScriptPublicKey: now.spk,
        activeRedeemScript: now.redeem,
        covenantId: head.covenantId,
        settledTotal: head.claimed,
        successorAmount: (BigInt(head.value) + BigInt(question.amount)).toString(),
        successorScriptPublicKey: next.spk,
        successorRedeemScript: next.redeem,
        clientSignature: question.clientSignature,
        fundingInputs: funding(question.funding),
        changeOutputs: change > 0n ? [{ amount: change.toString(), scriptPublicKey: refund, covenant: null }] : [],
        expectedRefundScriptPublicKeyHash: sha256(refund),
        fee: question.fee,
        computeBudget: BUDGETS.topUp,
        scriptUnitsEstimate: unitsOf(BUDGETS.topUp),
        ...asAsked(question),
      }),
    );
  },

  "refund.build"(question) {
    const { config, refund, at } = lane(question);
    const { head } = question;
    const now = at(head.claimed);
    return artifact(
      library.buildBatchRefundTxV1Artifact({
        activeOutpoint: head.outpoint,
        activeAmount: head.value,
        activeScriptPublicKey: now.spk,
        activeRedeemScript: now.redeem,
        covenantId: head.covenantId,
        refundOutputScriptPublicKey: refund,
        expectedRefundScriptPublicKeyHash: sha256(refund),
        fee: question.fee,
        clientSignature: question.clientSignature,
        timeoutDaa: question.timeoutDaa ?? config.refundTimeoutDaa,
        lockTimeDaa: question.lockTime,
        inputSequence: question.sequence ?? "0",
        computeBudget: BUDGETS.refund,
        scriptUnitsEstimate: unitsOf(BUDGETS.refund),
        ...("payload" in question ? { payload: question.payload } : {}),
      }),
    );
  },
};

// ---- the protocol ----

function answer(question) {
  if (question.op === "hello")
    return {
      ok: { name: "@kaspa-x402/covenant", version, language: "JavaScript", operations: Object.keys(operations) },
    };
  const operation = operations[question.op];
  if (operation === undefined) return { unsupported: "no such operation" };
  try {
    return { ok: operation(question) };
  } catch (error) {
    if (error instanceof Unsupported) return { unsupported: error.message };
    return { refused: { rule: "", reason: String(error.message).slice(0, 240) } };
  }
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  let question;
  try {
    question = JSON.parse(line);
  } catch {
    continue;
  }
  process.stdout.write(`${JSON.stringify({ id: question.id, ...answer(question) })}\n`);
}
