//! Transactions, what they spend, and headers, as requests have them, and their way into the types
//! of the crates.

use kaspa_consensus_core::BlueWorkType;
use kaspa_consensus_core::header::Header;
use kaspa_consensus_core::subnets::SubnetworkId;
use kaspa_consensus_core::tx::{
    CovenantBinding, PopulatedTransaction, ScriptPublicKey, Transaction, TransactionInput,
    TransactionOutpoint, TransactionOutput, UtxoEntry,
};
use kaspa_hashes::Hash;
use serde::Deserialize;

use crate::json::{Text, nullable, request};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TxJson {
    version: u16,
    inputs: Vec<InputJson>,
    outputs: Vec<OutputJson>,
    lock_time: Text<u64>,
    subnetwork_id: Text<SubnetworkId>,
    gas: Text<u64>,
    payload: Text<Vec<u8>>,
    storage_mass: Text<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct OutpointJson {
    transaction_id: Text<Hash>,
    index: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct InputJson {
    previous_outpoint: OutpointJson,
    signature_script: Text<Vec<u8>>,
    sequence: Text<u64>,
    sig_op_count: Option<u8>,
    compute_budget: Option<u16>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct OutputJson {
    value: Text<u64>,
    script_public_key: Text<ScriptPublicKey>,
    #[serde(deserialize_with = "nullable")]
    covenant: Option<BindingJson>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct BindingJson {
    authorizing_input: u16,
    covenant_id: Text<Hash>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UtxoJson {
    amount: Text<u64>,
    script_public_key: Text<ScriptPublicKey>,
    block_daa_score: Text<u64>,
    is_coinbase: bool,
    #[serde(deserialize_with = "nullable")]
    covenant_id: Option<Text<Hash>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct GenesisOutputJson {
    index: u32,
    value: Text<u64>,
    script_public_key: Text<ScriptPublicKey>,
}

request!(HeaderRequest {
    version: u16,
    parents_by_level: Vec<Vec<Text<Hash>>>,
    hash_merkle_root: Text<Hash>,
    accepted_id_merkle_root: Text<Hash>,
    utxo_commitment: Text<Hash>,
    timestamp: Text<u64>,
    bits: u32,
    nonce: Text<u64>,
    daa_score: Text<u64>,
    blue_score: Text<u64>,
    blue_work: Text<BlueWorkType>,
    pruning_point: Text<Hash>,
});

impl TxJson {
    /// Its id is not computed.
    pub fn into_tx(self) -> Result<Transaction, String> {
        let inputs = self.inputs.into_iter().enumerate();
        let inputs = inputs.map(|(i, input)| input.into_input(i)).collect::<Result<_, _>>()?;
        let tx = Transaction::new_non_finalized(
            self.version,
            inputs,
            self.outputs.into_iter().map(OutputJson::into_output).collect(),
            self.lock_time.0,
            self.subnetwork_id.0,
            self.gas.0,
            self.payload.0,
        );
        Ok(tx.with_storage_mass(self.storage_mass.0))
    }
}

impl OutpointJson {
    pub fn into_outpoint(self) -> TransactionOutpoint {
        TransactionOutpoint::new(self.transaction_id.0, self.index)
    }
}

impl InputJson {
    fn into_input(self, index: usize) -> Result<TransactionInput, String> {
        let outpoint = self.previous_outpoint.into_outpoint();
        let script = self.signature_script.0;
        let sequence = self.sequence.0;
        match (self.sig_op_count, self.compute_budget) {
            (Some(count), None) => Ok(TransactionInput::new(outpoint, script, sequence, count)),
            (None, Some(budget)) => {
                Ok(TransactionInput::new_with_compute_budget(outpoint, script, sequence, budget))
            }
            _ => Err(format!("input {index} needs exactly one of sigOpCount and computeBudget")),
        }
    }
}

impl OutputJson {
    fn into_output(self) -> TransactionOutput {
        let covenant = self
            .covenant
            .map(|binding| CovenantBinding::new(binding.authorizing_input, binding.covenant_id.0));
        TransactionOutput::with_covenant(self.value.0, self.script_public_key.0, covenant)
    }
}

impl UtxoJson {
    fn into_entry(self) -> UtxoEntry {
        UtxoEntry::new(
            self.amount.0,
            self.script_public_key.0,
            self.block_daa_score.0,
            self.is_coinbase,
            self.covenant_id.map(|id| id.0),
        )
    }
}

impl GenesisOutputJson {
    pub fn into_output(self) -> (u32, TransactionOutput) {
        (self.index, TransactionOutput::new(self.value.0, self.script_public_key.0))
    }
}

impl HeaderRequest {
    /// The error is of the crate, which knows at most 255 levels.
    pub fn into_header(self) -> Result<Header, String> {
        let levels = self.parents_by_level.into_iter();
        let levels: Vec<Vec<Hash>> =
            levels.map(|level| level.into_iter().map(|hash| hash.0).collect()).collect();
        Ok(Header::new_finalized(
            self.version,
            levels.try_into().map_err(|error| format!("parents by level: {error}"))?,
            self.hash_merkle_root.0,
            self.accepted_id_merkle_root.0,
            self.utxo_commitment.0,
            self.timestamp.0,
            self.bits,
            self.nonce.0,
            self.daa_score.0,
            self.blue_work.0,
            self.blue_score.0,
            self.pruning_point.0,
        ))
    }
}

/// A transaction and what it spends, one an input.
pub struct Spend {
    tx: Transaction,
    entries: Vec<UtxoEntry>,
}

impl Spend {
    pub fn new(tx: TxJson, utxos: Vec<UtxoJson>) -> Result<Self, String> {
        let tx = tx.into_tx()?;
        if utxos.len() != tx.inputs.len() {
            return Err(format!("{} utxos of {} inputs", utxos.len(), tx.inputs.len()));
        }
        Ok(Spend { tx, entries: utxos.into_iter().map(UtxoJson::into_entry).collect() })
    }

    pub fn populate(&mut self) -> PopulatedTransaction<'_> {
        PopulatedTransaction::new(&self.tx, std::mem::take(&mut self.entries))
    }
}
