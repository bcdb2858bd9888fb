//! The operations: their names, what they take, and how the crates' results become answers.

use std::sync::LazyLock;

use kaspa_addresses::{Address, AddressError, Prefix, Version};
use kaspa_consensus_core::config::params::MAINNET_PARAMS;
use kaspa_consensus_core::hashing;
use kaspa_consensus_core::hashing::sighash::{
    SigHashReusedValuesUnsync, calc_ecdsa_signature_hash, calc_schnorr_signature_hash,
};
use kaspa_consensus_core::hashing::sighash_type::SigHashType;
use kaspa_consensus_core::mass::{
    MassCalculator, ScriptUnits, UtxoPlurality, transaction_estimated_serialized_size,
};
use kaspa_consensus_core::tx::{
    ComputeCommit, PopulatedTransaction, ScriptPublicKey, Transaction, TransactionInput,
    VerifiableTransaction,
};
use kaspa_txscript::caches::Cache;
use kaspa_txscript::covenants::CovenantsContext;
use kaspa_txscript::opcodes::codes::OpChainblockSeqCommit;
use kaspa_txscript::script_class::ScriptClass;
use kaspa_txscript::{
    EngineCtx, EngineFlags, SigCacheKey, TxScriptEngine, extract_script_pub_key_address,
    p2sh_sig_scanner, pay_to_address_script,
};
use kaspa_txscript_errors::TxScriptError;
use serde_json::{Value, json};

use crate::json::{Text, Units, read, request};
use crate::kinds;
use crate::model::{GenesisOutputJson, HeaderRequest, OutpointJson, Spend, TxJson, UtxoJson};

pub enum Answer {
    Ok(Value),
    Refused(Value),
    Unsupported(String),
}

/// Takes the line of the request. The error says what is wrong with the request.
pub type Operation = fn(&[u8]) -> Result<Answer, String>;

pub const OPERATIONS: &[(&str, Operation)] = &[
    ("kaspa.txid", txid),
    ("kaspa.sighash", sighash),
    ("kaspa.mass", mass),
    ("kaspa.covenant.id", covenant_id),
    ("kaspa.covenants", covenants),
    ("kaspa.script.run", script_run),
    ("kaspa.script.class", script_class),
    ("kaspa.script.sig_ops", script_sig_ops),
    ("kaspa.address.decode", address_decode),
    ("kaspa.address.encode", address_encode),
    ("kaspa.address.of_script", address_of_script),
    ("kaspa.header_hash", header_hash),
];

fn refused(rule: &str, reason: String) -> Answer {
    Answer::Refused(json!({"rule": rule, "reason": reason}))
}

fn refused_address(error: &AddressError) -> Answer {
    refused(kinds::of_address(error), kinds::reason(error))
}

request!(TxidRequest { transaction: TxJson });

fn txid(line: &[u8]) -> Result<Answer, String> {
    let mut tx = read::<TxidRequest>(line)?.transaction.into_tx()?;
    tx.finalize();
    let hash = hashing::tx::hash(&tx);
    Ok(Answer::Ok(json!({"id": tx.id().to_string(), "hash": hash.to_string()})))
}

request!(SighashRequest {
    transaction: TxJson,
    utxos: Vec<UtxoJson>,
    input: usize,
    #[serde(rename = "type")]
    hash_type: u8,
});

fn sighash(line: &[u8]) -> Result<Answer, String> {
    let request: SighashRequest = read(line)?;
    let mut spend = Spend::new(request.transaction, request.utxos)?;
    let tx = spend.populate();
    input_of(&tx, request.input)?;
    let hash_type = match SigHashType::from_u8(request.hash_type) {
        Ok(hash_type) => hash_type,
        Err(text) => return Ok(refused("InvalidSigHashType", text.to_string())),
    };
    let reused = SigHashReusedValuesUnsync::new();
    let schnorr = calc_schnorr_signature_hash(&tx, request.input, hash_type, &reused);
    let ecdsa = calc_ecdsa_signature_hash(&tx, request.input, hash_type, &reused);
    Ok(Answer::Ok(json!({"schnorr": schnorr.to_string(), "ecdsa": ecdsa.to_string()})))
}

fn input_of<'a>(
    tx: &'a PopulatedTransaction<'_>,
    index: usize,
) -> Result<&'a TransactionInput, String> {
    let count = tx.inputs().len();
    tx.inputs().get(index).ok_or_else(|| format!("input {index} of {count} inputs"))
}

request!(MassRequest {
    transaction: TxJson,
    utxos: Vec<UtxoJson>,
});

