//! Values as the keys want them, from TOML values; each failure says what would be right.

use toml::de::DeValue;

/// A value of a key, of whatever type.
pub(crate) type Value<'a> = DeValue<'a>;

pub(crate) fn text<'v>(value: &'v Value<'_>) -> Result<&'v str, String> {
    value.as_str().ok_or_else(|| "must be text in quotation marks".into())
}

pub(crate) fn truth(value: &Value<'_>) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| "must be true or false".into())
}

pub(crate) fn whole(value: &Value<'_>, least: i64, most: i64) -> Result<i64, String> {
    let number = value
        .as_integer()
        .and_then(|i| i64::from_str_radix(i.as_str(), i.radix()).ok())
        .filter(|n| (least..=most).contains(n));
    number.ok_or_else(|| format!("must be a whole number from {least} to {most}"))
}

pub(crate) fn number(value: &Value<'_>, least: f32, most: f32) -> Result<f32, String> {
    let as_float = value.as_float().and_then(|f| f.as_str().parse::<f32>().ok());
    let as_whole = || whole(value, least as i64, most as i64).ok().map(|n| n as f32);
    as_float
        .or_else(as_whole)
        .filter(|n| (least..=most).contains(n))
        .ok_or_else(|| format!("must be a number from {least} to {most}"))
}

/// One of several words, each standing for something.
pub(crate) fn choice<T: Copy>(value: &Value<'_>, words: &[(&str, T)]) -> Result<T, String> {
    let known = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
    let given = value.as_str().ok_or_else(|| format!("must be one of {}", known()))?;
    words
        .iter()
        .find(|(word, _)| *word == given)
        .map(|(_, meaning)| *meaning)
        .ok_or_else(|| format!("is \"{given}\"; must be one of {}", known()))
}

/// A list of words out of several, each standing for something.
pub(crate) fn choices<T: Copy>(value: &Value<'_>, words: &[(&str, T)]) -> Result<Vec<T>, String> {
    let list = value.as_array().ok_or_else(|| "must be a list".to_string())?;
    list.iter().map(|item| choice(item.get_ref(), words)).collect()
}
