//! The variables of the language.

macro_rules! variables {
    ($($variant:ident = $name:literal, $shape:ident;)+) => {
        /// A variable or collection a rule can inspect.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) enum Variable { $($variant,)+ }

        impl Variable {
            pub(crate) const ALL: &[Variable] = &[$(Variable::$variant,)+];

            /// By its name in capitals.
            pub(crate) fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => alias(name) }
            }

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            pub(crate) fn shape(self) -> Shape {
                match self { $(Self::$variant => Shape::$shape,)+ }
            }
        }
    };
}

/// Where a variable's values come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One value of the transaction, empty until it is known.
    Scalar,
    /// One value of the transaction, or none.
    Optional,
    /// Named values of the transaction, fixed within a phase.
    Collection,
    /// Read anew by every rule.
    Dynamic,
}

variables! {
    Args = "ARGS", Collection;
    ArgsCombinedSize = "ARGS_COMBINED_SIZE", Scalar;
    ArgsGet = "ARGS_GET", Collection;
    ArgsGetNames = "ARGS_GET_NAMES", Collection;
    ArgsNames = "ARGS_NAMES", Collection;
    ArgsPost = "ARGS_POST", Collection;
    ArgsPostNames = "ARGS_POST_NAMES", Collection;
    AuthType = "AUTH_TYPE", Scalar;
    Duration = "DURATION", Dynamic;
    Env = "ENV", Dynamic;
    Files = "FILES", Collection;
    FilesCombinedSize = "FILES_COMBINED_SIZE", Scalar;
    FilesNames = "FILES_NAMES", Collection;
    FilesSizes = "FILES_SIZES", Collection;
    FilesTmpContent = "FILES_TMP_CONTENT", Collection;
    FilesTmpNames = "FILES_TMPNAMES", Collection;
    FullRequest = "FULL_REQUEST", Scalar;
    FullRequestLength = "FULL_REQUEST_LENGTH", Scalar;
    Geo = "GEO", Dynamic;
    Global = "GLOBAL", Dynamic;
    HighestSeverity = "HIGHEST_SEVERITY", Dynamic;
    InboundDataError = "INBOUND_DATA_ERROR", Scalar;
    Ip = "IP", Dynamic;
    MatchedVar = "MATCHED_VAR", Dynamic;
    MatchedVarName = "MATCHED_VAR_NAME", Dynamic;
    MatchedVars = "MATCHED_VARS", Dynamic;
    MatchedVarsNames = "MATCHED_VARS_NAMES", Dynamic;
    ModsecBuild = "MODSEC_BUILD", Scalar;
    MscPcreError = "MSC_PCRE_ERROR", Dynamic;
    MscPcreLimitsExceeded = "MSC_PCRE_LIMITS_EXCEEDED", Dynamic;
    MultipartBoundaryQuoted = "MULTIPART_BOUNDARY_QUOTED", Scalar;
    MultipartBoundaryWhitespace = "MULTIPART_BOUNDARY_WHITESPACE", Scalar;
    MultipartCrlfLfLines = "MULTIPART_CRLF_LF_LINES", Scalar;
    MultipartDataAfter = "MULTIPART_DATA_AFTER", Scalar;
    MultipartDataBefore = "MULTIPART_DATA_BEFORE", Scalar;
    MultipartFileLimitExceeded = "MULTIPART_FILE_LIMIT_EXCEEDED", Scalar;
    MultipartFilename = "MULTIPART_FILENAME", Collection;
    MultipartHeaderFolding = "MULTIPART_HEADER_FOLDING", Scalar;
    MultipartInvalidHeaderFolding = "MULTIPART_INVALID_HEADER_FOLDING", Scalar;
    MultipartInvalidPart = "MULTIPART_INVALID_PART", Scalar;
    MultipartInvalidQuoting = "MULTIPART_INVALID_QUOTING", Scalar;
    MultipartLfLine = "MULTIPART_LF_LINE", Scalar;
    MultipartMissingSemicolon = "MULTIPART_MISSING_SEMICOLON", Scalar;
    MultipartName = "MULTIPART_NAME", Collection;
    MultipartPartHeaders = "MULTIPART_PART_HEADERS", Collection;
    MultipartStrictError = "MULTIPART_STRICT_ERROR", Scalar;
    MultipartUnmatchedBoundary = "MULTIPART_UNMATCHED_BOUNDARY", Scalar;
    OutboundDataError = "OUTBOUND_DATA_ERROR", Scalar;
    PathInfo = "PATH_INFO", Scalar;
    QueryString = "QUERY_STRING", Scalar;
    RemoteAddr = "REMOTE_ADDR", Scalar;
    RemoteHost = "REMOTE_HOST", Scalar;
    RemotePort = "REMOTE_PORT", Scalar;
    RemoteUser = "REMOTE_USER", Optional;
    ReqbodyError = "REQBODY_ERROR", Scalar;
    ReqbodyErrorMsg = "REQBODY_ERROR_MSG", Scalar;
    ReqbodyProcessor = "REQBODY_PROCESSOR", Dynamic;
    ReqbodyProcessorError = "REQBODY_PROCESSOR_ERROR", Scalar;
    ReqbodyProcessorErrorMsg = "REQBODY_PROCESSOR_ERROR_MSG", Scalar;
    RequestBasename = "REQUEST_BASENAME", Scalar;
    RequestBody = "REQUEST_BODY", Scalar;
    RequestBodyLength = "REQUEST_BODY_LENGTH", Scalar;
    RequestCookies = "REQUEST_COOKIES", Collection;
    RequestCookiesNames = "REQUEST_COOKIES_NAMES", Collection;
    RequestFilename = "REQUEST_FILENAME", Scalar;
    RequestHeaders = "REQUEST_HEADERS", Collection;
    RequestHeadersNames = "REQUEST_HEADERS_NAMES", Collection;
    RequestLine = "REQUEST_LINE", Scalar;
    RequestMethod = "REQUEST_METHOD", Scalar;
    RequestProtocol = "REQUEST_PROTOCOL", Scalar;
    RequestUri = "REQUEST_URI", Scalar;
    RequestUriRaw = "REQUEST_URI_RAW", Scalar;
    Resource = "RESOURCE", Dynamic;
    ResponseBody = "RESPONSE_BODY", Scalar;
    ResponseContentLength = "RESPONSE_CONTENT_LENGTH", Scalar;
    ResponseContentType = "RESPONSE_CONTENT_TYPE", Scalar;
    ResponseHeaders = "RESPONSE_HEADERS", Collection;
    ResponseHeadersNames = "RESPONSE_HEADERS_NAMES", Collection;
    ResponseProtocol = "RESPONSE_PROTOCOL", Scalar;
    ResponseStatus = "RESPONSE_STATUS", Scalar;
    Rule = "RULE", Dynamic;
    ServerAddr = "SERVER_ADDR", Scalar;
    ServerName = "SERVER_NAME", Scalar;
    ServerPort = "SERVER_PORT", Scalar;
    Session = "SESSION", Dynamic;
    SessionId = "SESSIONID", Dynamic;
    StatusLine = "STATUS_LINE", Scalar;
    Time = "TIME", Dynamic;
    TimeDay = "TIME_DAY", Dynamic;
    TimeEpoch = "TIME_EPOCH", Dynamic;
    TimeHour = "TIME_HOUR", Dynamic;
    TimeMin = "TIME_MIN", Dynamic;
    TimeMon = "TIME_MON", Dynamic;
    TimeSec = "TIME_SEC", Dynamic;
    TimeWday = "TIME_WDAY", Dynamic;
    TimeYear = "TIME_YEAR", Dynamic;
    Tx = "TX", Dynamic;
    UniqueId = "UNIQUE_ID", Scalar;
    UrlencodedError = "URLENCODED_ERROR", Scalar;
    User = "USER", Dynamic;
    UserId = "USERID", Dynamic;
    WebAppId = "WEBAPPID", Dynamic;
    Xml = "XML", Collection;
}

