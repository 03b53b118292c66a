//! People with a log-in, for administrators.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hotseat_protocol::api::{AddUser, ChangeUser, UserKind, UserView};
use hotseat_protocol::bounded_text::{DisplayName, EmailText, UserKey};
use hotseat_protocol::ids::UserId;
use hotseat_rules::{Command, Refusal, User};

use super::app::App;
use super::auth::{Admin, named_user};
use super::error::ApiError;
use super::extract::{Body, Named};
use crate::directory::{DirectoryError, Email, Names, NewPerson, checked_name};
use crate::engine::EngineError;
use crate::fresh;

/// A person as an administrator, and they themselves, see them.
pub(crate) fn user_view(names: &Names, id: UserId, user: &User) -> Option<UserView> {
    let person = names.person(id)?;
    Some(UserView {
        id,
        email: EmailText::clamped(&person.email),
        name: DisplayName::clamped(&person.name),
        kind: match user.kind {
            hotseat_rules::UserKind::Named => UserKind::Named,
            hotseat_rules::UserKind::Concurrent => UserKind::Concurrent,
        },
        enabled: user.enabled,
        unconfirmed: user.unconfirmed,
    })
}

fn kind_from(kind: UserKind) -> hotseat_rules::UserKind {
    match kind {
        UserKind::Named => hotseat_rules::UserKind::Named,
        UserKind::Concurrent => hotseat_rules::UserKind::Concurrent,
    }
}

/// Lists the users
///
/// Tells everybody with a log-in, by e-mail address.
#[utoipa::path(
    get,
    path = "/api/v1/users",
    operation_id = "list_users",
    tag = "users",
    responses(
        (status = 200, description = "The users", body = Vec<UserView>),
    ),
    security(("token" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    _: Admin,
) -> Result<Json<Vec<UserView>>, ApiError> {
    let names = app.names();
    let mut users: Vec<UserView> = app
        .read(move |view| {
            let people = names.people();
            let known = people.filter_map(|(id, _)| user_view(&names, id, view.state.user(id)?));
            known.collect()
        })
        .await?;
    users.sort_by(|a, b| a.email.cmp(&b.email));
    Ok(Json(users))
}

/// Adds a user
///
/// Gives a person a log-in.
#[utoipa::path(
    post,
    path = "/api/v1/users",
    operation_id = "add_user",
    tag = "users",
    request_body = AddUser,
    responses(
        (status = 201, description = "The user", body = UserView),
        (status = 422, description = "The e-mail address is taken, or is none"),
    ),
    security(("token" = []))
)]
pub(crate) async fn add(
    State(app): State<App>,
    Admin(by): Admin,
    Body(body): Body<AddUser>,
) -> Result<(StatusCode, Json<UserView>), ApiError> {
    // Everything that can be wrong is found before the journal hears of somebody.
    let email = Email::parse(&body.email)?;
    let name = checked_name("name", &body.name)?;
    if app.names().by_email(email.as_str()).is_some() {
        return Err(DirectoryError::EmailTaken(email.to_string()).into());
    }
    let password_hash = app.passwords.hash(&body.password).await?;
    let id = UserId::from_random(fresh::bits());
    app.submit_by(by.clone(), Command::AddUser { user: id, kind: kind_from(body.kind) }).await?;
    let created = app.clock.wall();
    let person = NewPerson { id, email, name, password_hash, created };
    if let Err(error) = app.directory.add_person(person).await {
        // Somebody else took the address meanwhile: nobody knows this id.
        app.submit_by(by, Command::RemoveUser { user: id }).await?;
        return Err(error.into());
    }
    Ok((StatusCode::CREATED, Json(view(&app, id).await?)))
}

/// Shows a user
///
/// Tells a person's names, kind and state.
#[utoipa::path(
    get,
    path = "/api/v1/users/{user}",
    operation_id = "show_user",
    tag = "users",
    params(("user" = inline(UserKey), Path, description = "The person's id or e-mail address")),
    responses(
        (status = 200, description = "The user", body = UserView),
    ),
    security(("token" = []))
)]
pub(crate) async fn show(
    State(app): State<App>,
    _: Admin,
    Named(user): Named<UserKey>,
) -> Result<Json<UserView>, ApiError> {
    let id = found(&app, &user)?;
    Ok(Json(view(&app, id).await?))
}

/// Changes a user
///
/// What is absent stays. A new password ends all of the user's tokens; disabling reclaims their
/// seats.
#[utoipa::path(
    patch,
    path = "/api/v1/users/{user}",
    operation_id = "change_user",
    tag = "users",
    params(("user" = inline(UserKey), Path, description = "The person's id or e-mail address")),
    request_body = ChangeUser,
    responses(
        (status = 200, description = "The user as they are now", body = UserView),
    ),
    security(("token" = []))
)]
pub(crate) async fn change(
    State(app): State<App>,
    Admin(by): Admin,
    Named(user): Named<UserKey>,
    Body(body): Body<ChangeUser>,
) -> Result<Json<UserView>, ApiError> {
    let id = found(&app, &user)?;
    let name = body.name.map(|name| checked_name("name", &name)).transpose()?;
    let password_hash = match &body.password {
        Some(password) => Some(app.passwords.hash(password).await?),
        None => None,
    };
    if body.kind.is_some() || body.enabled.is_some() {
        // What stays is read first: two administrators at once must not undo each other's change.
        let _turn = app.user_changes.lock().await;
        let now = view(&app, id).await?;
        let command = Command::SetUser {
            user: id,
            kind: kind_from(body.kind.unwrap_or(now.kind)),
            enabled: body.enabled.unwrap_or(now.enabled),
        };
        app.submit_by(by, command).await?;
    }
    if name.is_some() || password_hash.is_some() {
        let changed = app.directory.change_person(id, name, password_hash).await?;
        app.links.log_ins_ended(&changed.logged_out);
    }
    Ok(Json(view(&app, id).await?))
}

/// Removes a user
///
/// Reclaims their seats and erases their names; the journal keeps an id only.
#[utoipa::path(
    delete,
    path = "/api/v1/users/{user}",
    operation_id = "remove_user",
    tag = "users",
    params(("user" = inline(UserKey), Path, description = "The person's id or e-mail address")),
    responses(
        (status = 204, description = "They are removed"),
    ),
    security(("token" = []))
)]
pub(crate) async fn remove(
    State(app): State<App>,
    Admin(by): Admin,
    Named(user): Named<UserKey>,
) -> Result<StatusCode, ApiError> {
    let id = found(&app, &user)?;
    match app.engine.submit_by(by, Command::RemoveUser { user: id }).await {
        // The record that added them was set aside; their name and address go all the same.
        Ok(_) | Err(EngineError::Refused(Refusal::UnknownUser(_))) => {}
        Err(error) => return Err(error.into()),
    }
    let removed = app.directory.remove_person(id).await?;
    app.links.log_ins_ended(&removed.logged_out);
    Ok(StatusCode::NO_CONTENT)
}

fn found(app: &App, user: &UserKey) -> Result<UserId, ApiError> {
    named_user(&app.names(), user)
        .ok_or_else(|| ApiError::not_found(format!("There is no user {user}.")))
}

async fn view(app: &App, id: UserId) -> Result<UserView, ApiError> {
    let names = app.names();
    let view = app.read(move |view| user_view(&names, id, view.state.user(id)?)).await?;
    view.ok_or_else(|| ApiError::not_found("This user was removed."))
}
