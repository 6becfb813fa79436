//! Merge keys: `<<: *defaults` puts the keys of other mappings where it stands, the mapping's own keys win.

use crate::dig::source::Span;
use crate::dig::yaml::YamlError;
use crate::dig::yaml::raw::{RawContent, RawEntry, RawKey};
use std::collections::HashMap;

/// Replaces merge keys by what they stand for and lets a later key that reads the same replace the earlier one.
///
/// Among merged mappings the first to have a key gives its value. `report` is told of values that cannot be merged.
pub(super) fn flatten(entries: Vec<RawEntry>, mut report: impl FnMut(YamlError, Span)) -> Vec<RawEntry> {
    let mut flat = Flat::default();
    for entry in entries {
        if entry.key != RawKey::Merge {
            flat.put(entry, true);
            continue;
        }
        match &entry.value.content {
            RawContent::Mapping(merged) => flat.put_all(merged),
            RawContent::Sequence(list) => {
                for item in list.iter() {
                    match &item.content {
                        RawContent::Mapping(merged) => flat.put_all(merged),
                        other => report(unmergeable(other), item.span),
                    }
                }
            }
            other @ RawContent::Scalar(_) => report(unmergeable(other), entry.value.span),
        }
    }
    flat.entries
}

fn unmergeable(content: &RawContent) -> YamlError {
    YamlError::Unmergeable(match content {
        RawContent::Scalar(_) => "scalar",
        RawContent::Sequence(_) => "sequence",
        RawContent::Mapping(_) => "mapping",
    })
}

#[derive(Default)]
struct Flat {
    entries: Vec<RawEntry>,
    places: HashMap<String, usize>,
}

impl Flat {
    fn put_all(&mut self, merged: &[RawEntry]) {
        for entry in merged {
            self.put(entry.clone(), false);
        }
    }

    fn put(&mut self, entry: RawEntry, replace: bool) {
        let RawKey::Name(name) = &entry.key else {
            self.entries.push(entry);
            return;
        };
        match self.places.get(name) {
            Some(&at) if replace => self.entries[at] = entry,
            Some(_) => {}
            None => {
                self.places.insert(name.clone(), self.entries.len());
                self.entries.push(entry);
            }
        }
    }
}
