//! Python: as much of the language as a probe's test code uses: `print` of sums and products of numbers and strings.

/// Runs the code and returns what it printed; an error names what was not understood.
pub(crate) fn run(code: &str) -> Result<String, String> {
    let mut printed = String::new();
    for line in code.split(['\n', ';']).map(str::trim) {
        if line.is_empty() || line.starts_with('#') || line.starts_with("import ") {
            continue;
        }
        let inner = line.strip_prefix("print(").and_then(|l| l.strip_suffix(')'));
        let Some(inner) = inner else {
            return Err(format!("invalid syntax: {line}"));
        };
        let mut reader = Reader { rest: inner };
        let value = reader.sum().filter(|_| reader.rest.trim().is_empty());
        match value {
            Some(Value::Number(n)) => printed.push_str(&n.to_string()),
            Some(Value::Text(text)) => printed.push_str(&text),
            None => return Err(format!("invalid syntax: {line}")),
        }
        printed.push('\n');
    }
    Ok(printed)
}

enum Value {
    Number(i64),
    Text(String),
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn sum(&mut self) -> Option<Value> {
        let mut left = self.product()?;
        while self.take('+') {
            left = match (left, self.product()?) {
                (Value::Number(a), Value::Number(b)) => Value::Number(a.checked_add(b)?),
                (Value::Text(a), Value::Text(b)) => Value::Text(a + &b),
                _ => return None,
            };
        }
        Some(left)
    }

    fn product(&mut self) -> Option<Value> {
        let mut left = self.atom()?;
        while self.take('*') {
            left = match (left, self.atom()?) {
                (Value::Number(a), Value::Number(b)) => Value::Number(a.checked_mul(b)?),
                _ => return None,
            };
        }
        Some(left)
    }

    fn atom(&mut self) -> Option<Value> {
        self.rest = self.rest.trim_start();
        if self.take('(') {
            let value = self.sum()?;
            return self.take(')').then_some(value);
        }
        if let Some(quote) = self.rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            let (text, rest) = self.rest.get(1..)?.split_once(quote)?;
            self.rest = rest;
            return Some(Value::Text(text.to_owned()));
        }
        let digits = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at_checked(digits)?;
        self.rest = rest;
        number.parse().ok().map(Value::Number)
    }

    fn take(&mut self, what: char) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(what) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }
}
