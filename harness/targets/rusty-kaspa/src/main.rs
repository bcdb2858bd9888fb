//! The official Kaspa crates behind Assay's library adapter protocol: requests on stdin and answers
//! on stdout, one JSON object a line. See README.md.

mod json;
mod kinds;
mod model;
mod operations;

use std::any::Any;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use serde::Deserialize;
use serde_json::{Value, json};

use operations::{Answer, OPERATIONS};

const LINE_MAX_BYTES: u64 = 16 << 20;
const BUFFER_BYTES: usize = 256 << 10;

/// What every request has; the members of its operation are read by the operation.
#[derive(Deserialize)]
struct Envelope {
    id: u64,
    op: String,
}

fn main() -> ExitCode {
    panic::set_hook(Box::new(|_| {}));
    let reader = BufReader::with_capacity(BUFFER_BYTES, io::stdin().lock());
    let writer = BufWriter::with_capacity(BUFFER_BYTES, io::stdout().lock());
    match serve(reader, writer) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE, // the other side has gone; there is nobody to tell
    }
}

fn serve<R: Read, W: Write>(mut reader: BufReader<R>, mut writer: W) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.by_ref().take(LINE_MAX_BYTES).read_until(b'\n', &mut line)? == 0 {
            return writer.flush();
        }
        if line.len() as u64 == LINE_MAX_BYTES && !line.ends_with(b"\n") {
            reader.skip_until(b'\n')?;
            writeln!(writer, "{}", json!({"event": "a line longer than 16 MiB was passed over"}))?;
        } else {
            answer(&mut writer, &line)?;
        }
        // What is already here is answered first: one write for many answers.
        if !reader.buffer().contains(&b'\n') {
            writer.flush()?;
        }
    }
}

fn answer<W: Write>(writer: &mut W, line: &[u8]) -> io::Result<()> {
    let Envelope { id, op } = match serde_json::from_slice(line) {
        Ok(envelope) => envelope,
        Err(error) => {
            let text = format!("a line that is no request: {error}");
            return writeln!(writer, "{}", json!({ "event": text }));
        }
    };
    let (word, value) = match panic::catch_unwind(AssertUnwindSafe(|| perform(&op, line))) {
        Ok(Ok(Answer::Ok(value))) => ("ok", value),
        Ok(Ok(Answer::Refused(value))) => ("refused", value),
        Ok(Ok(Answer::Unsupported(text))) => ("unsupported", Value::from(text)),
        Ok(Err(text)) => ("error", Value::from(text)),
        Err(payload) => ("error", Value::from(format!("panic: {}", panic_text(&*payload)))),
    };
    writeln!(writer, "{{\"id\":{id},\"{word}\":{value}}}")
}

fn perform(op: &str, line: &[u8]) -> Result<Answer, String> {
    if op == "hello" {
        return Ok(Answer::Ok(hello()));
    }
    match OPERATIONS.iter().find(|(name, _)| *name == op) {
        Some((_, operation)) => operation(line),
        None => Ok(Answer::Unsupported(format!("there is no operation {op} here"))),
    }
}

fn hello() -> Value {
    let names: Vec<&str> = OPERATIONS.iter().map(|(name, _)| *name).collect();
    json!({
        "name": "rusty-kaspa",
        "version": "2.1.0", // of the crates, as Cargo.toml pins them
        "language": "Rust",
        "operations": names,
    })
}

fn panic_text(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else if let Some(text) = payload.downcast_ref::<&str>() {
        text
    } else {
        "without a text"
    }
}
