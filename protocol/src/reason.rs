//! Why a seat or a place ended: two closed lists, shown in the journal, in reports and to people.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! reasons {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $words:literal,)+ }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
        )]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
        }

        impl $name {
            /// Every reason, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The reason in words, as the journal's readers see it.
            #[must_use]
            pub fn words(self) -> &'static str {
                match self { $(Self::$variant => $words,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.words())
            }
        }
    };
}

reasons!(
    /// Why a seat was released.
    ReleaseReason {
        /// The person signed off, logged out, or an application server gave the seat back.
        SignedOffByTheUser = "signed off by the user",
        /// The process that the seat hung on ended.
        ApplicationExited = "application exited",
        /// The browser's last page closed.
        BrowserClosed = "browser closed",
        /// The tray said goodbye: Quit or a signal.
        TrayClosed = "tray closed",
        /// The tray's connection ended without a goodbye and did not come back in time.
        TrayLost = "tray lost",
        /// The OS session ended.
        LoggedOut = "logged out",
        /// The computer shuts down.
        ShutDown = "shut down",
        /// The computer sleeps.
        Suspended = "suspended",
        /// Nobody used the computer and nobody answered the warning.
        Idle = "idle",
        /// The client's session time-out, or that of calls, passed without a renewal.
        SessionTimeOut = "session time-out",
        /// The machine did not renew in time.
        LeaseExpired = "lease expired",
        /// An administrator or a policy reclaimed the seat.
        Reclaimed = "reclaimed",
        /// A newer sign-on of the same user replaced it.
        Superseded = "superseded",
        /// The machine booted again.
        MachineRestarted = "machine restarted",
        /// The broker started again and nobody came back for the seat.
        BrokerRestarted = "broker restarted",
        /// The broker was stopped.
        BrokerStopped = "broker stopped",
        /// The user was disabled or removed.
        UserDisabled = "user disabled",
        /// The machine's credential was revoked.
        MachineRevoked = "machine revoked",
        /// The pool was removed.
        PoolRemoved = "pool removed",
        /// A grant whose asker had ended before the answer came.
        NobodyTookIt = "nobody took it",
    }
);

reasons!(
    /// Why a place in the line ended.
    PlaceEnd {
        /// The waiter got the seat.
        Seated = "seated",
        /// The waiter left the line.
        Left = "left the line",
        /// The waiter declined the offer.
        Declined = "declined the offer",
        /// The offer was not answered in time.
        OfferLapsed = "did not answer the offer",
        /// Nobody asked for the place in time.
        Lapsed = "did not keep the place",
        /// A newer request of the same user took the place over.
        Superseded = "superseded",
        /// The user was disabled or removed.
        UserDisabled = "user disabled",
        /// The machine's credential was revoked.
        MachineRevoked = "machine revoked",
        /// The pool was removed.
        PoolRemoved = "pool removed",
    }
);

impl ReleaseReason {
    /// Whether only the pool server can know it: what a machine gives back never ends for it.
    #[must_use]
    pub fn is_the_pools(self) -> bool {
        matches!(
            self,
            Self::SessionTimeOut
                | Self::LeaseExpired
                | Self::Reclaimed
                | Self::Superseded
                | Self::UserDisabled
                | Self::MachineRevoked
                | Self::PoolRemoved
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_says_the_same_words_with_underscores() {
        for reason in ReleaseReason::ALL {
            let wire = serde_json::to_string(reason).unwrap();
            let words = format!("{:?}", reason.words().replace([' ', '-'], "_"));
            assert_eq!(wire, words);
        }
    }
}
