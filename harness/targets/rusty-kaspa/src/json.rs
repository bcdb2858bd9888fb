//! The values of requests, read strictly: u64 as decimal texts, bytes as lower-case hex. Nothing is
//! read by the crates under test, so that a leniency of theirs cannot change what was asked.

use std::fmt;
use std::marker::PhantomData;

use kaspa_consensus_core::BlueWorkType;
use kaspa_consensus_core::subnets::SubnetworkId;
use kaspa_consensus_core::tx::ScriptPublicKey;
use kaspa_hashes::Hash;
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A request of one operation. The error is a sentence that names the member.
pub fn read<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(line).map_err(|error| error.to_string())
}

/// The struct of the members of an operation's request; no others are taken but id and op.
macro_rules! request {
    ($name:ident { $($(#[$meta:meta])* $member:ident: $type:ty),* $(,)? }) => {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "camelCase")]
        pub struct $name {
            #[serde(rename = "id")]
            _id: serde::de::IgnoredAny,
            #[serde(rename = "op")]
            _op: serde::de::IgnoredAny,
            $($(#[$meta])* $member: $type,)*
        }
    };
}
pub(crate) use request;

/// For `#[serde(deserialize_with)]`: may be null, but not absent.
pub fn nullable<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer)
}

/// A value that is written as a text.
pub trait FromText: Sized {
    const WHAT: &'static str;
    fn from_text(text: &str) -> Option<Self>;
}

pub struct Text<T>(pub T);

struct TextVisitor<T>(PhantomData<T>);

impl<T: FromText> Visitor<'_> for TextVisitor<T> {
    type Value = Text<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(T::WHAT)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text<T>, E> {
        T::from_text(text)
            .map(Text)
            .ok_or_else(|| E::custom(format_args!("a text that is not {}", T::WHAT)))
    }
}

impl<'de, T: FromText> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor(PhantomData))
    }
}

impl FromText for u64 {
    const WHAT: &'static str = "a u64 in decimal digits";

    fn from_text(text: &str) -> Option<Self> {
        let canonical = text == "0" || !text.starts_with('0');
        let digits = text.bytes().all(|byte| byte.is_ascii_digit()); // parse would take a sign
        if canonical && digits { text.parse().ok() } else { None }
    }
}

fn is_lower_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl FromText for Vec<u8> {
    const WHAT: &'static str = "bytes in lower-case hex";

    fn from_text(text: &str) -> Option<Self> {
        if is_lower_hex(text) { hex::decode(text).ok() } else { None }
    }
}

fn array<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if !is_lower_hex(text) {
        return None;
    }
    hex::decode_to_slice(text, &mut bytes).ok().map(|()| bytes)
}

impl FromText for Hash {
    const WHAT: &'static str = "32 bytes in lower-case hex";

    fn from_text(text: &str) -> Option<Self> {
        array(text).map(Hash::from_bytes)
    }
}

impl FromText for SubnetworkId {
    const WHAT: &'static str = "20 bytes in lower-case hex";

    fn from_text(text: &str) -> Option<Self> {
        array(text).map(SubnetworkId::from_bytes)
    }
}

impl FromText for ScriptPublicKey {
    const WHAT: &'static str = "a version of two bytes and a script in lower-case hex";

    fn from_text(text: &str) -> Option<Self> {
        let (version, script) = text.split_at_checked(4)?;
        let version = u16::from_be_bytes(array(version)?);
        Some(ScriptPublicKey::from_vec(version, Vec::from_text(script)?))
    }
}

impl FromText for BlueWorkType {
    const WHAT: &'static str = "a number below 2^192 in lower-case hex";

    fn from_text(text: &str) -> Option<Self> {
        let digits = text.trim_start_matches('0');
        if text.is_empty() || digits.len() > 48 {
            return None;
        }
        array(&format!("{digits:0>48}")).map(BlueWorkType::from_be_bytes)
    }
}

/// How many script units a script may use.
pub struct Units(pub u64);

impl FromText for Units {
    const WHAT: &'static str = "\"unlimited\" or a u64 in decimal digits";

    fn from_text(text: &str) -> Option<Self> {
        if text == "unlimited" { Some(Units(u64::MAX)) } else { u64::from_text(text).map(Units) }
    }
}
