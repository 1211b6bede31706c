//! What clients send. Values are checked here completely, so that an answer lists every
//! wrong field.

use std::str::FromStr;

use marquis_http::input::{Fields, FromFields, Parsed};
use marquis_http::page::Page;
use utoipa::{IntoParams, ToSchema};

use crate::application::ports::Filter;
use crate::domain::{DisplayName, PictureUrl, RequestedUsername, SearchText};

/// Which people are wanted.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// The beginning of a username or, from three characters on, any part of one, without
    /// regard to case; or a whole e-mail address. At most 254 characters.
    #[param(value_type = Option<String>, max_length = 254, nullable = false)]
    search: SearchText,
    /// Only those who are connected, or only the others.
    #[param(nullable = false)]
    is_online: Option<bool>,
    #[param(ignore)]
    pub(super) page: Page,
}

impl FromFields for ListQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let search = fields.optional::<Parsed<SearchText>>("search");
        let is_online = fields.optional("isOnline");
        let page = Page::from_fields(fields);
        Some(Self {
            search: search?.map_or(SearchText(None), |search| search.0),
            is_online: is_online?,
            page: page?,
        })
    }
}

impl ListQuery {
    pub(super) fn into_filter(self) -> Filter {
        Filter { search: self.search.0, is_online: self.is_online }
    }
}

/// What is changed about a profile. Fields that are absent stay as they are.
#[derive(Debug, ToSchema)]
#[schema(as = ProfileChange)]
pub(super) struct ProfileBody {
    /// The login name, at most 50 characters: others may have it already.
    #[schema(value_type = Option<String>, max_length = 50, example = "alice")]
    pub(super) username: Option<RequestedUsername>,
    /// The name to show, at most 100 characters; empty for none.
    #[schema(value_type = Option<String>, rename = "displayName", max_length = 100, example = "Alice")]
    pub(super) display_name: Option<Clearable<DisplayName>>,
    /// A picture on another site; empty for none. The picture that is kept here is changed
    /// by uploading another one.
    #[schema(value_type = Option<String>, rename = "avatarUrl", max_length = 2048, example = "https://example.org/alice.png")]
    pub(super) avatar_url: Option<Clearable<PictureAddress>>,
}

impl FromFields for ProfileBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let username = fields.optional::<Parsed<RequestedUsername>>("username");
        let display_name = fields.optional::<Parsed<Clearable<DisplayName>>>("displayName");
        let avatar_url = fields.optional::<Parsed<Clearable<PictureAddress>>>("avatarUrl");
        Some(Self {
            username: username?.map(|given| given.0),
            display_name: display_name?.map(|given| given.0),
            avatar_url: avatar_url?.map(|given| given.0),
        })
    }
}

/// A text, or an empty one, which clears a field.
#[derive(Debug)]
pub(super) struct Clearable<T>(pub(super) Option<T>);

impl<T: FromStr> FromStr for Clearable<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().is_empty() { Ok(Self(None)) } else { text.parse().map(Some).map(Self) }
    }
}

/// Where a picture is.
#[derive(Debug)]
pub(super) enum PictureAddress {
    /// On another site.
    Elsewhere(PictureUrl),
    /// A path here: only the one that the profile has already.
    Here(String),
}

impl FromStr for PictureAddress {
    type Err = <PictureUrl as FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with('/') && !text.starts_with("//") {
            return Ok(Self::Here(text.to_owned()));
        }
        text.parse().map(Self::Elsewhere)
    }
}
