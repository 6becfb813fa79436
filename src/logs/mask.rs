//! Keeps secrets out of what is shown: each is replaced by `***`, also where it comes in pieces.
//!
//! What short values would hide is more than what they would keep secret, so those of fewer than four characters are left
//! alone, and so is white space. Of values of several lines, each line counts as well. Values that a program prints in
//! another form, such as base64, are not found.

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use std::borrow::Cow;
use std::sync::Arc;

const SHOWN: &str = "***";
/// In characters.
const SHORTEST: usize = 4;

/// What must not be shown. Free to use when there is nothing of the kind; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Mask {
    secrets: Option<Arc<Secrets>>,
}

struct Secrets {
    /// Each once, none empty.
    texts: Vec<String>,
    found: AhoCorasick,
}

/// Lets text through that comes in pieces. Only what may be the beginning of a secret is held back until more comes.
#[derive(Debug, Default)]
pub struct MaskedStream {
    mask: Mask,
    held: Vec<u8>,
}

impl Mask {
    /// Hides these values.
    pub fn new<T: AsRef<str>>(values: impl IntoIterator<Item = T>) -> Self {
        let mut texts: Vec<String> = Vec::new();
        for value in values {
            let whole = value.as_ref().trim_matches(['\r', '\n']);
            let hidden = [whole].into_iter().chain(whole.lines());
            let hidden = hidden.filter(|text| text.chars().count() >= SHORTEST && !text.trim().is_empty());
            texts.extend(hidden.map(str::to_owned));
        }
        texts.sort_unstable();
        texts.dedup();
        if texts.is_empty() {
            return Self::default();
        }
        // Fails when the texts have two billion characters in all: more than fits into memory beside it.
        let found = AhoCorasickBuilder::new().match_kind(MatchKind::LeftmostLongest).build(&texts);
        Self { secrets: found.ok().map(|found| Arc::new(Secrets { texts, found })) }
    }

    /// A whole text.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let Some(secrets) = &self.secrets else { return Cow::Borrowed(text) };
        if !secrets.found.is_match(text) {
            return Cow::Borrowed(text);
        }
        let mut shown = String::with_capacity(text.len());
        secrets.found.replace_all_with(text, &mut shown, |_, _, shown| {
            shown.push_str(SHOWN);
            true
        });
        Cow::Owned(shown)
    }
}

impl MaskedStream {
    pub fn new(mask: Mask) -> Self {
        Self { mask, held: Vec::new() }
    }

    /// Takes another piece and returns what can be shown now.
    pub fn push<'a>(&mut self, piece: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(secrets) = self.mask.secrets.clone() else { return Cow::Borrowed(piece) };
        if self.held.is_empty()
            && secrets.first_beginning(piece, 0).is_none()
            && !secrets.found.is_match(piece)
        {
            return Cow::Borrowed(piece);
        }
        self.held.extend_from_slice(piece);
        let mut shown = Vec::with_capacity(self.held.len());
        let kept = secrets.show(&self.held, &mut shown);
        self.held.drain(..kept);
        Cow::Owned(shown)
    }

    /// Nothing more comes for now: what was held back is no secret.
    pub fn finish(&mut self) -> Vec<u8> {
        let mut shown = Vec::new();
        if let Some(secrets) = &self.mask.secrets {
            secrets.found.replace_all_with_bytes(&self.held, &mut shown, |_, _, shown| {
                shown.extend_from_slice(SHOWN.as_bytes());
                true
            });
        }
        self.held.clear();
        shown
    }

    /// Hides something else from now on.
    pub fn set_mask(&mut self, mask: Mask) {
        self.mask = mask;
    }
}

impl Secrets {
    /// Shows the text up to where a secret may begin whose end has not come yet, and returns that place.
    fn show(&self, text: &[u8], shown: &mut Vec<u8>) -> usize {
        let mut done = 0;
        loop {
            let open = self.first_beginning(text, done).unwrap_or(text.len());
            // One that begins earlier is final: no longer one begins there. Where it ends, everything begins anew.
            let next = self.found.find(&text[done..]).filter(|next| done + next.start() < open);
            let Some(next) = next else {
                shown.extend_from_slice(&text[done..open]);
                return open;
            };
            shown.extend_from_slice(&text[done..done + next.start()]);
            shown.extend_from_slice(SHOWN.as_bytes());
            done += next.end();
        }
    }

