//! Values as the notes of a capture have them: `KEY=VALUE`, in which a value holds no white space.
//! White space, control characters and `%` in texts are written as `%` and two hexadecimal digits.

use std::fmt::{self, Formatter, Write};

use stack::LinkKey;
use wire::Address;

/// The keys and values of a line.
pub(super) type Pairs<'a> = [(&'a str, &'a str)];

/// What can stand behind a key.
pub(super) trait Field: Sized {
    fn print(&self, key: &str, f: &mut Formatter<'_>) -> fmt::Result;
    /// `None`: there is none, or it is none.
    fn parse(key: &str, pairs: &Pairs<'_>) -> Option<Self>;
}

/// One of several, by a word.
pub(super) trait Tagged: Sized {
    fn tag(&self) -> &'static str;
    /// What belongs to it, without the word.
    fn print(&self, f: &mut Formatter<'_>) -> fmt::Result;
    fn parse(tag: &str, pairs: &Pairs<'_>) -> Option<Self>;
}

pub(super) fn value<'a>(key: &str, pairs: &Pairs<'a>) -> Option<&'a str> {
    pairs.iter().find(|(known, _)| *known == key).map(|(_, value)| *value)
}

impl<T: Field> Field for Option<T> {
    fn print(&self, key: &str, f: &mut Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|value| value.print(key, f))
    }

    fn parse(key: &str, pairs: &Pairs<'_>) -> Option<Self> {
        match value(key, pairs) {
            None => Some(None),
            Some(_) => T::parse(key, pairs).map(Some),
        }
    }
}

/// Values that print and parse by themselves, numbers exactly.
macro_rules! plain {
    ($($kind:ty),*) => {$(
        impl Field for $kind {
            fn print(&self, key: &str, f: &mut Formatter<'_>) -> fmt::Result {
                write!(f, " {key}={self}")
            }

            fn parse(key: &str, pairs: &Pairs<'_>) -> Option<Self> {
                value(key, pairs)?.parse().ok()
            }
        }
    )*};
}

plain!(bool, u8, u16, u32, u64, usize, f32, Address);

/// Values that are a word each.
macro_rules! words {
    ($($kind:ty { $($variant:ident = $word:literal),* })*) => {$(
        impl Field for $kind {
            fn print(&self, key: &str, f: &mut Formatter<'_>) -> fmt::Result {
                let word = match self { $(<$kind>::$variant => $word,)* };
                write!(f, " {key}={word}")
            }

            fn parse(key: &str, pairs: &Pairs<'_>) -> Option<Self> {
                match value(key, pairs)? {
                    $($word => Some(<$kind>::$variant),)*
                    _ => None,
                }
            }
        }
    )*};
}
pub(super) use words;

/// A structure of fields. All of them must be named: what a capture lacks cannot be replayed.
macro_rules! fields {
    ($($kind:ident { $($field:ident),* $(,)? })*) => {$(
        impl Field for $kind {
            fn print(&self, _: &str, f: &mut Formatter<'_>) -> fmt::Result {
                let $kind { $($field),* } = self;
                $($field.print(stringify!($field), f)?;)*
                Ok(())
            }

            fn parse(_: &str, pairs: &Pairs<'_>) -> Option<Self> {
                Some($kind { $($field: Field::parse(stringify!($field), pairs)?),* })
            }
        }
    )*};
}
pub(super) use fields;

/// An enumeration of what has fields. A field without a name is written `0: NAME`.
macro_rules! tagged {
    ($kind:ident { $($tag:literal => $variant:ident { $($place:tt $(: $name:ident)?),* }),* $(,)? }) => {
        impl Tagged for $kind {
            fn tag(&self) -> &'static str {
                match self { $($kind::$variant { .. } => $tag,)* }
            }

            fn print(&self, f: &mut Formatter<'_>) -> fmt::Result {
                match self {$(
                    $kind::$variant { $($place $(: $name)?),* } => {
                        $({
                            let (value, name) = name!($place $(: $name)?);
                            Field::print(value, name, f)?;
                        })*
                    }
                )*}
                Ok(())
            }

            fn parse(tag: &str, pairs: &Pairs<'_>) -> Option<Self> {
                let _ = pairs;
                Some(match tag {
                    $($tag => $kind::$variant { $($place: parsed!(pairs, $place $(: $name)?)),* },)*
                    _ => return None,
                })
            }
        }
    };
}
pub(super) use tagged;

