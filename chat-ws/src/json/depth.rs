//! How deeply a JSON text is nested.
//!
//! What a client says is handed on as it is, and read by other clients, some of whose readers recurse: what is nested
//! deeper than they like is refused here, before anything looks into it.

/// Whether no array or object in this text is deeper than `most`. Says nothing of texts that are not JSON.
pub(crate) fn is_within(text: &str, most: usize) -> bool {
    // Nearly all texts have fewer brackets than that, wherever they are: to count is far cheaper than to follow.
    // In pieces in which a byte can count them, so that many are looked at in one step.
    let is_opening = |byte: &u8| u8::from(matches!(byte, b'[' | b'{'));
    let in_piece = |piece: &[u8]| -> u8 { piece.iter().map(is_opening).sum() };
    let pieces = text.as_bytes().chunks(u8::MAX.into());
    let opening: usize = pieces.map(|piece| usize::from(in_piece(piece))).sum();
    opening <= most || is_followed_within(text, most)
}

/// The same, by following the text.
fn is_followed_within(text: &str, most: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => {
                depth += 1;
                if depth > most {
                    return false;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_do_not_count() {
        assert!(is_within(r#"{"a":"[[[[","b":"\"[[["}"#, 1));
        assert!(is_within("[[],[]]", 2));
        assert!(!is_within("[[[]]]", 2));
        assert!(is_within("]]]", 0));
        assert!(!is_within("[[[", 2) && is_within(r#"["[[["]"#, 1));
    }
}
