//! Audio codecs: slices in, slices out