    /// The first place, from `from` on, at which the rest of the text is the beginning of a secret and not all of it.
    fn first_beginning(&self, text: &[u8], from: usize) -> Option<usize> {
        let begins = |secret: &String| {
            let secret = secret.as_bytes();
            let earliest = from.max((text.len() + 1).saturating_sub(secret.len()));
            let first = *secret.first()?;
            (earliest..text.len()).find(|&at| text[at] == first && secret.starts_with(&text[at..]))
        };
        self.texts.iter().filter_map(begins).min()
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} secrets", self.texts.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn masked(secrets: &[&str], pieces: &[&str]) -> Vec<String> {
        let mut stream = MaskedStream::new(Mask::new(secrets));
        let mut shown: Vec<_> =
            pieces.iter().map(|piece| stream.push(piece.as_bytes()).into_owned()).collect();
        shown.push(stream.finish());
        shown.into_iter().map(|bytes| String::from_utf8(bytes).unwrap()).collect()
    }

    #[test]
    fn secrets_are_replaced_wherever_they_are() {
        let mask =
            Mask::new(["hunter2", "pass", "password", "line one\nline two\n", "ab", "    ", "", "ünï4"]);
        for (text, expected) in [
            ("", ""),
            ("nothing here", "nothing here"),
            ("hunter2", "***"),
            ("x=hunter2;hunter2!", "x=***;***!"),
            ("hunter hunter2", "hunter ***"),
            ("password passwor", "*** ***wor"),
            ("ab    cd", "ab    cd"),
            ("line one\nline two\n", "***\n"),
            ("  line two\r\n  line one", "  ***\r\n  ***"),
            ("sünï4!", "s***!"),
        ] {
            assert_eq!(mask.text(text), expected, "{text}");
        }
        assert_eq!(format!("{mask:?}"), "Mask { secrets: Some(7 secrets) }");
    }

    #[test]
    fn nothing_to_hide_costs_nothing() {
        let mask = Mask::new(["abc", "\n", "   \n  "]);
        assert!(matches!(mask.text("abc"), Cow::Borrowed("abc")));
        let mut stream = MaskedStream::new(mask);
        assert!(matches!(stream.push(b"abc"), Cow::Borrowed(b"abc")));
        assert!(stream.finish().is_empty());
        let mut stream = MaskedStream::new(Mask::new(["hunter2"]));
        assert!(matches!(stream.push(b"a line\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn only_what_may_be_a_secret_is_held_back() {
        for (secrets, pieces, expected) in [
            (&["hunter2"][..], &["x hun", "ter2 y"][..], &["x ", "*** y", ""][..]),
            (
                &["hunter2"],
                &["h", "u", "n", "t", "e", "r", "2", "\n"],
                &["", "", "", "", "", "", "***", "\n", ""],
            ),
            (&["hunter2"], &["hun", "gry\n"], &["", "hungry\n", ""]),
            (&["hunter2"], &["hunhun", "ter2"], &["hun", "***", ""]),
            (&["hunter2"], &["the end: hunt"], &["the end: ", "hunt"]),
            // A longer one may still come.
            (&["pass", "password"], &["pass", "word"], &["", "***", ""]),
            (&["pass", "password"], &["pass", "wort"], &["", "***wort", ""]),
            (&["pass", "password"], &["pass"], &["", "***"]),
            (&["abcd", "cdef"], &["abcd", "ef"], &["***", "ef", ""]),
            (&["abcab"], &["abcabc", "ab"], &["***c", "", "ab"]),
            (&["one1\ntwo2"], &["one1\n", "two2\n"], &["", "***\n", ""]),
            (&["one1\ntwo2"], &["one1\n", "else\n"], &["", "***\nelse\n", ""]),
            (&["ünïcode"], &["ün", "ïcode"], &["", "***", ""]),
        ] {
            assert_eq!(masked(secrets, pieces), expected, "{secrets:?} {pieces:?}");
        }
    }

    #[test]
    fn another_mask_counts_for_what_is_held_back() {
        let mut stream = MaskedStream::new(Mask::new(["hunter2"]));
        assert_eq!(stream.push(b"a hun").as_ref(), b"a ");
        stream.set_mask(Mask::new(["hunter2", "hungry"]));
        assert_eq!(stream.push(b"gry").as_ref(), b"***");
        let mut none = MaskedStream::new(Mask::default());
        none.push(b"x");
        none.set_mask(Mask::new(["hunter2"]));
        assert_eq!(none.push(b"hunter2").as_ref(), b"***");
    }

    /// Few letters, so that secrets overlap each other and themselves.
    fn letters(length: std::ops::Range<usize>) -> impl Strategy<Value = String> {
        proptest::collection::vec(
            prop_oneof![4 => Just('a'), 3 => Just('b'), 1 => Just('\n'), 1 => Just('é')],
            length,
        )
        .prop_map(String::from_iter)
    }

    proptest! {
        #[test]
        fn pieces_come_to_the_same_as_the_whole(
            secrets in proptest::collection::vec(letters(1..12), 0..5),
            text in letters(0..80),
            cuts in proptest::collection::vec(0_usize..160, 0..12),
        ) {
            let mask = Mask::new(&secrets);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut % (text.len() + 1)).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let mut stream = MaskedStream::new(mask.clone());
            let mut shown = Vec::new();
            for pair in cuts.windows(2) {
                shown.extend_from_slice(&stream.push(&text.as_bytes()[pair[0]..pair[1]]));
            }
            shown.extend(stream.finish());
            prop_assert_eq!(String::from_utf8(shown).unwrap(), mask.text(&text));
        }

        #[test]
        fn no_secret_is_left(secret in "[a-z]{4,9}", before in "[a-z ]{0,9}", after in "[a-z ]{0,9}", cut in 0_usize..30) {
            let text = format!("{before}{secret}{after}");
            let cut = cut % (text.len() + 1);
            let shown = masked(&[&secret], &[&text[..cut], &text[cut..]]).concat();
            prop_assert!(!shown.contains(&secret) && shown.contains(SHOWN), "{}", shown);
        }
    }
}
