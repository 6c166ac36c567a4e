//! Calls of a trait's methods on an enum over its implementations.

/// Implements asynchronous methods for an enum by calling them on the value of whichever variant it is.
///
/// The variants stand in parentheses, and the methods follow without `&self`. Futures are boxed, so that the
/// future of a caller does not grow to that of the largest variant. `dispatch!(self (A | B) value =>
/// expression)` is the match alone.
macro_rules! dispatch {
    ($this:ident ($($variant:ident)|+) $value:ident => $result:expr) => {
        match $this { $(Self::$variant($value) => $result,)+ }
    };
    ($variants:tt $(fn $method:ident($($argument:ident: $type:ty),*) -> $output:ty;)+) => {
        $(async fn $method(&self, $($argument: $type),*) -> $output {
            dispatch!(self $variants value => Box::pin(value.$method($($argument),*)).await)
        })+
    };
}

pub(crate) use dispatch;
