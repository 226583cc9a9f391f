//! Lists of numbers as one binary attribute, eight bytes each: for `#[serde(with = "packed")]`.

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserializer, Serializer};

pub(crate) fn serialize<T: Copy + Into<u64>, S: Serializer>(
    list: &[T],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let bytes: Vec<u8> = list.iter().flat_map(|&number| number.into().to_be_bytes()).collect();
    serializer.serialize_bytes(&bytes)
}

pub(crate) fn deserialize<'de, T: TryFrom<u64>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let numbers = deserializer.deserialize_byte_buf(Numbers)?;
    let numbers = numbers.into_iter().map(T::try_from);
    numbers.collect::<Result<_, _>>().map_err(|_| de::Error::custom("a number out of range"))
}

struct Numbers;

impl Visitor<'_> for Numbers {
    type Value = Vec<u64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("eight bytes for each number")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        match bytes.as_chunks::<8>() {
            (numbers, []) => Ok(numbers.iter().map(|number| u64::from_be_bytes(*number)).collect()),
            _ => Err(E::invalid_length(bytes.len(), &self)),
        }
    }

    fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Self::Value, E> {
        self.visit_bytes(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use domain::PhotoId;
    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};
    use serde_dynamo::{AttributeValue, from_item, to_item};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct List {
        #[serde(with = "super")]
        photos: Vec<PhotoId>,
    }

    proptest! {
        #[test]
        fn lists_round_trip_in_eight_bytes_a_number(numbers in proptest::collection::vec(0..=i64::MAX as u64, 0..50)) {
            let photos: Vec<PhotoId> = numbers.iter().map(|number| PhotoId::try_from(*number).unwrap()).collect();
            let item: serde_dynamo::Item = to_item(List { photos: photos.clone() }).unwrap();
            let bytes = match &item["photos"] {
                AttributeValue::B(bytes) => bytes.len(),
                other => panic!("{other:?}"),
            };
            prop_assert_eq!(bytes, 8 * photos.len());
            prop_assert_eq!(from_item::<_, List>(item).unwrap(), List { photos });
        }
    }

    #[test]
    fn what_is_no_list_of_ids_is_refused() {
        let read = |bytes: &[u8]| {
            let photos = AttributeValue::B(bytes.to_vec());
            from_item::<_, List>(serde_dynamo::Item::from(std::collections::HashMap::from([(
                "photos".to_owned(),
                photos,
            )])))
        };
        assert!(read(&[0; 16]).is_ok());
        assert!(read(&[0; 15]).is_err());
        assert!(read(&[255; 8]).is_err(), "above the largest id");
    }
}
