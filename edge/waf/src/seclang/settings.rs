//! What the configuration directives set.

use std::path::PathBuf;

use super::{
    lexer::{Statement, Token},
    position::SourceError,
};

/// `SecRuleEngine`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineMode {
    /// Rules run and their disruptive actions take effect.
    On,
    /// Rules run and log, nothing is interrupted.
    DetectionOnly,
    /// No rule runs.
    #[default]
    Off,
}

/// `SecAuditEngine`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuditEngine {
    /// Every transaction.
    On,
    /// Transactions with a logged rule or a relevant status.
    RelevantOnly,
    /// None.
    #[default]
    Off,
}

/// `SecParseXmlIntoArgs`: whether the texts of an XML body become arguments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum XmlArguments {
    /// They are in `XML` and in `ARGS`.
    On,
    /// They are in `XML` only.
    #[default]
    Off,
    /// They are in `ARGS` only.
    OnlyArgs,
}

/// What happens to a body longer than its limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyLimitAction {
    /// The transaction is refused.
    #[default]
    Reject,
    /// The part within the limit is inspected.
    ProcessPartial,
}

/// The configuration directives, with the reference manual's defaults.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `SecRuleEngine`.
    pub engine: EngineMode,
    /// `SecRequestBodyAccess`; where nothing is said, on, as in libmodsecurity.
    pub request_body_access: bool,
    /// `SecRequestBodyLimit`, bytes.
    pub request_body_limit: usize,
    /// `SecRequestBodyNoFilesLimit`, bytes.
    pub request_body_no_files_limit: usize,
    /// `SecRequestBodyLimitAction`.
    pub request_body_limit_action: BodyLimitAction,
    /// `SecRequestBodyJsonDepthLimit`.
    pub json_depth_limit: usize,
    /// `SecArgumentsLimit`; what stands above it is not parsed.
    pub arguments_limit: usize,
    /// `SecResponseBodyAccess`.
    pub response_body_access: bool,
    /// `SecResponseBodyLimit`, bytes.
    pub response_body_limit: usize,
    /// `SecResponseBodyLimitAction`.
    pub response_body_limit_action: BodyLimitAction,
    /// `SecResponseBodyMimeType`: the types whose bodies are inspected; empty means all.
    pub response_mime_types: Vec<String>,
    /// `SecAuditEngine`.
    pub audit_engine: AuditEngine,
    /// `SecAuditLogRelevantStatus`.
    pub audit_relevant_status: Option<String>,
    /// `SecAuditLogParts`.
    pub audit_parts: String,
    /// `SecArgumentSeparator`.
    pub argument_separator: u8,
    /// `SecCookieFormat`: 1 for version 1 (RFC 2109) cookies.
    pub cookie_format: u8,
    /// `SecUnicodeMapFile`: the file and its code page.
    pub unicode_map: Option<(PathBuf, u32)>,
    /// `SecPcreMatchLimit`: steps of an expression that needs backtracking.
    pub match_limit: u64,
    /// `SecCollectionTimeout`, seconds.
    pub collection_timeout: u64,
    /// `SecComponentSignature`.
    pub component_signatures: Vec<String>,
    /// `SecWebAppId`.
    pub web_app_id: String,
    /// `SecTmpDir`; kept for completeness, nothing is written to disk.
    pub tmp_dir: Option<PathBuf>,
    /// `SecUploadFileLimit`.
    pub upload_file_limit: usize,
    /// `SecParseXmlIntoArgs`.
    pub xml_arguments: XmlArguments,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            engine: EngineMode::Off,
            request_body_access: true,
            request_body_limit: 13_107_200,
            request_body_no_files_limit: 131_072,
            request_body_limit_action: BodyLimitAction::Reject,
            json_depth_limit: 10_000,
            arguments_limit: 1000,
            response_body_access: false,
            response_body_limit: 524_288,
            response_body_limit_action: BodyLimitAction::ProcessPartial,
            response_mime_types: Vec::new(),
            audit_engine: AuditEngine::Off,
            audit_relevant_status: None,
            audit_parts: "AFHZ".into(),
            argument_separator: b'&',
            cookie_format: 0,
            unicode_map: None,
            match_limit: 100_000,
            collection_timeout: 3600,
            component_signatures: Vec::new(),
            web_app_id: "default".into(),
            tmp_dir: None,
            upload_file_limit: 100,
            xml_arguments: XmlArguments::Off,
        }
    }
}

