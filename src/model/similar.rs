//! Words that somebody may have meant.

use strsim::levenshtein;

/// The candidates that differ from a word in at most half of their letters, the closest first.
pub fn similar<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut close: Vec<(usize, &str)> = candidates
        .into_iter()
        .map(|candidate| (levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len() / 2)
        .collect();
    close.sort_by_key(|(distance, _)| *distance);
    close.into_iter().map(|(_, candidate)| candidate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_letters_may_differ() {
        assert_eq!(similar("_retr", ["_error", "_check", "_retry", "_export"]), ["_retry", "_error"]);
        assert!(similar("abc", ["xyz", ""]).is_empty());
    }
}
