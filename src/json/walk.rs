//! The syntax of JSON (RFC 8259), byte for byte and without recursion.
//!
//! Line and column of an error are those that serde_json tells of the same text.

use super::Raw;

/// Where a text ceases to be JSON, and why.
pub(super) struct Fault {
    /// How many bytes were read, the wrong one included.
    pub read: usize,
    /// The reason; it quotes nothing.
    pub reason: &'static str,
}

/// A walk over a text.
pub(super) struct Walk<'a> {
    text: &'a str,
    at: usize,
    /// Where the part begins that is being walked over.
    begin: usize,
    /// The items of the outermost list that were passed, or keys and values of the object.
    pub parts: Vec<Raw<'a>>,
}

impl<'a> Walk<'a> {
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            begin: 0,
            parts: Vec::new(),
        }
    }

    /// Passes one value with all that is in it.
    pub fn value(&mut self) -> Result<(), Fault> {
        // The brackets that are open, the innermost last.
        let mut open: Vec<u8> = Vec::new();
        loop {
            let mut is_begun = false;
            match self.next(&open) {
                None => return Err(self.fault(TOO_SHORT)),
                Some(b'n') => self.word("null")?,
                Some(b't') => self.word("true")?,
                Some(b'f') => self.word("false")?,
                Some(b'-' | b'0'..=b'9') => self.number()?,
                Some(b'"') => self.string()?,
                Some(bracket @ (b'[' | b'{')) => {
                    self.step();
                    open.push(bracket);
                    is_begun = true;
                }
                Some(_) => return Err(self.fault("expected a value")),
            }
            if !self.reach_next(&mut open, is_begun)? {
                return Ok(());
            }
            if open.last() == Some(&b'{') {
                self.key(&open)?;
            }
        }
    }

    /// Passes white space to the end of the text.
    pub fn end(&mut self) -> Result<(), Fault> {
        match self.next(&[]) {
            None => Ok(()),
            Some(_) => Err(self.fault("something follows its end")),
        }
    }

    /// Passes all that may stand between two values. Nothing is left if this returns `false`.
    fn reach_next(&mut self, open: &mut Vec<u8>, mut is_begun: bool) -> Result<bool, Fault> {
        loop {
            if !is_begun {
                self.note(open);
            }
            let Some(bracket) = open.last().copied() else {
                return Ok(false);
            };
            match (self.peek_behind_space(), bracket) {
                (None, _) => return Err(self.fault(TOO_SHORT)),
                (Some(b']'), b'[') | (Some(b'}'), b'{') => {}
                (Some(_), _) if is_begun => return Ok(true),
                (Some(b','), _) => {
                    self.step();
                    return Ok(true);
                }
                (_, b'[') => return Err(self.fault("expected ',' or ']'")),
                _ => return Err(self.fault("expected ',' or '}'")),
            }
            self.step();
            open.pop();
            is_begun = false;
        }
    }

    fn key(&mut self, open: &[u8]) -> Result<(), Fault> {
        match self.next(open) {
            None => return Err(self.fault(TOO_SHORT)),
            Some(b'"') => self.string()?,
            Some(_) => {
                return Err(
                    self.fault("expected a key in double quotes (no ',' before a closing brace)")
                );
            }
        }
        self.note(open);
        match self.peek_behind_space() {
            None => Err(self.fault(TOO_SHORT)),
            Some(b':') => {
                self.step();
                Ok(())
            }
            Some(_) => Err(self.fault("expected ':'")),
        }
    }

    fn word(&mut self, word: &str) -> Result<(), Fault> {
        for byte in word.bytes() {
            match self.peek() {
                None => return Err(self.fault(TOO_SHORT)),
                Some(other) if other != byte => {
                    return Err(self.fault("expected true, false or null"));
                }
                Some(_) => self.step(),
            }
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), Fault> {
        self.pass(b'-');
        if self.pass(b'0') {
            if self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                return Err(self.fault(NO_NUMBER));
            }
        } else {
            self.digits()?;
        }
        if self.pass(b'.') {
            self.digits()?;
        }
        if self.pass(b'e') || self.pass(b'E') {
            if !self.pass(b'+') {
                self.pass(b'-');
            }
            self.digits()?;
        }
        Ok(())
    }

    /// One digit or more.
    fn digits(&mut self) -> Result<(), Fault> {
        let begin = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.step();
        }
        if self.at == begin {
            return Err(self.fault(NO_NUMBER));
        }
        Ok(())
    }

    /// A string. What its `\u` escapes stand for is not looked at.
    fn string(&mut self) -> Result<(), Fault> {
        self.step();
        loop {
            match self.peek() {
                None => return Err(self.fault(TOO_SHORT)),
                Some(b'"') => {
                    self.step();
                    return Ok(());
                }
                Some(b'\\') => {
                    self.step();
                    self.escape()?;
                }
                Some(0..=0x1f) => {
                    return Err(Fault {
                        read: self.at,
                        reason: "a text holds a line break or another control character",
                    });
                }
                Some(_) => self.step(),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Fault> {
        const WRONG: &str = "a text holds an unknown escape";
        match self.peek() {
            None => return Err(self.fault(TOO_SHORT)),
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {}
            Some(b'u') => {
                let begin = self.at.saturating_add(1);
                let end = begin.saturating_add(4);
                let Some(digits) = self.text.as_bytes().get(begin..end) else {
                    self.at = self.text.len();
                    return Err(self.fault(TOO_SHORT));
                };
                self.at = end.saturating_sub(1);
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err(self.fault(WRONG));
                }
            }
            Some(_) => return Err(self.fault(WRONG)),
        }
        self.step();
        Ok(())
    }

    /// The next byte that is no white space, where a part begins if one bracket is open.
    fn next(&mut self, open: &[u8]) -> Option<u8> {
        let next = self.peek_behind_space();
        if open.len() == 1 {
            self.begin = self.at;
        }
        next
    }

    /// Takes what was passed since `begin` for a part if one bracket is open.
    fn note(&mut self, open: &[u8]) {
        if open.len() == 1 {
            let part = self.text.get(self.begin..self.at);
            self.parts.extend(part.map(Raw));
        }
    }

    fn peek_behind_space(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.step();
        }
        self.peek()
    }

    fn pass(&mut self, byte: u8) -> bool {
        let is_here = self.peek() == Some(byte);
        if is_here {
            self.step();
        }
        is_here
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    /// The next byte is wrong, or there is none.
    fn fault(&self, reason: &'static str) -> Fault {
        Fault {
            read: self.at.saturating_add(1).min(self.text.len()),
            reason,
        }
    }
}

const NO_NUMBER: &str = "a number is malformed";
const TOO_SHORT: &str = "it ends too early";