macro_rules! name {
    ($name:ident) => {
        ($name, stringify!($name))
    };
    ($place:tt : $name:ident) => {
        ($name, stringify!($name))
    };
}
pub(super) use name;

macro_rules! parsed {
    ($pairs:ident, $name:ident) => {
        Field::parse(stringify!($name), $pairs)?
    };
    ($pairs:ident, $place:tt : $name:ident) => {
        Field::parse(stringify!($name), $pairs)?
    };
}
pub(super) use parsed;

impl<const N: usize> Field for heapless::String<N> {
    fn print(&self, key: &str, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, " {key}=")?;
        self.chars().try_for_each(|letter| {
            if letter != '%' && !letter.is_whitespace() && !letter.is_control() {
                return f.write_char(letter);
            }
            let mut octets = [0; 4];
            letter.encode_utf8(&mut octets).bytes().try_for_each(|octet| write!(f, "%{octet:02x}"))
        })
    }

    fn parse(key: &str, pairs: &Pairs<'_>) -> Option<Self> {
        let mut octets = value(key, pairs)?.bytes();
        let mut text = heapless::Vec::new();
        while let Some(octet) = octets.next() {
            let octet = match octet {
                b'%' => digit(octets.next()?)? << 4 | digit(octets.next()?)?,
                octet => octet,
            };
            text.push(octet).ok()?;
        }
        heapless::String::from_utf8(text).ok()
    }
}

fn digit(letter: u8) -> Option<u8> {
    char::from(letter).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn print_octets(octets: &[u8], key: &str, f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, " {key}=")?;
    octets.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
}

fn parse_octets(key: &str, pairs: &Pairs<'_>) -> Option<impl Iterator<Item = Option<u8>>> {
    let digits = value(key, pairs)?.as_bytes();
    let (octets, []) = digits.as_chunks::<2>() else { return None };
    Some(octets.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)))
}

impl<const N: usize> Field for heapless::Vec<u8, N> {
    fn print(&self, key: &str, f: &mut Formatter<'_>) -> fmt::Result {
        print_octets(self, key, f)
    }

    fn parse(key: &str, pairs: &Pairs<'_>) -> Option<Self> {
        let mut octets = heapless::Vec::new();
        for octet in parse_octets(key, pairs)? {
            octets.push(octet?).ok()?;
        }
        Some(octets)
    }
}

impl<const N: usize> Field for [u8; N] {
    fn print(&self, key: &str, f: &mut Formatter<'_>) -> fmt::Result {
        print_octets(self, key, f)
    }

    fn parse(key: &str, pairs: &Pairs<'_>) -> Option<Self> {
        heapless::Vec::<u8, N>::parse(key, pairs)?.into_array().ok()
    }
}

impl Field for LinkKey {
    fn print(&self, key: &str, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.print(key, f)
    }

    fn parse(key: &str, pairs: &Pairs<'_>) -> Option<Self> {
        Field::parse(key, pairs).map(LinkKey)
    }
}

/// A [`Debug`](fmt::Debug) value without white space.
pub(super) struct Tight<T>(pub(super) T);

impl<T: fmt::Debug> fmt::Display for Tight<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        struct Strip<'a, 'f>(&'a mut Formatter<'f>);
        impl Write for Strip<'_, '_> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                text.split(' ').try_for_each(|part| self.0.write_str(part))
            }
        }
        write!(Strip(f), "{:?}", self.0)
    }
}