fn mass(line: &[u8]) -> Result<Answer, String> {
    let request: MassRequest = read(line)?;
    let mut spend = Spend::new(request.transaction, request.utxos)?;
    let populated = spend.populate();
    if let Some(text) = not_for_masses(&populated) {
        return Ok(Answer::Unsupported(text.to_string()));
    }
    let calculator = MassCalculator::new_with_consensus_params(&MAINNET_PARAMS);
    let masses = calculator.calc_non_contextual_masses(populated.tx);
    let Some(contextual) = calculator.calc_contextual_masses(&populated) else {
        let reason = "the storage mass does not fit 64 bits".to_string();
        return Ok(refused("MassIncomputable", reason));
    };
    Ok(Answer::Ok(json!({
        "size": transaction_estimated_serialized_size(populated.tx).to_string(),
        "compute": masses.compute_mass.to_string(),
        "transient": masses.transient_mass.to_string(),
        "storage": contextual.storage_mass.to_string(),
    })))
}

/// The crate computes masses only of what earlier checks of a node let through, and panics else.
fn not_for_masses(populated: &PopulatedTransaction) -> Option<&'static str> {
    let tx = populated.tx;
    if tx.is_coinbase() {
        return None;
    }
    if !tx.inputs.iter().all(|input| has_commit_of_version(tx, input)) {
        return Some("masses of a compute commitment that does not go with the version");
    }
    let amounts = populated.entries.iter().map(|entry| entry.amount);
    let mut values = amounts.clone().chain(tx.outputs.iter().map(|output| output.value));
    if tx.inputs.is_empty() || values.any(|value| value == 0) {
        return Some("masses without inputs, or with a value of 0");
    }
    let sum = amounts.map(u128::from).sum::<u128>();
    if sum > u128::from(u64::MAX) || !populated.entries.iter().all(harmonic_fits) {
        return Some("masses of inputs whose sums do not fit 64 bits");
    }
    None
}

fn has_commit_of_version(tx: &Transaction, input: &TransactionInput) -> bool {
    if ComputeCommit::version_expects_compute_budget_field(tx.version) {
        input.compute_commit.compute_budget().is_some()
    } else {
        input.compute_commit.sig_op_count().is_some()
    }
}

fn harmonic_fits(entry: &impl UtxoPlurality) -> bool {
    let plurality = entry.plurality();
    let product = MAINNET_PARAMS.storage_mass_parameter.checked_mul(plurality);
    product.and_then(|product| product.checked_mul(plurality)).is_some()
}

request!(CovenantIdRequest {
    outpoint: OutpointJson,
    outputs: Vec<GenesisOutputJson>,
});

fn covenant_id(line: &[u8]) -> Result<Answer, String> {
    let request: CovenantIdRequest = read(line)?;
    let outputs: Vec<_> = request.outputs.into_iter().map(GenesisOutputJson::into_output).collect();
    let outputs = outputs.iter().map(|(index, output)| (*index, output));
    let id = hashing::covenant_id::covenant_id(request.outpoint.into_outpoint(), outputs);
    Ok(Answer::Ok(json!({"covenantId": id.to_string()})))
}

request!(CovenantsRequest {
    transaction: TxJson,
    utxos: Vec<UtxoJson>,
});

fn covenants(line: &[u8]) -> Result<Answer, String> {
    let request: CovenantsRequest = read(line)?;
    let mut spend = Spend::new(request.transaction, request.utxos)?;
    match CovenantsContext::from_tx(&spend.populate()) {
        Ok(context) => Ok(Answer::Ok(covenants_json(&context))),
        Err(error) => Ok(refused(kinds::of_covenants(&error), kinds::reason(&error))),
    }
}

fn covenants_json(context: &CovenantsContext) -> Value {
    let mut inputs: Vec<_> = context.input_ctxs.iter().collect();
    inputs.sort_by_key(|(input, _)| **input);
    let mut ids: Vec<_> = context.shared_ctxs.iter().collect();
    ids.sort_by_key(|(id, _)| id.as_bytes());
    let inputs: Vec<Value> = inputs
        .into_iter()
        .map(|(input, of)| json!({"input": input, "outputs": of.auth_outputs}))
        .collect();
    let ids: Vec<Value> = ids
        .into_iter()
        .map(|(id, of)| {
            json!({
                "covenantId": id.to_string(),
                "inputs": of.input_indices,
                "outputs": of.output_indices,
            })
        })
        .collect();
    json!({"inputs": inputs, "ids": ids})
}

request!(ScriptRunRequest {
    transaction: TxJson,
    utxos: Vec<UtxoJson>,
    input: usize,
    units: Option<Text<Units>>,
});

/// Holds nothing: a signature is checked each time that it is met.
static NO_CACHE: LazyLock<Cache<SigCacheKey, bool>> = LazyLock::new(|| Cache::new(0));

fn script_run(line: &[u8]) -> Result<Answer, String> {
    let request: ScriptRunRequest = read(line)?;
    let mut spend = Spend::new(request.transaction, request.utxos)?;
    let tx = spend.populate();
    let input = input_of(&tx, request.input)?;
    let covenants = match CovenantsContext::from_tx(&tx) {
        Ok(context) => context,
        Err(error) => return Ok(refused_script(&TxScriptError::from(error), 0)),
    };
    let limit = match request.units {
        Some(Text(Units(units))) => ScriptUnits(units),
        None => input.compute_commit.allowed_script_units(),
    };
    let reused = SigHashReusedValuesUnsync::new();
    let mut engine = TxScriptEngine::from_transaction_input_with_script_units_limit(
        &tx,
        input,
        request.input,
        &tx.entries[request.input],
        EngineCtx::new(&NO_CACHE).with_reused(&reused).with_covenants_ctx(&covenants),
        EngineFlags::default(),
        limit,
    );
    let result = engine.execute();
    let charged = engine.used_script_units().0;
    Ok(match result {
        Ok(()) => Answer::Ok(json!({"usedUnits": charged.to_string()})),
        Err(error) => failed_script(&error, charged),
    })
}

