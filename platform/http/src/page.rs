//! Pages of lists: `?limit=&offset=` in, `{"data": [...], "meta": {...}}` out.

use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::input::{Fields, FromFields};

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// How many items at most.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 20, nullable = false)]
    pub limit: u32,
    /// How many items to skip.
    #[param(value_type = Option<i64>, minimum = 0, default = 0, nullable = false)]
    pub offset: i64,
}

impl Page {
    /// The largest limit.
    pub const MOST: u32 = 100;
}

impl Default for Page {
    fn default() -> Self {
        Self { limit: 20, offset: 0 }
    }
}

/// Can be part of a larger query: call it from that type's own `from_fields`.
impl FromFields for Page {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let default = Self::default();
        let limit = fields.optional::<i64>("limit").and_then(|limit| {
            let limit = limit.map_or(Some(default.limit), |limit| u32::try_from(limit).ok());
            let limit = limit.filter(|limit| (1..=Self::MOST).contains(limit));
            if limit.is_none() {
                fields.reject("limit", format!("must be between 1 and {}", Self::MOST));
            }
            limit
        });
        let offset = fields.optional::<i64>("offset").and_then(|offset| {
            let offset = Some(offset.unwrap_or(default.offset)).filter(|offset| *offset >= 0);
            if offset.is_none() {
                fields.reject("offset", "must not be negative");
            }
            offset
        });
        Some(Self { limit: limit?, offset: offset? })
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct List<T> {
    /// The items.
    pub data: Vec<T>,
    /// Where they stand in the whole.
    pub meta: ListMeta,
}

/// Where a page stands in the whole list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListMeta {
    /// Items in the whole list.
    pub total: i64,
    /// The limit asked for.
    pub limit: u32,
    /// The offset asked for.
    pub offset: i64,
}

impl<T> List<T> {
    /// The items of `page` of a list of `total`.
    #[must_use]
    pub fn new(data: Vec<T>, total: i64, page: Page) -> Self {
        Self { data, meta: ListMeta { total, limit: page.limit, offset: page.offset } }
    }
}

impl<T: Serialize> IntoResponse for List<T> {
    fn into_response(self) -> Response {
        axum::Json(self).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::fields_of_query;

    #[test]
    fn limits_hold() {
        assert_eq!(fields_of_query::<Page>("").expect("default"), Page { limit: 20, offset: 0 });
        let page = fields_of_query::<Page>("limit=100&offset=7").expect("valid");
        assert_eq!(page, Page { limit: 100, offset: 7 });
        for (query, field) in [
            ("limit=0", "limit"),
            ("limit=101", "limit"),
            ("limit=-1", "limit"),
            ("limit=4294967297", "limit"),
            ("limit=", "limit"),
            ("limit=1.5", "limit"),
            ("offset=-1", "offset"),
            ("offset=9223372036854775808", "offset"),
            ("page=2", "page"),
        ] {
            let problem = fields_of_query::<Page>(query).expect_err(query);
            let fields: Vec<_> = problem.errors().iter().map(|error| &error.field).collect();
            assert_eq!(fields, [field], "{query}");
        }
        let both = fields_of_query::<Page>("offset=x&limit=0").expect_err("two");
        assert_eq!(both.errors().len(), 2);
    }

    #[test]
    fn a_list_has_data_and_meta() {
        let list = List::new(vec![1, 2], 9, Page { limit: 2, offset: 4 });
        let json = serde_json::to_value(&list).expect("serializes");
        let meta = serde_json::json!({"total": 9, "limit": 2, "offset": 4});
        assert_eq!(json, serde_json::json!({"data": [1, 2], "meta": meta}));
    }
}