impl Variable {
    /// Whether a selector may follow.
    pub(crate) fn has_members(self) -> bool {
        self.shape() == Shape::Collection
            || matches!(
                self,
                Self::Tx
                    | Self::Ip
                    | Self::Global
                    | Self::Session
                    | Self::User
                    | Self::Resource
                    | Self::Env
                    | Self::Geo
                    | Self::Rule
                    | Self::MatchedVars
                    | Self::MatchedVarsNames
            )
    }

    /// Whether the request body has a part in the value.
    pub(crate) fn depends_on_body(self) -> bool {
        matches!(
            self,
            Self::Args
                | Self::ArgsNames
                | Self::ArgsPost
                | Self::ArgsPostNames
                | Self::ArgsCombinedSize
                | Self::Files
                | Self::FilesCombinedSize
                | Self::FilesNames
                | Self::FilesSizes
                | Self::FilesTmpContent
                | Self::FilesTmpNames
                | Self::FullRequest
                | Self::FullRequestLength
                | Self::InboundDataError
                | Self::ReqbodyError
                | Self::ReqbodyErrorMsg
                | Self::ReqbodyProcessorError
                | Self::ReqbodyProcessorErrorMsg
                | Self::RequestBody
                | Self::RequestBodyLength
                | Self::Xml
        ) || self.name().starts_with("MULTIPART_")
    }

    /// Whether the variable is a collection kept between transactions.
    pub(crate) fn is_persistent(self) -> bool {
        matches!(self, Self::Ip | Self::Global | Self::Session | Self::User | Self::Resource)
    }
}

fn alias(name: &str) -> Option<Variable> {
    Some(match name {
        "REQUEST_COOKIE" => Variable::RequestCookies,
        "SCRIPT_FILENAME" => Variable::RequestFilename,
        "FILES_TMP_NAMES" => Variable::FilesTmpNames,
        "URLENCODED_REQUEST_ERROR" => Variable::UrlencodedError,
        "REQBODY_PROC_ERROR" => Variable::ReqbodyProcessorError,
        "STATUS" => Variable::ResponseStatus,
        "MULTIPART_SEMICOLON_MISSING" => Variable::MultipartMissingSemicolon,
        _ => return None,
    })
}
