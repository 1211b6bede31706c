//! Every transformation yields libmodsecurity's bytes.

use super::{Draw, cases, hex, oracle, unhex};
use marquis_waf::transform::{Transformation, UnicodeMap};

const ALPHABET: [&[u8]; 76] = [
    b"a",
    b"B",
    b"f",
    b"F",
    b"x",
    b"X",
    b"u",
    b"U",
    b"0",
    b"1",
    b"3",
    b"7",
    b"8",
    b"00",
    b"41",
    b"ff",
    b"%",
    b"%41",
    b"%u0041",
    b"%uff21",
    b"%uFF",
    b"+",
    b" ",
    b"\t",
    b"\n",
    b"\r\n",
    b"\x0b",
    b"\0",
    b"\xa0",
    b"\\",
    b"\\x41",
    b"\\u0041",
    b"\\uff21",
    b"\\101",
    b"\\777",
    b"\\n",
    b"\\0",
    b"\\6a ",
    b"\\00ff46",
    b"\\1ff46",
    b"&",
    b"&#x41;",
    b"&#65",
    b"&#x",
    b"&#",
    b"&quot;",
    b"&LT",
    b"&nbsp",
    b"&#99999999999999999999;",
    b";",
    b"/",
    b"//",
    b".",
    b"..",
    b"/../",
    b"/./",
    b"../",
    b"*",
    b"/*",
    b"*/",
    b"<!--",
    b"-->",
    b"--",
    b"#",
    b"-",
    b"_",
    b"=",
    b"==",
    b"0x41",
    b"\"",
    b"'",
    b"^",
    b"\xc3\xb1",
    b"\xe2\x82\xac",
    b"\xf0\x9f\x98\x80",
    b"\xc3",
];

/// What matters to some transformations only.
fn alphabet(transformation: Transformation) -> &'static [&'static [u8]] {
    match transformation {
        Transformation::Base64Decode | Transformation::Base64DecodeExt => &[
            b"YWJj", b"Zg==", b"a", b"B", b"=", b"==", b" ", b"\r\n", b"\n", b"+", b"/", b"9",
            b"-", b"_",
        ],
        Transformation::NormalizePath | Transformation::NormalizePathWin => {
            &[b"/", b".", b"..", b"a", b"bc", b"\\", b"/..", b"./", b"...", b"//", b"/a/"]
        }
        Transformation::Utf8ToUnicode => &[
            b"a",
            b"\0",
            b"\xc3",
            b"\xb1",
            b"\x80",
            b"\xe2\x82\xac",
            b"\xf0\x9f\x98\x80",
            b"\xf5\x80\x80\x80",
            b"\xed\xa0\x80",
            b"\xc0\x80",
            b"\xe0\x80\x80",
            b"\xf8",
            b"\xe2\x82",
        ],
        _ => &ALPHABET,
    }
}

/// The library drops what follows a NUL in `cssDecode`; versions after 3.0.9 do not.
fn is_cut(transformation: Transformation, output: &[u8]) -> bool {
    transformation == Transformation::CssDecode && output.contains(&0)
}

/// libmodsecurity's own factory spells one name as the rule language does not.
fn factory_name(transformation: Transformation) -> &'static str {
    match transformation {
        Transformation::CmdLine => "cmd_line",
        _ => transformation.name(),
    }
}

#[test]
fn transformations_agree_with_libmodsecurity() {
    let map = UnicodeMap::default();
    let mut wrong = Vec::new();
    for (salt, transformation) in Transformation::all().enumerate() {
        let mut draw = Draw::new(salt as u64);
        let inputs: Vec<Vec<u8>> = (0..cases(4_000))
            .map(|case| draw.text(alphabet(transformation), 4 + case % 24))
            .collect();
        let questions: Vec<String> = inputs
            .iter()
            .map(|input| format!("T {} {}", factory_name(transformation), hex(input)))
            .collect();
        let Some(answers) = oracle::ask(&questions, None) else { return };
        let mut differences = 0;
        for (input, answer) in inputs.iter().zip(&answers) {
            let expected = unhex(answer);
            let output = transformation.apply(input, &map);
            if output.as_ref() != expected && !is_cut(transformation, &output) {
                differences += 1;
                if differences <= 3 {
                    wrong.push(format!(
                        "{}(\"{}\") = \"{}\", not \"{}\"",
                        transformation.name(),
                        input.escape_ascii(),
                        output.escape_ascii(),
                        expected.escape_ascii()
                    ));
                }
            }
        }
        if differences > 0 {
            wrong.push(format!("{}: {differences} differences", transformation.name()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unicode_maps_agree_with_libmodsecurity() {
    let text = "1250  (ANSI)\n00a1:78 \n\n20127 (US-ASCII)\n00a0:20 00a1:21 0100:41 ff1c:3c 2039:00 \n\n\
                20261 (T.61)\n00a1:79 \n";
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("unicode.mapping");
    std::fs::write(&file, text).expect("written");
    let rules = directory.path().join("rules.conf");
    std::fs::write(&rules, format!("SecUnicodeMapFile {} 20127\n", file.display()))
        .expect("written");
    let map = UnicodeMap::parse(text, 20127).expect("a map");
    let alphabet: [&[u8]; 12] = [
        b"%u00a0", b"%u00A1", b"%u0100", b"%uff1c", b"%uff1e", b"%u2039", b"%u00e9", b"%u",
        b"%uff", b"%41", b"+", b"a",
    ];
    let mut draw = Draw::new(99);
    let inputs: Vec<Vec<u8>> = (0..2_000).map(|_| draw.text(&alphabet, 8)).collect();
    let questions: Vec<String> =
        inputs.iter().map(|input| format!("T urlDecodeUni {}", hex(input))).collect();
    let Some(answers) = oracle::ask(&questions, Some(&rules)) else { return };
    for (input, answer) in inputs.iter().zip(&answers) {
        let output = Transformation::UrlDecodeUni.apply(input, &map);
        assert_eq!(output.as_ref(), unhex(answer), "\"{}\"", input.escape_ascii());
    }
}