/// Directives of other parts of ModSecurity that have no meaning in this engine: logs are
/// written by the server around it, uploads are never stored, no script engine exists.
const WITHOUT_EFFECT: &[&str] = &[
    "secauditlog",
    "secauditlog2",
    "secauditlogdirmode",
    "secauditlogfilemode",
    "secauditlogformat",
    "secauditlogstoragedir",
    "secauditlogtype",
    "secauditlogprefix",
    "secdatadir",
    "secdebuglog",
    "secdebugloglevel",
    "secgeolookupdb",
    "secgsblookupdb",
    "sechttpblkey",
    "secinterceptonerror",
    "secpcrematchlimitrecursion",
    "secrequestbodyinmemorylimit",
    "secremoterulesfailaction",
    "secrulehash",
    "secruleperftime",
    "secsensorid",
    "secserversignature",
    "secstatusengine",
    "secstreaminbodyinspection",
    "secstreamoutbodyinspection",
    "sectmpsaveuploadedfiles",
    "secuploaddir",
    "secuploadfilemode",
    "secuploadkeepfiles",
    "secxmlexternalentity",
    "secconnengine",
    "secconnreadstatelimit",
    "secconnwritestatelimit",
    "secguardianlog",
    "secchrootdir",
    "seccachetransformations",
    "secdisablebackendcompression",
    "seccontentinjection",
    "secruleinheritance",
    "secunicodecodepage",
    "secreadstatelimit",
    "secwritestatelimit",
    "sechashengine",
    "sechashkey",
    "sechashparam",
    "sechashmethodrx",
    "sechashmethodpm",
];

