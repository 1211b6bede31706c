//! Reads what the people of `tests/realtime/history.js` saw, and says what is wrong with it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What one person was told, in the order in which it came: number, id, sender, content.
type Seen = Vec<(u64, String, String, String)>;

/// What a whole run comes to.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Messages acknowledged.
    pub acknowledged: usize,
    /// Messages that were saved, acknowledged or not.
    pub saved: usize,
    /// Messages that were sent more than once before they were acknowledged.
    pub resent: u64,
    /// Connections that people made.
    pub connections: u64,
    /// Everything that must not be. Empty when all is well.
    pub wrong: Vec<String>,
}

/// Judges a report: every acknowledged message was seen by both people exactly once, with
/// the id that was acknowledged; numbers rise by one from one, whatever happened to the
/// connections; and a newcomer who reads from the beginning is told the same.
#[must_use]
pub fn judge(report: &Value) -> Verdict {
    let mut verdict =
        Verdict { resent: report["resent"].as_u64().unwrap_or(0), ..Verdict::default() };
    let people: BTreeMap<&str, &Value> =
        array(&report["people"]).map(|person| (text(&person["id"]), person)).collect();
    let seen: BTreeMap<&str, Seen> =
        people.iter().map(|(&id, person)| (id, read(&person["seen"]))).collect();
    // Each message is in the lists of two people.
    let mut holders: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (&id, person) in &people {
        verdict.connections += person["connections"].as_u64().unwrap_or(0);
        for wrong in array(&person["wrong"]) {
            verdict.wrong.push(format!("{id} was told out of order: {wrong}"));
        }
        for wrong in array(&person["afterwards"]["wrong"]) {
            verdict.wrong.push(format!("newcomer {id} was told out of order: {wrong}"));
        }
        let afterwards = read(&person["afterwards"]["seen"]);
        if seen[id] != afterwards {
            verdict.wrong.push(format!("{id} {}", difference(&seen[id], &afterwards)));
        }
        let mut contents = BTreeSet::new();
        for (at, (number, _, sender, content)) in seen[id].iter().enumerate() {
            if *number != at as u64 + 1 {
                verdict.wrong.push(format!("{id} has number {number} in place {}", at + 1));
            }
            if !contents.insert((sender, content)) {
                verdict.wrong.push(format!("{id} saw {content} of {sender} twice"));
            }
        }
        for (_, message, _, _) in &seen[id] {
            holders.entry(message).or_default().insert(id);
        }
    }
    verdict.saved = holders.len();
    for (message, holders) in &holders {
        if holders.len() != 2 {
            verdict.wrong.push(format!("{message} is known to {holders:?} only"));
        }
    }
    let held: BTreeSet<(&str, &str, &str, &str)> = seen
        .iter()
        .flat_map(|(&who, seen)| {
            seen.iter().map(move |(_, id, from, what)| (who, &**id, &**from, &**what))
        })
        .collect();
    for (&sender, person) in &people {
        for acknowledged in array(&person["acknowledged"]) {
            verdict.acknowledged += 1;
            let [message, receiver, content] = [0, 1, 2].map(|at| text(&acknowledged[at]));
            for who in [sender, receiver] {
                if !held.contains(&(who, message, sender, content)) {
                    let what = format!("{who} lacks {content}, acknowledged as {message}");
                    verdict.wrong.push(what);
                }
            }
        }
    }
    verdict
}

fn difference(seen: &Seen, afterwards: &Seen) -> String {
    let at = seen.iter().zip(afterwards).position(|(one, other)| one != other);
    let at = at.unwrap_or_else(|| seen.len().min(afterwards.len()));
    format!(
        "saw {} messages, {} afterwards; in place {}: {:?}, {:?}",
        seen.len(),
        afterwards.len(),
        at + 1,
        seen.get(at),
        afterwards.get(at)
    )
}

fn read(seen: &Value) -> Seen {
    let entry = |entry: &Value| {
        let [id, sender, content] = [1, 2, 3].map(|at| text(&entry[at]).to_owned());
        (entry[0].as_u64().unwrap_or(0), id, sender, content)
    };
    array(seen).map(entry).collect()
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn report(a: &Value, b: &Value) -> Verdict {
        let person = |id: &str, seen: &Value, acknowledged: Value| {
            json!({
                "id": id, "connections": 1, "seen": seen, "wrong": [],
                "acknowledged": acknowledged, "afterwards": { "seen": seen, "wrong": [] },
            })
        };
        let sent = json!([["m1", "b", "0:0"]]);
        judge(&json!({ "people": [person("a", a, sent), person("b", b, json!([]))] }))
    }

    #[test]
    fn a_message_in_two_lists_is_well() {
        let seen = json!([[1, "m1", "a", "0:0"]]);
        let verdict = report(&seen, &seen);
        assert_eq!(verdict.wrong, [""; 0]);
        assert_eq!((verdict.acknowledged, verdict.saved), (1, 1));
    }

    #[test]
    fn losses_repetitions_and_gaps_are_found() {
        let once = json!([[1, "m1", "a", "0:0"]]);
        assert!(!report(&once, &json!([])).wrong.is_empty(), "lost");
        let twice = json!([[1, "m1", "a", "0:0"], [2, "m2", "a", "0:0"]]);
        assert!(!report(&once, &twice).wrong.is_empty(), "saved twice");
        let gap = json!([[2, "m1", "a", "0:0"]]);
        assert!(!report(&once, &gap).wrong.is_empty(), "a gap");
        let other = json!([[1, "m9", "a", "0:0"]]);
        assert!(!report(&once, &other).wrong.is_empty(), "another id than acknowledged");
    }

    #[test]
    fn a_newcomer_who_is_told_something_else_is_found() {
        let person = json!({
            "id": "a", "connections": 1, "seen": [[1, "m1", "b", "x"]], "wrong": [],
            "acknowledged": [], "afterwards": { "seen": [], "wrong": [] },
        });
        assert!(!judge(&json!({ "people": [person] })).wrong.is_empty());
    }
}
