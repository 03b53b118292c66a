//! REST: what application servers, administrators and scripts say to the pool server, and hear.
//!
//! A body with a field that is not known is refused, so that a misspelt option is not silently
//! without effect; answers may grow. Refusals and errors are [`Problem`](crate::problem::Problem)s.

mod admin;
mod definition;
mod history;
mod seats;

pub use admin::{
    AddService, AddUser, AllowedClients, AllowedPools, ChangeUser, Enroll, Enrolled, Invitation,
    MachineView, NewService, Reclaim, ServiceView, UserKind, UserView,
};
pub use definition::{
    ClientBody, Clients, IdleBody, Operations, OptionsBody, OverHolders, PoolBody, PoolDetail,
    PoolSet,
};
pub use history::{History, HistoryQuery, HistoryRecord, MyHistoryQuery, Records};
pub use seats::{
    Became, CheckRequest, CheckVerdict, EndView, KeepRequest, LogIn, LoggedIn, Me, MyPlace, MySeat,
    OfferView, RENEWED_AT_ONCE_MAX, RenewItem, RenewList, Renewal, RequestView, SeatRequest,
    SignOffQuery,
};
