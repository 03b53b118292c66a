//! What a person, or the computer on a person's behalf, may want: the one vocabulary of menu,
//! notifications, window and signals.

use hotseat_protocol::ids::{PoolId, Secret};

/// An intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// In one pool.
    InPool {
        /// Which.
        pool: PoolId,
        /// What.
        verb: Verb,
    },
    /// Show the window.
    OpenWindow,
    /// Log in: the tray shows the window, which asks for e-mail and password.
    LogIn,
    /// Log in with these; only the window has them.
    LogInWith {
        /// The log-in.
        email: String,
        /// The password.
        password: Secret,
    },
    /// Log out.
    LogOut,
    /// End the tray, giving its seats back first.
    Quit,
}

/// An intent in one pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// Take a free seat.
    TakeSeat,
    /// Join the line, or take a seat if one is free.
    Wait,
    /// Take the offered seat.
    TakeOffered,
    /// Pass the offered seat on.
    Pass,
    /// Leave the line.
    LeaveLine,
    /// Give the seat back.
    SignOff,
    /// Answer a warning: stay.
    Keep,
    /// The person saw that the seat was lost.
    Seen,
}

impl Verb {
    const NAMES: [(Self, &'static str); 8] = [
        (Self::TakeSeat, "take-seat"),
        (Self::Wait, "wait"),
        (Self::TakeOffered, "take-offered"),
        (Self::Pass, "pass"),
        (Self::LeaveLine, "leave-line"),
        (Self::SignOff, "sign-off"),
        (Self::Keep, "keep"),
        (Self::Seen, "seen"),
    ];

    fn name(self) -> &'static str {
        let named = Self::NAMES.iter().find(|(verb, _)| *verb == self);
        named.expect("the table names every verb").1
    }
}

impl Action {
    /// In one pool.
    pub fn in_pool(pool: &PoolId, verb: Verb) -> Self {
        Self::InPool { pool: pool.clone(), verb }
    }

    /// The text by which menus and notifications name the action; it means the same in every menu,
    /// so a click on one that was just replaced is understood or refused, never misread.
    pub fn id(&self) -> String {
        match self {
            Self::InPool { pool, verb } => format!("{}:{pool}", verb.name()),
            Self::OpenWindow => "open-window".to_owned(),
            Self::LogIn | Self::LogInWith { .. } => "log-in".to_owned(),
            Self::LogOut => "log-out".to_owned(),
            Self::Quit => "quit".to_owned(),
        }
    }

    /// Reads [`Action::id`] back; nothing for a text that names none.
    pub fn from_id(id: &str) -> Option<Self> {
        match id {
            "open-window" => Some(Self::OpenWindow),
            "log-in" => Some(Self::LogIn),
            "log-out" => Some(Self::LogOut),
            "quit" => Some(Self::Quit),
            other => {
                let (name, pool) = other.split_once(':')?;
                let (verb, _) = Verb::NAMES.iter().find(|(_, known)| *known == name)?;
                Some(Self::InPool { pool: pool.parse().ok()?, verb: *verb })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_back_as_what_they_were() {
        let pool: PoolId = "infor-crm".parse().unwrap();
        let mut all = vec![Action::OpenWindow, Action::LogIn, Action::LogOut, Action::Quit];
        all.extend(Verb::NAMES.iter().map(|(verb, _)| Action::in_pool(&pool, *verb)));
        for action in all {
            assert_eq!(Action::from_id(&action.id()), Some(action));
        }
        for unknown in ["", "wait", "wait:", "wait:Not A Pool", "dance:infor-crm", "0"] {
            assert_eq!(Action::from_id(unknown), None, "{unknown:?} was understood");
        }
    }
}
