//! Values that many agreements have alike, such as those of their template, held once.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Notices, Services, Targets};
use crate::ident::{RecipientSlug, TemplateName};

/// A value that several agreements may share. A change of it copies it first.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shared<T>(Arc<T>);

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone> DerefMut for Shared<T> {
    fn deref_mut(&mut self) -> &mut T {
        Arc::make_mut(&mut self.0)
    }
}

impl<T> Borrow<T> for Shared<T> {
    fn borrow(&self) -> &T {
        &self.0
    }
}

impl<T> From<T> for Shared<T> {
    fn from(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<T: Ord, const N: usize> From<[T; N]> for Shared<BTreeSet<T>> {
    fn from(values: [T; N]) -> Self {
        BTreeSet::from(values).into()
    }
}

impl<Item, T: FromIterator<Item>> FromIterator<Item> for Shared<T> {
    fn from_iter<I: IntoIterator<Item = Item>>(items: I) -> Self {
        T::from_iter(items).into()
    }
}

impl<T: Serialize> Serialize for Shared<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Shared<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::from)
    }
}

#[expect(clippy::into_iter_without_iter, reason = "`iter` is that of the value")]
impl<'a, T> IntoIterator for &'a Shared<T>
where
    &'a T: IntoIterator,
{
    type Item = <&'a T as IntoIterator>::Item;
    type IntoIter = <&'a T as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        (&**self).into_iter()
    }
}

/// The different values so far.
#[derive(Debug)]
pub struct SharedValues<T>(Mutex<BTreeSet<Shared<T>>>);

impl<T> Default for SharedValues<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone + Ord> SharedValues<T> {
    /// The value, shared with all that are equal to it.
    pub fn share(&self, value: T) -> Shared<T> {
        let mut shared = Shared::from(value);
        self.hold_once(&mut shared);
        shared
    }

    /// Replaces a value by the one that is equal to it, if there was one before.
    pub fn hold_once(&self, value: &mut Shared<T>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get(&**value) {
            Some(equal) => *value = equal.clone(),
            None => _ = known.insert(value.clone()),
        }
    }
}

/// The values of agreements that are shared.
#[derive(Debug, Default)]
pub struct SharedTerms {
    /// The recipients, which the agreements of a client often have alike.
    pub recipients: SharedValues<BTreeSet<RecipientSlug>>,
    /// The lists of templates.
    pub templates: SharedValues<Vec<TemplateName>>,
    /// The services with their own terms.
    pub services: SharedValues<Services>,
    /// The targets.
    pub targets: SharedValues<Targets>,
    /// The notices.
    pub notices: SharedValues<Notices>,
}

#[cfg(test)]
mod tests {
    use super::SharedValues;

    #[test]
    fn equal_values_are_held_once_and_a_change_copies() {
        let values = SharedValues::default();
        let (one, mut other) = (values.share(vec![1]), values.share(vec![1]));
        assert!(std::sync::Arc::ptr_eq(&one.0, &other.0));
        other.push(2);
        assert_eq!((one.as_slice(), other.as_slice()), ([1].as_slice(), [1, 2].as_slice()));
    }
}
