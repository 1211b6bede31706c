//! E-mails: how they are written (RFC 5322), and where they go.

mod files;
mod letter;
mod smtp;

use std::path::Path;

use async_trait::async_trait;
use marquis_config::sections::notifications::{MailTransport, NotificationMail};

use crate::application::ports::{Email, Mailer, SendError};
use crate::domain::PersonId;

pub use files::FileMailbox;
pub use smtp::{SmtpError, SmtpMailer};

/// Makes no e-mails.
#[derive(Debug)]
pub struct NoMailer;

#[async_trait]
impl Mailer for NoMailer {
    fn is_on(&self) -> bool {
        false
    }

    async fn send(&self, _: &Email) -> Result<(), SendError> {
        Err(SendError::Never("e-mail is switched off".to_owned()))
    }

    async fn forget(&self, _: PersonId) -> Result<(), SendError> {
        Ok(())
    }
}

/// How e-mails leave.
#[derive(Debug)]
pub enum Post {
    /// They do not.
    Off(NoMailer),
    /// Through a mail server.
    Smtp(SmtpMailer),
    /// Into files.
    Files(FileMailbox),
}

impl Post {
    /// As configured. Does no I/O but reading `authorities`.
    ///
    /// # Errors
    ///
    /// [`SmtpError`].
    pub fn new(
        settings: &NotificationMail,
        data_dir: &Path,
        authorities: Option<&Path>,
    ) -> Result<Self, SmtpError> {
        let sender = letter::sender(&settings.from)?;
        Ok(match settings.transport {
            MailTransport::Off => Self::Off(NoMailer),
            MailTransport::Smtp => {
                Self::Smtp(SmtpMailer::new(&settings.smtp, sender, authorities)?)
            }
            MailTransport::Files => Self::Files(FileMailbox::new(data_dir.join("mail"), sender)),
        })
    }
}
