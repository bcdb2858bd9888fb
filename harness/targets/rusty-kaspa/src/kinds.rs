//! The names of the crates' error kinds. Without a wildcard: a kind that a later version adds is
//! found by the compiler.

use std::fmt::{self, Display, Write};

use kaspa_addresses::AddressError;
use kaspa_txscript_errors::{CovenantsError, TxScriptError};

pub fn of_script(error: &TxScriptError) -> &'static str {
    match error {
        TxScriptError::MalformedPushSize(..) => "MalformedPushSize",
        TxScriptError::MalformedPush(..) => "MalformedPush",
        TxScriptError::InvalidInputIndex(..) => "InvalidInputIndex",
        TxScriptError::InvalidCovInputIndex(..) => "InvalidCovInputIndex",
        TxScriptError::StackSizeExceeded(..) => "StackSizeExceeded",
        TxScriptError::InvalidOpcode(..) => "InvalidOpcode",
        TxScriptError::OpcodeReserved(..) => "OpcodeReserved",
        TxScriptError::OpcodeDisabled(..) => "OpcodeDisabled",
        TxScriptError::EmptyStack => "EmptyStack",
        TxScriptError::CleanStack(..) => "CleanStack",
        TxScriptError::EvalFalse => "EvalFalse",
        TxScriptError::EarlyReturn => "EarlyReturn",
        TxScriptError::VerifyError => "VerifyError",
        TxScriptError::InvalidState(..) => "InvalidState",
        TxScriptError::InvalidPubkey(..) => "InvalidPubkey",
        TxScriptError::InvalidSignature(..) => "InvalidSignature",
        TxScriptError::SigcacheSignatureInvalid => "SigcacheSignatureInvalid",
        TxScriptError::TooManyOperations(..) => "TooManyOperations",
        TxScriptError::NotATransactionInput => "NotATransactionInput",
        TxScriptError::ElementTooBig(..) => "ElementTooBig",
        TxScriptError::NotMinimalData(..) => "NotMinimalData",
        TxScriptError::InvalidSource(..) => "InvalidSource",
        TxScriptError::UnsatisfiedLockTime(..) => "UnsatisfiedLockTime",
        TxScriptError::NumberTooBig(..) => "NumberTooBig",
        TxScriptError::NullFail => "NullFail",
        TxScriptError::InvalidSignatureCount(..) => "InvalidSignatureCount",
        TxScriptError::InvalidPubKeyCount(..) => "InvalidPubKeyCount",
        TxScriptError::InvalidSigHashType(..) => "InvalidSigHashType",
        TxScriptError::PubKeyFormat => "PubKeyFormat",
        TxScriptError::NoScripts => "NoScripts",
        TxScriptError::SignatureScriptNotPushOnly => "SignatureScriptNotPushOnly",
        TxScriptError::ErrUnbalancedConditional => "ErrUnbalancedConditional",
        TxScriptError::InvalidStackOperation(..) => "InvalidStackOperation",
        TxScriptError::ScriptSize(..) => "ScriptSize",
        TxScriptError::InvalidOutputIndex(..) => "InvalidOutputIndex",
        TxScriptError::Serialization(..) => "Serialization",
        TxScriptError::ExceededCommittedScriptUnits { .. } => "ExceededCommittedScriptUnits",
        TxScriptError::ZkIntegrity(..) => "ZkIntegrity",
        TxScriptError::OutOfBoundsSubstring(..) => "OutOfBoundsSubstring",
        TxScriptError::InvalidIndex(..) => "InvalidIndex",
        TxScriptError::InvalidRange { .. } => "InvalidRange",
        TxScriptError::InvalidLengthOfBlockHash(..) => "InvalidLengthOfBlockHash",
        TxScriptError::BlockNotSelected(..) => "BlockNotSelected",
        TxScriptError::BlockAlreadyPruned(..) => "BlockAlreadyPruned",
        TxScriptError::BlockIsTooDeep(..) => "BlockIsTooDeep",
        TxScriptError::CovenantsError(..) => "CovenantsError",
    }
}

pub fn of_covenants(error: &CovenantsError) -> &'static str {
    match error {
        CovenantsError::WrongGenesisCovenantId(..) => "WrongGenesisCovenantId",
        CovenantsError::AuthInputOutOfBounds(..) => "AuthInputOutOfBounds",
        CovenantsError::InvalidCovInIndex(..) => "InvalidCovInIndex",
        CovenantsError::InvalidCovOutIndex(..) => "InvalidCovOutIndex",
        CovenantsError::InvalidAuthCovOutIndex(..) => "InvalidAuthCovOutIndex",
    }
}

pub fn of_address(error: &AddressError) -> &'static str {
    match error {
        AddressError::InvalidPrefix(..) => "InvalidPrefix",
        AddressError::MissingPrefix => "MissingPrefix",
        AddressError::InvalidVersion(..) => "InvalidVersion",
        AddressError::InvalidVersionString(..) => "InvalidVersionString",
        AddressError::DecodingError(..) => "DecodingError",
        AddressError::BadChecksumSize => "BadChecksumSize",
        AddressError::BadChecksum => "BadChecksum",
        AddressError::BadPayload => "BadPayload",
        AddressError::InvalidPayloadLength { .. } => "InvalidPayloadLength",
        AddressError::InvalidAddress => "InvalidAddress",
        AddressError::InvalidAddressArray => "InvalidAddressArray",
        AddressError::WASM(..) => "WASM",
    }
}

const REASON_MAX_BYTES: usize = 240;

/// What the crate says of an error; some of its texts quote whole stack elements, and are cut.
pub fn reason(error: &impl Display) -> String {
    let mut out = Reason(String::new());
    if write!(out, "{error}").is_err() {
        out.0.push('…');
    }
    out.0
}

struct Reason(String);

impl Write for Reason {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = REASON_MAX_BYTES - self.0.len();
        if text.len() <= room {
            self.0.push_str(text);
            return Ok(());
        }
        self.0.push_str(&text[..text.floor_char_boundary(room)]);
        Err(fmt::Error)
    }
}