impl Settings {
    /// Applies one directive. `Ok(false)` when it is not a configuration directive.
    pub(crate) fn apply(&mut self, statement: &Statement) -> Result<bool, SourceError> {
        let name = statement.name.text.to_ascii_lowercase();
        if WITHOUT_EFFECT.contains(&name.as_str()) {
            return Ok(true);
        }
        let value = || {
            statement.arguments.first().ok_or_else(|| {
                statement.name.error(0, format!("{} takes a value", statement.name.text))
            })
        };
        match name.as_str() {
            "secruleengine" => self.engine = engine_mode(value()?)?,
            "secrequestbodyaccess" => self.request_body_access = on_off(value()?)?,
            "secrequestbodylimit" => self.request_body_limit = number(value()?)?,
            "secrequestbodynofileslimit" => self.request_body_no_files_limit = number(value()?)?,
            "secrequestbodylimitaction" => self.request_body_limit_action = limit_action(value()?)?,
            "secrequestbodyjsondepthlimit" => self.json_depth_limit = number(value()?)?,
            "secargumentslimit" => self.arguments_limit = number(value()?)?,
            "secresponsebodyaccess" => self.response_body_access = on_off(value()?)?,
            "secresponsebodylimit" => self.response_body_limit = number(value()?)?,
            "secresponsebodylimitaction" => {
                self.response_body_limit_action = limit_action(value()?)?
            }
            "secresponsebodymimetype" => {
                value()?;
                self.response_mime_types = statement
                    .arguments
                    .iter()
                    .flat_map(|token| token.text.split_ascii_whitespace())
                    .map(str::to_ascii_lowercase)
                    .collect();
            }
            "secresponsebodymimetypesclear" => self.response_mime_types.clear(),
            "secauditengine" => self.audit_engine = audit_engine(value()?)?,
            "secauditlogrelevantstatus" => self.audit_relevant_status = Some(value()?.text.clone()),
            "secauditlogparts" => self.audit_parts.clone_from(&value()?.text),
            "secargumentseparator" => {
                let token = value()?;
                let &[separator] = token.text.as_bytes() else {
                    return Err(token.error(0, "the argument separator is one character"));
                };
                self.argument_separator = separator;
            }
            "seccookieformat" => {
                self.cookie_format = match number(value()?)? {
                    0 => 0,
                    1 => 1,
                    _ => return Err(value()?.error(0, "the cookie format is 0 or 1")),
                }
            }
            "secunicodemapfile" => {
                let file = value()?;
                let page = match statement.arguments.get(1) {
                    Some(token) => number(token)?,
                    None => 20_127,
                };
                self.unicode_map = Some((PathBuf::from(&file.text), page));
            }
            "secpcrematchlimit" => self.match_limit = number(value()?)?,
            "seccollectiontimeout" => self.collection_timeout = number(value()?)?,
            "seccomponentsignature" => self.component_signatures.push(value()?.text.clone()),
            "secwebappid" => self.web_app_id.clone_from(&value()?.text),
            "sectmpdir" => self.tmp_dir = Some(PathBuf::from(&value()?.text)),
            "secparsexmlintoargs" => {
                let token = value()?;
                self.xml_arguments = parse_xml_arguments(&token.text).ok_or_else(|| {
                    token.error(0, format!("On, Off or OnlyArgs is expected, not {:?}", token.text))
                })?;
            }
            "secuploadfilelimit" => self.upload_file_limit = number(value()?)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

pub(crate) fn engine_mode(token: &Token) -> Result<EngineMode, SourceError> {
    parse_engine_mode(&token.text).ok_or_else(|| {
        token.error(0, format!("On, Off or DetectionOnly is expected, not {:?}", token.text))
    })
}

pub(crate) fn parse_engine_mode(text: &str) -> Option<EngineMode> {
    match text.to_ascii_lowercase().as_str() {
        "on" => Some(EngineMode::On),
        "off" => Some(EngineMode::Off),
        "detectiononly" => Some(EngineMode::DetectionOnly),
        _ => None,
    }
}

fn audit_engine(token: &Token) -> Result<AuditEngine, SourceError> {
    parse_audit_engine(&token.text).ok_or_else(|| {
        token.error(0, format!("On, Off or RelevantOnly is expected, not {:?}", token.text))
    })
}

pub(crate) fn parse_audit_engine(text: &str) -> Option<AuditEngine> {
    match text.to_ascii_lowercase().as_str() {
        "on" => Some(AuditEngine::On),
        "off" => Some(AuditEngine::Off),
        "relevantonly" => Some(AuditEngine::RelevantOnly),
        _ => None,
    }
}

pub(crate) fn parse_xml_arguments(text: &str) -> Option<XmlArguments> {
    match text.to_ascii_lowercase().as_str() {
        "on" => Some(XmlArguments::On),
        "off" => Some(XmlArguments::Off),
        "onlyargs" => Some(XmlArguments::OnlyArgs),
        _ => None,
    }
}

fn on_off(token: &Token) -> Result<bool, SourceError> {
    match token.text.to_ascii_lowercase().as_str() {
        "on" => Ok(true),
        "off" => Ok(false),
        other => Err(token.error(0, format!("On or Off is expected, not {other:?}"))),
    }
}

fn limit_action(token: &Token) -> Result<BodyLimitAction, SourceError> {
    match token.text.to_ascii_lowercase().as_str() {
        "reject" => Ok(BodyLimitAction::Reject),
        "processpartial" => Ok(BodyLimitAction::ProcessPartial),
        other => {
            Err(token.error(0, format!("Reject or ProcessPartial is expected, not {other:?}")))
        }
    }
}

fn number<T: std::str::FromStr>(token: &Token) -> Result<T, SourceError>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    token.text.parse().map_err(|e: T::Err| {
        token.error(0, format!("a number is expected, not {:?}", token.text)).caused_by(e)
    })
}
