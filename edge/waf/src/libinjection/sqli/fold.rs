//! Folding: what does not change the shape of a statement is dropped, until at most
//! five tokens are left.

use super::token::{Token, kind::*};
use super::tokenizer::Tokenizer;
use super::words;

/// The longest fingerprint.
pub(super) const MAX_TOKENS: usize = 5;

/// The tokens that are left.
pub(super) struct Folded {
    tokens: [Token; 8],
    length: usize,
}

impl Folded {
    pub fn tokens_mut(&mut self) -> &mut [Token] {
        &mut self.tokens[..self.length]
    }
}

/// Words that are functions only with a parenthesis after them.
const SOMETIMES_FUNCTIONS: [&[u8]; 11] = [
    b"USER_ID",
    b"USER_NAME",
    b"DATABASE",
    b"PASSWORD",
    b"USER",
    b"CURRENT_USER",
    b"CURRENT_DATE",
    b"CURRENT_TIME",
    b"CURRENT_TIMESTAMP",
    b"LOCALTIME",
    b"LOCALTIMESTAMP",
];

/// What a rule did.
enum Step {
    /// Something was folded: look again.
    Again,
    /// The first `usize` tokens are the whole answer.
    Done(usize),
    /// No rule applies.
    Keep,
}

struct Folder<'t, 'a> {
    source: &'t mut Tokenizer<'a>,
    tokens: [Token; 8],
    /// Where the next token goes.
    end: usize,
    /// How many tokens are folded already.
    left: usize,
    /// The source has more.
    more: bool,
    /// The comment after the last token.
    comment: Option<Token>,
}

/// Reads and folds everything.
pub(super) fn fold(source: &mut Tokenizer<'_>) -> Folded {
    let mut folder =
        Folder { source, tokens: [Token::NONE; 8], end: 0, left: 0, more: true, comment: None };
    let length = folder.run();
    Folded { tokens: folder.tokens, length }
}

impl Folder<'_, '_> {
    fn run(&mut self) -> usize {
        // What opens an expression without saying anything is skipped.
        self.tokens[0] = loop {
            match self.source.next() {
                None => return 0,
                Some(token)
                    if token.is(&[COMMENT, LEFT_PARENTHESIS, SQL_TYPE]) || token.is_unary() => {}
                Some(token) => break token,
            }
        };
        self.end = 1;
        loop {
            if self.end >= MAX_TOKENS {
                self.restart_after_plain_expression();
            }
            if !self.more || self.left >= MAX_TOKENS {
                self.left = self.end;
                break;
            }
            self.fetch(2);
            if self.end - self.left < 2 {
                self.left = self.end;
                continue;
            }
            match self.two() {
                Step::Again => continue,
                Step::Done(length) => return length,
                Step::Keep => {}
            }
            self.fetch(3);
            if self.end - self.left < 3 {
                self.left = self.end;
                continue;
            }
            if !self.three() {
                self.left += 1;
            }
        }
        if self.left < MAX_TOKENS
            && let Some(comment) = self.comment
        {
            self.tokens[self.left] = comment;
            self.left += 1;
        }
        self.left.min(MAX_TOKENS)
    }

    /// Reads until `wanted` tokens follow the folded ones; a sixth helps with the fifth.
    fn fetch(&mut self, wanted: usize) {
        while self.more && self.end <= MAX_TOKENS && self.end - self.left < wanted {
            match self.source.next() {
                None => self.more = false,
                Some(token) if token.kind == COMMENT => self.comment = Some(token),
                Some(token) => {
                    self.comment = None;
                    self.tokens[self.end] = token;
                    self.end += 1;
                }
            }
        }
    }

