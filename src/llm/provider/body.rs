//! The delay in the body of Google's errors.

use std::time::Duration;

use serde_json::Value;

use super::span;

/// Returns the longest `retryDelay` in an error, or in an array of errors, which streams send.
pub(super) fn retry_delay(body: &[u8]) -> Option<Duration> {
    match serde_json::from_slice(body).ok()? {
        Value::Array(answers) => answers.iter().filter_map(of_answer).max(),
        answer => of_answer(&answer),
    }
}

fn of_answer(answer: &Value) -> Option<Duration> {
    let details = answer.get("error")?.get("details")?.as_array()?;
    details.iter().filter(|detail| is_retry_info(detail)).filter_map(delay).max()
}

/// The host in the name of the type does not matter.
fn is_retry_info(detail: &Value) -> bool {
    let name = detail.get("@type").and_then(Value::as_str);
    name.is_some_and(|name| name.rsplit('/').next() == Some("google.rpc.RetryInfo"))
}

fn delay(retry_info: &Value) -> Option<Duration> {
    span::span(retry_info.get("retryDelay")?.as_str()?)
}