fn failed_script(error: &TxScriptError, charged: u64) -> Answer {
    let zk = || Answer::Unsupported("zk precompile".to_string());
    let sequencing = || Answer::Unsupported("sequencing commitment".to_string());
    match error {
        TxScriptError::ZkIntegrity(_) => zk(),
        TxScriptError::BlockNotSelected(_)
        | TxScriptError::BlockAlreadyPruned(_)
        | TxScriptError::BlockIsTooDeep(_) => sequencing(),
        // The engine has no access to blocks here, and calls the opcode invalid for that.
        TxScriptError::InvalidOpcode(text) if names(text, OpChainblockSeqCommit) => sequencing(),
        TxScriptError::ExceededCommittedScriptUnits { used, .. } => refused_script(error, *used),
        _ => refused_script(error, charged),
    }
}

/// Whether the text of an error names the opcode.
fn names(text: &str, opcode: u8) -> bool {
    text.starts_with(&format!("Opcode<{opcode:#2x}>"))
}

fn refused_script(error: &TxScriptError, used: u64) -> Answer {
    Answer::Refused(json!({
        "rule": kinds::of_script(error),
        "reason": kinds::reason(error),
        "usedUnits": used.to_string(),
    }))
}

request!(ScriptClassRequest {
    script_public_key: Text<ScriptPublicKey>,
});

fn script_class(line: &[u8]) -> Result<Answer, String> {
    let spk = read::<ScriptClassRequest>(line)?.script_public_key.0;
    Ok(Answer::Ok(json!({"class": ScriptClass::from_script(&spk).to_string()})))
}

request!(ScriptSigOpsRequest {
    signature_script: Text<Vec<u8>>,
    script_public_key: Text<ScriptPublicKey>,
});

fn script_sig_ops(line: &[u8]) -> Result<Answer, String> {
    let request: ScriptSigOpsRequest = read(line)?;
    let count = p2sh_sig_scanner(&request.signature_script.0, &request.script_public_key.0);
    Ok(Answer::Ok(json!({"count": count})))
}

request!(AddressDecodeRequest { address: String });

fn address_decode(line: &[u8]) -> Result<Answer, String> {
    let request: AddressDecodeRequest = read(line)?;
    Ok(match Address::try_from(request.address.as_str()) {
        Ok(address) => Answer::Ok(json!({
            "prefix": address.prefix.to_string(),
            "version": address.version as u8,
            "payload": hex::encode(&address.payload),
            "scriptPublicKey": spk_hex(&pay_to_address_script(&address)),
        })),
        Err(error) => refused_address(&error),
    })
}

fn spk_hex(spk: &ScriptPublicKey) -> String {
    format!("{:04x}{}", spk.version(), hex::encode(spk.script()))
}

request!(AddressEncodeRequest {
    prefix: String,
    version: u8,
    payload: Text<Vec<u8>>,
});

fn address_encode(line: &[u8]) -> Result<Answer, String> {
    let request: AddressEncodeRequest = read(line)?;
    Ok(match encoded(&request) {
        Ok(address) => Answer::Ok(json!({"address": address.to_string()})),
        Err(error) => refused_address(&error),
    })
}

fn encoded(request: &AddressEncodeRequest) -> Result<Address, AddressError> {
    let prefix = Prefix::try_from(request.prefix.as_str())?;
    let version = Version::try_from(request.version)?;
    Address::try_new(prefix, version, &request.payload.0)
}

request!(AddressOfScriptRequest {
    script_public_key: Text<ScriptPublicKey>,
    prefix: String,
});

fn address_of_script(line: &[u8]) -> Result<Answer, String> {
    let request: AddressOfScriptRequest = read(line)?;
    let prefix = match Prefix::try_from(request.prefix.as_str()) {
        Ok(prefix) => prefix,
        Err(error) => return Ok(refused_address(&error)),
    };
    Ok(match extract_script_pub_key_address(&request.script_public_key.0, prefix) {
        Ok(address) => Answer::Ok(json!({"address": address.to_string()})),
        Err(error) => refused(kinds::of_script(&error), kinds::reason(&error)),
    })
}

fn header_hash(line: &[u8]) -> Result<Answer, String> {
    match read::<HeaderRequest>(line)?.into_header() {
        Ok(header) => Ok(Answer::Ok(json!({"hash": header.hash.to_string()}))),
        Err(text) => Ok(Answer::Unsupported(text)),
    }
}
