//! The parameters of lists.

use super::{ApiError, Query};
use crate::store::Page;

/// How many rows lists have that nobody gave a number.
pub(super) const DEFAULT_PAGE: u32 = 100;

/// Reads `last_id` and `page_size`.
///
/// # Errors
///
/// 400 when the size is larger than `max`, or negative and not -1, 404 when one of them is no number.
pub(super) fn page<T>(query: &Query, max: u32, id: fn(i64) -> T) -> Result<Page<T>, ApiError> {
    Ok(Page { limit: page_size(query, max)?, before: query.scalar("last_id")?.map(id) })
}

fn page_size(query: &Query, max: u32) -> Result<u32, ApiError> {
    if query.scalar("page_size")? == Some(-1) {
        // All there are, as with Digdag, which does not hold this to the limit either.
        return Ok(u32::MAX);
    }
    let Some(size) = natural(query, "page_size")? else { return Ok(DEFAULT_PAGE) };
    if size > max {
        return Err(ApiError::invalid(format!(
            "Your specified page_size is Optional.of({size}), but it is larger than MAX_PAGE_SIZE: {max}. \
             You must specify page_size with a number which is smaller than {max}."
        )));
    }
    Ok(size)
}

/// Reads `count`, which has no limit.
///
/// # Errors
///
/// 400 when it is negative, 404 when it is no number.
pub(super) fn count(query: &Query) -> Result<u32, ApiError> {
    Ok(natural(query, "count")?.unwrap_or(DEFAULT_PAGE))
}

fn natural(query: &Query, name: &str) -> Result<Option<u32>, ApiError> {
    let Some(number) = query.scalar::<i32>(name)? else { return Ok(None) };
    let number = u32::try_from(number);
    number.map(Some).map_err(|_| ApiError::invalid(format!("{name}= must not be negative")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Query {
        Query::parse(text).unwrap()
    }

    #[test]
    fn pages_have_a_size_and_a_limit() {
        assert_eq!(page_size(&parsed(""), 100), Ok(100));
        assert_eq!(
            page_size(&parsed(""), 20),
            Ok(100),
            "the default is not held to the limit, as with Digdag"
        );
        assert_eq!(page_size(&parsed("page_size=0"), 100), Ok(0));
        assert_eq!(page_size(&parsed("page_size=-1"), 100), Ok(u32::MAX), "all of them");
        let negative = ApiError::invalid("page_size= must not be negative");
        assert_eq!(page_size(&parsed("page_size=-2"), 100), Err(negative));
        assert_eq!(page_size(&parsed("page_size=100"), 100), Ok(100));
        let error = page_size(&parsed("page_size=101"), 100).unwrap_err();
        assert_eq!(
            (error.status, error.message.as_deref()),
            (
                400,
                Some(
                    "Your specified page_size is Optional.of(101), but it is larger than MAX_PAGE_SIZE: 100. \
                     You must specify page_size with a number which is smaller than 100."
                )
            )
        );
    }

    #[test]
    fn counts_have_none() {
        assert_eq!(count(&parsed("count=1000000")), Ok(1_000_000));
        assert_eq!(count(&parsed("count=-1")), Err(ApiError::invalid("count= must not be negative")));
        assert_eq!(count(&parsed("count=abc")), Err(ApiError::no_such_path()));
        assert_eq!(count(&parsed("count=99999999999")), Err(ApiError::no_such_path()));
    }
}
