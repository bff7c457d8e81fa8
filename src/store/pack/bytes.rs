//! Numbers as few bytes, and the frame that tells whether bytes are whole.

/// Bytes that do not mean what they should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Damage {
    /// The checksum does not fit.
    #[error("its checksum does not fit")]
    Checksum,
    /// It ends too early.
    #[error("it ends too early")]
    Short,
    /// Written by a newer version.
    #[error("its format {0} is not known")]
    Format(u8),
    /// A number that cannot be.
    #[error("it holds an impossible {0}")]
    Impossible(&'static str),
}

/// Appends a number, seven bits a byte.
pub(crate) fn put(to: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        to.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    to.push(number.to_le_bytes()[0]);
}

/// Appends a number that may be negative.
pub(crate) fn put_signed(to: &mut Vec<u8>, number: i64) {
    put(to, (number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned());
}

/// Reads what [`put`] wrote.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// A reader that begins at an offset.
    pub(crate) fn from(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.at >= self.bytes.len()
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Damage> {
        let byte = *self.bytes.get(self.at).ok_or(Damage::Short)?;
        self.at += 1;
        Ok(byte)
    }

    pub(crate) fn number(&mut self) -> Result<u64, Damage> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Damage::Impossible("number"))
    }

    pub(crate) fn signed(&mut self) -> Result<i64, Damage> {
        let number = self.number()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    /// A number that must fit a narrower type.
    pub(crate) fn narrow<T: TryFrom<u64>>(&mut self, what: &'static str) -> Result<T, Damage> {
        T::try_from(self.number()?).map_err(|_| Damage::Impossible(what))
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Damage> {
        let end = self.at.checked_add(count).ok_or(Damage::Short)?;
        let taken = self.bytes.get(self.at..end).ok_or(Damage::Short)?;
        self.at = end;
        Ok(taken)
    }

    pub(crate) fn rest(&mut self) -> &'a [u8] {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at = self.bytes.len();
        rest
    }
}

/// Bytes in front of the content: checksum and format.
const FRAME: usize = 5;

/// Begins a framed blob: leaves room for the checksum.
pub(crate) fn frame(format: u8) -> Vec<u8> {
    vec![0, 0, 0, 0, format]
}

/// Ends a framed blob: fills in the checksum.
pub(crate) fn close(mut blob: Vec<u8>) -> Vec<u8> {
    if let Some((sum, content)) = blob.split_first_chunk_mut::<4>() {
        *sum = crc32fast::hash(content).to_le_bytes();
    }
    blob
}

/// The content of a framed blob, if it is whole and of this format.
pub(crate) fn open(blob: &[u8], format: u8) -> Result<Reader<'_>, Damage> {
    let (sum, content) = blob.split_first_chunk::<4>().ok_or(Damage::Short)?;
    if crc32fast::hash(content).to_le_bytes() != *sum {
        return Err(Damage::Checksum);
    }
    match content.first() {
        Some(&found) if found == format => Ok(Reader::from(blob, FRAME)),
        Some(&found) => Err(Damage::Format(found)),
        None => Err(Damage::Short),
    }
}
