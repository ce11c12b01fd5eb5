//! Objects that are written plainly: nearly all that clients send.
//!
//! An object is plain if its values are strings without escapes, whole numbers of up to 15 digits, `true` and `false`. Such a text is
//! read in one look at each byte. What is anything else is left to a reader of all JSON; so this decides nothing but how fast it is,
//! and what it takes must be what that one would have read.

/// Gives each field of a plain object, with its value as it is written, to `each`, which may refuse it. Whether all of the text is
/// a plain object and was taken; if not, what was given before means nothing.
pub(super) fn each_field<'a>(
    text: &'a str,
    mut each: impl FnMut(&'a str, &'a str) -> bool,
) -> bool {
    let mut reader = Reader { text, at: 0 };
    reader.all(&mut each).is_some()
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn all(&mut self, each: &mut impl FnMut(&'a str, &'a str) -> bool) -> Option<()> {
        self.past(b'{')?;
        loop {
            self.space();
            let quoted = self.string()?;
            // Its quotes are a byte each.
            let name = quoted.get(1..quoted.len() - 1)?;
            self.past(b':')?;
            self.space();
            let value = self.value()?;
            if !each(name, value) {
                return None;
            }
            self.space();
            match self.next()? {
                b',' => self.at += 1,
                b'}' => break,
                _ => return None,
            }
        }
        self.at += 1;
        self.space();
        (self.at == self.text.len()).then_some(())
    }

    fn next(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.next() {
            self.at += 1;
        }
    }

    fn past(&mut self, byte: u8) -> Option<()> {
        self.space();
        (self.next()? == byte).then(|| self.at += 1)
    }

    fn value(&mut self) -> Option<&'a str> {
        match self.next()? {
            b'"' => self.string(),
            b'0'..=b'9' => self.number(),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            _ => None,
        }
    }

    /// A string without escapes, with its quotes.
    fn string(&mut self) -> Option<&'a str> {
        let begin = self.at;
        let mut rest = self.text.as_bytes().get(begin..)?.iter();
        if *rest.next()? != b'"' {
            return None;
        }
        let within = rest.position(|byte| matches!(byte, b'"' | b'\\' | 0..b' '))?;
        let end = begin + 1 + within;
        self.at = end + 1;
        // Not an escape, nor what has to be one.
        self.text.get(begin..=end).filter(|_| self.text.as_bytes()[end] == b'"')
    }

    /// A number that is written with digits alone.
    fn number(&mut self) -> Option<&'a str> {
        const LONGEST: usize = 15;
        let begin = self.at;
        while let Some(b'0'..=b'9') = self.next() {
            self.at += 1;
        }
        let digits = self.text.get(begin..self.at)?;
        // What has more to it goes on with something that can follow no value.
        let is_plain = digits.len() <= LONGEST && (digits == "0" || !digits.starts_with('0'));
        is_plain.then_some(digits)
    }

    fn word(&mut self, word: &'static str) -> Option<&'a str> {
        let found = self.text.get(self.at..)?.get(..word.len()).filter(|found| *found == word)?;
        self.at += word.len();
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::*;

    type Fields = Vec<(String, String)>;

    fn plainly(text: &str) -> Option<Fields> {
        let mut fields = Fields::new();
        let plain = each_field(text, |name, value| {
            fields.push((name.to_owned(), value.to_owned()));
            true
        });
        plain.then_some(fields)
    }

    /// As a reader of all JSON has it, in the order in which they are written.
    fn wholly(text: &str) -> Option<Fields> {
        struct InOrder(Fields);
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = InOrder;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<InOrder, A::Error> {
                let mut fields = Fields::new();
                while let Some((name, raw)) = map.next_entry::<String, &RawValue>()? {
                    fields.push((name, raw.get().to_owned()));
                }
                Ok(InOrder(fields))
            }
        }
        impl<'de> serde::Deserialize<'de> for InOrder {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.deserialize_map(Visitor)
            }
        }
        serde_json::from_str::<InOrder>(text).ok().map(|read| read.0)
    }

    #[test]
    fn what_clients_send_is_plain() {
        let say = r#" {"id":7, "do":"say","room":"random~x" ,"body":"안녕 …" , "key":"k1","strict":true}
"#;
        let fields = plainly(say).unwrap();
        assert_eq!(fields.len(), 6);
        assert_eq!(fields[3], ("body".to_owned(), "\"안녕 …\"".to_owned()));
        assert_eq!(plainly(say), wholly(say));
        for text in [r#"{"id":7,"do":"hello"}"#, r#"{"a":0}"#, r#"{"":""}"#] {
            assert!(plainly(text).is_some(), "{text}");
        }
    }

    #[test]
    fn what_is_not_plain_is_left_to_others() {
        for text in [
            "",
            "{",
            "{}",
            "[]",
            "7",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1"#,
            r#"{"a":1,}"#,
            r#"{"a":1}}"#,
            r#"{"a":01}"#,
            r#"{"a":-1}"#,
            r#"{"a":1.0}"#,
            r#"{"a":1e3}"#,
            r#"{"a":1234567890123456}"#,
            r#"{"a":null}"#,
            r#"{"a":[]}"#,
            r#"{"a":{}}"#,
            r#"{"a":"\n"}"#,
            r#"{"\u0061":1}"#,
            "{\"a\":\"\n\"}",
            r#"{"a":truer}"#,
            r#"{"a":tru"#,
            r#"{"a":"x}"#,
            r#"{"a" 1}"#,
            r#"{"a":1 "b":2}"#,
            "\u{feff}{\"a\":1}",
            r#"{"a":1}x"#,
        ] {
            assert_eq!(plainly(text), None, "{text}");
        }
        // A field that is refused is none that was taken.
        assert!(!each_field(r#"{"a":1,"b":2}"#, |name, _| name == "a"));
    }

    /// Pieces out of which texts are made that are nearly JSON, and often are.
    fn piece() -> impl Strategy<Value = String> {
        let literal = prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            " ",
            "\n",
            "\"",
            "\\",
            "0",
            "00",
            "1",
            "-1",
            "1.5",
            "1e3",
            "999999999999999",
            "9007199254740993",
            "true",
            "false",
            "null",
            "\"id\"",
            "\"do\"",
            "\"body\"",
            "\"a\\nb\"",
            "\"\\u00e9\"",
            "\"é각\"",
            "\"a\u{1}b\"",
            "\"a\tb\"",
            "\u{1}",
            "\u{7f}",
        ]);
        prop_oneof![literal.prop_map(str::to_owned), "\"[ -~]{0,6}\"", "[0-9]{1,17}"]
    }

    fn nearly() -> impl Strategy<Value = String> {
        let field = (piece(), prop::sample::select(vec![":", " : ", ":\t", ","]), piece());
        let fields = prop::collection::vec(field, 1..5);
        let object =
            (fields, prop::sample::select(vec!["}", " } ", "", "}}"])).prop_map(|(fields, end)| {
                let fields: Vec<String> =
                    fields.into_iter().map(|(name, colon, value)| name + colon + &value).collect();
                format!("{{{}{end}", fields.join(","))
            });
        let named = prop::collection::vec(("\"[a-d]\"", piece()), 1..5).prop_map(|fields| {
            let fields: Vec<String> =
                fields.into_iter().map(|(name, value)| format!("{name}:{value}")).collect();
            format!("{{{}}}", fields.join(" ,"))
        });
        let anything = prop::collection::vec(piece(), 0..12).prop_map(|pieces| pieces.concat());
        prop_oneof![object, named, anything]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

        #[test]
        fn what_is_taken_is_what_a_reader_of_all_json_reads(text in nearly()) {
            if let Some(fields) = plainly(&text) {
                prop_assert_eq!(Some(fields), wholly(&text), "{}", text);
            }
        }
    }
}
