//! Through a mail server (RFC 5321, 3207, 8314).

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use marquis_config::sections::notifications::{Smtp, SmtpSecurity};

use super::letter::{self, InvalidSender};
use crate::application::ports::{Email, Mailer, SendError};
use crate::domain::PersonId;

/// E-mail cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// The sender.
    #[error(transparent)]
    Sender(#[from] InvalidSender),
    /// The authorities.
    #[error("cannot read certificate authorities from {0}")]
    Authorities(PathBuf, #[source] std::io::Error),
    /// TLS to this mail server.
    #[error("TLS to the mail server cannot be configured")]
    Tls(#[source] lettre::transport::smtp::Error),
}

/// Sends through a mail server.
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    sender: Mailbox,
    host: String,
}

impl std::fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SmtpMailer").field("host", &self.host).finish_non_exhaustive()
    }
}

impl SmtpMailer {
    pub(super) fn new(
        settings: &Smtp,
        sender: Mailbox,
        authorities: Option<&Path>,
    ) -> Result<Self, SmtpError> {
        let host = settings.host.clone();
        let tls = match settings.security {
            SmtpSecurity::Starttls => Tls::Required(tls(&host, authorities)?),
            SmtpSecurity::Tls => Tls::Wrapper(tls(&host, authorities)?),
            SmtpSecurity::None => Tls::None,
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&host)
            .port(settings.port)
            .tls(tls)
            .timeout(Some(settings.timeout.duration()));
        if !settings.username.is_empty() {
            let password = settings.password.expose().to_owned();
            transport =
                transport.credentials(Credentials::new(settings.username.clone(), password));
        }
        Ok(Self { transport: transport.build(), sender, host })
    }
}

fn tls(host: &str, authorities: Option<&Path>) -> Result<TlsParameters, SmtpError> {
    let mut parameters = TlsParameters::builder(host.to_owned());
    if let Some(file) = authorities {
        let unreadable = |error| SmtpError::Authorities(file.to_owned(), error);
        let pem = std::fs::read(file).map_err(unreadable)?;
        parameters = parameters
            .certificate_store(CertificateStore::None)
            .add_root_certificate(Certificate::from_pem(&pem).map_err(SmtpError::Tls)?);
    }
    parameters.build().map_err(SmtpError::Tls)
}

#[async_trait]
impl Mailer for SmtpMailer {
    fn is_on(&self) -> bool {
        true
    }

    async fn send(&self, email: &Email) -> Result<(), SendError> {
        let letter = letter::write(email, &self.sender)?;
        self.transport.send(letter).await.map(drop).map_err(|error| refusal(&error))
    }

    async fn forget(&self, _: PersonId) -> Result<(), SendError> {
        Ok(())
    }
}

/// What the server said may repeat the address, so only its code is told (RFC 5321,
/// section 4.2).
fn refusal(error: &lettre::transport::smtp::Error) -> SendError {
    let Some(code) = error.status() else {
        let what = if error.is_timeout() {
            "the mail server does not answer in time"
        } else if error.is_tls() {
            "TLS to the mail server fails"
        } else if error.is_client() {
            "the mail server does not offer what is configured"
        } else if error.is_response() {
            "the mail server's answer is not understood"
        } else {
            "the mail server cannot be reached"
        };
        return SendError::Later(what.to_owned());
    };
    let number = u16::from(code);
    let what = format!("the mail server answers {number}");
    match number {
        // The mailbox, the message or the transaction is refused; whatever else is refused
        // for good (authentication above all) is for a person to put right.
        550..=554 => SendError::Never(what),
        _ => SendError::Later(what),
    }
}