    /// Five tokens of arithmetic count as one, so that an attack behind them is seen.
    fn restart_after_plain_expression(&mut self) {
        let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(|i: usize| self.tokens[i].kind);
        let plain = matches!(
            (a, b, c, d, e),
            (NUMBER, OPERATOR | COMMA, LEFT_PARENTHESIS, NUMBER, RIGHT_PARENTHESIS)
                | (BAREWORD, OPERATOR, LEFT_PARENTHESIS, BAREWORD | NUMBER, RIGHT_PARENTHESIS)
                | (NUMBER, RIGHT_PARENTHESIS, COMMA, LEFT_PARENTHESIS, NUMBER)
                | (BAREWORD, RIGHT_PARENTHESIS, OPERATOR, LEFT_PARENTHESIS, BAREWORD)
        );
        if !plain {
            return;
        }
        self.left = 0;
        if self.end > MAX_TOKENS {
            self.tokens[1] = self.tokens[MAX_TOKENS];
            self.end = 2;
        } else {
            self.end = 1;
        }
    }

    /// Drops the last `count` tokens and starts over.
    fn drop_last(&mut self, count: usize) -> Step {
        self.end -= count;
        self.left = 0;
        Step::Again
    }

    /// Drops the last token and looks one token further back.
    fn drop_and_step_back(&mut self) -> Step {
        self.end -= 1;
        self.left = self.left.saturating_sub(1);
        Step::Again
    }

    /// Rules about the two tokens after the folded ones.
    fn two(&mut self) -> Step {
        let at = self.left;
        let (a, b) = (self.tokens[at], self.tokens[at + 1]);
        if a.kind == b.kind && a.is(&[STRING, SEMICOLON]) {
            self.end -= 1;
            return Step::Again;
        }
        if a.is(&[OPERATOR, LOGIC]) && (b.is_unary() || b.kind == SQL_TYPE) {
            return self.drop_last(1);
        }
        if a.kind == LEFT_PARENTHESIS && b.is_unary() {
            return self.drop_and_step_back();
        }
        if let Some(merged) = merge(&a, &b) {
            self.tokens[at] = merged;
            return self.drop_and_step_back();
        }
        if a.kind == SEMICOLON
            && b.kind == FUNCTION
            && b.text().get(..2).is_some_and(|text| text.eq_ignore_ascii_case(b"IF"))
        {
            // A statement of Transact-SQL.
            self.tokens[at + 1].kind = TSQL;
            return Step::Again;
        }
        if a.is(&[BAREWORD, VARIABLE])
            && b.kind == LEFT_PARENTHESIS
            && SOMETIMES_FUNCTIONS.iter().any(|word| a.is_text(word))
        {
            self.tokens[at].kind = FUNCTION;
            return Step::Again;
        }
        if a.kind == KEYWORD && (a.is_text(b"IN") || a.is_text(b"NOT IN")) {
            let operator = b.kind == LEFT_PARENTHESIS;
            self.tokens[at].kind = if operator { OPERATOR } else { BAREWORD };
            return Step::Again;
        }
        if a.kind == OPERATOR && (a.is_text(b"LIKE") || a.is_text(b"NOT LIKE")) {
            if b.kind == LEFT_PARENTHESIS {
                self.tokens[at].kind = FUNCTION;
            }
            return Step::Keep;
        }
        self.two_of_structure(&a, &b)
    }

    fn two_of_structure(&mut self, a: &Token, b: &Token) -> Step {
        let at = self.left;
        match a.kind {
            SQL_TYPE
                if b.is(&[
                    BAREWORD,
                    NUMBER,
                    SQL_TYPE,
                    LEFT_PARENTHESIS,
                    FUNCTION,
                    VARIABLE,
                    STRING,
                ]) =>
            {
                self.tokens[at] = *b;
                self.drop_last(1)
            }
            COLLATE if b.kind == BAREWORD => {
                // There are too many collations to list; they have an underscore.
                if b.text().contains(&b'_') {
                    self.tokens[at + 1].kind = SQL_TYPE;
                    self.left = 0;
                }
                Step::Keep
            }
            BACKSLASH => {
                // Transact-SQL reads `\%1` as `0 % 1` and `\1` as `1`.
                if b.is_arithmetic() {
                    self.tokens[at].kind = NUMBER;
                    self.drop_last(0)
                } else {
                    self.tokens[at] = *b;
                    self.drop_last(1)
                }
            }
            LEFT_PARENTHESIS | RIGHT_PARENTHESIS if a.kind == b.kind => self.drop_last(1),
            LEFT_BRACE if b.kind == BAREWORD => {
                if b.text().is_empty() {
                    // MySQL takes `{``.``.id}`; nobody else writes it.
                    self.tokens[at + 1].kind = EVIL;
                    return Step::Done(at + 2);
                }
                // ODBC's `{name expression}` is the expression.
                self.drop_last(2)
            }
            _ if b.kind == RIGHT_BRACE => self.drop_last(1),
            _ => Step::Keep,
        }
    }

    /// Rules about the three tokens after the folded ones; whether one applied.
    fn three(&mut self) -> bool {
        let at = self.left;
        let (a, b, c) = (self.tokens[at], self.tokens[at + 1], self.tokens[at + 2]);
        let (ka, kb, kc) = (a.kind, b.kind, c.kind);
        let expression = match (ka, kb, kc) {
            (NUMBER, OPERATOR, NUMBER)
            | (LOGIC, _, LOGIC)
            | (VARIABLE, OPERATOR, VARIABLE | NUMBER | BAREWORD)
            | (BAREWORD | NUMBER, OPERATOR, NUMBER | BAREWORD)
            | (
                BAREWORD | NUMBER | STRING | VARIABLE,
                COMMA,
                NUMBER | BAREWORD | STRING | VARIABLE,
            )
            | (BAREWORD, DOT, BAREWORD) => true,
            (OPERATOR, _, OPERATOR) => kb != LEFT_PARENTHESIS,
            (BAREWORD | NUMBER | VARIABLE | STRING, OPERATOR, SQL_TYPE) => b.text() == b"::",
            _ => false,
        };
        if expression {
            self.drop_last(2);
            return true;
        }
        if b.is_unary() {
            let value = matches!(kc, NUMBER | BAREWORD | VARIABLE | STRING);
            let dropped = match ka {
                COMMA if value => 3,
                EXPRESSION | GROUP | COMMA if kc == LEFT_PARENTHESIS => 1,
                KEYWORD | EXPRESSION | GROUP if value || kc == FUNCTION => 1,
                COMMA if kc == FUNCTION => 1,
                _ => 0,
            };
            if dropped > 0 {
                self.tokens[at + 1] = c;
                self.drop_last(dropped);
                return true;
            }
        }
        if (ka, kb, kc) == (EXPRESSION, DOT, BAREWORD) {
            self.tokens[at + 1] = c;
            self.drop_last(1);
            return true;
        }
        if ka == FUNCTION && kb == LEFT_PARENTHESIS && kc != RIGHT_PARENTHESIS && a.is_text(b"USER")
        {
            // USER() takes no argument: with one it is a name.
            self.tokens[at].kind = BAREWORD;
        }
        false
    }
}

/// The phrase that two words form, as `UNION` and `ALL` do.
fn merge(a: &Token, b: &Token) -> Option<Token> {
    const WORDS: [u8; 8] =
        [KEYWORD, BAREWORD, OPERATOR, UNION, FUNCTION, EXPRESSION, TSQL, SQL_TYPE];
    if !a.is(&WORDS) || !(b.is(&WORDS) || b.kind == LOGIC) || !words::may_begin_phrase(a.text()) {
        return None;
    }
    let length = a.text().len() + 1 + b.text().len();
    let mut phrase = [b' '; 64];
    phrase[..a.text().len()].copy_from_slice(a.text());
    phrase[a.text().len() + 1..length].copy_from_slice(b.text());
    let kind = words::kind_of(&phrase[..length])?;
    Some(Token::new(kind, &phrase[..length]).quoted(a.open, a.close))
}
