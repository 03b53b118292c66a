//! Application servers and scripts with a token of their own.

use hotseat_protocol::ids::{ClientName, PoolId, Secret, ServiceId, WallTime};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::rows::{Id, Time, hash};
use super::worker::Directory;
use super::{DirectoryError, checked_name};
use crate::fresh;

/// Services that there may be: a company has some dozens of application servers and scripts.
const SERVICES_MAX: u32 = 1_000;

/// What a service may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Which one.
    pub id: ServiceId,
    /// Whether it may name a user when it signs on and checks.
    pub act_for: bool,
    /// The pools that it may use; none: all.
    pub pools: Option<Vec<PoolId>>,
    /// The clients that it may use; none: all.
    pub clients: Option<Vec<ClientName>>,
}

impl Service {
    /// Whether it may use a pool.
    #[must_use]
    pub fn may_use(&self, pool: &PoolId) -> bool {
        self.pools.as_ref().is_none_or(|pools| pools.contains(pool))
    }

    /// Whether it may come in by a client.
    #[must_use]
    pub fn may_come_by(&self, client: &ClientName) -> bool {
        self.clients.as_ref().is_none_or(|clients| clients.contains(client))
    }
}

/// A service with what people need to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRecord {
    /// What it may do.
    pub service: Service,
    /// The name for people.
    pub name: String,
    /// Since when.
    pub created: WallTime,
}

/// Whether seats may be kept by calls: there is a service, or a log-in for REST.
pub(crate) fn may_be_called(connection: &Connection) -> Result<bool, DirectoryError> {
    let select = "SELECT EXISTS (SELECT 1 FROM service)
                      OR EXISTS (SELECT 1 FROM user_token WHERE machine IS NULL)";
    Ok(connection.query_row(select, [], |row| row.get(0))?)
}

impl Directory {
    /// Makes a service and its token, which is told once.
    ///
    /// # Errors
    ///
    /// When the name is taken or cannot be used.
    pub async fn add_service(&self, record: ServiceRecord) -> Result<Secret, DirectoryError> {
        let name = checked_name("name", &record.name)?;
        let token = fresh::secret("hss_");
        let hashed = hash(token.expose());
        let pools = to_json(record.service.pools.as_ref())?;
        let clients = to_json(record.service.clients.as_ref())?;
        self.change(move |transaction| {
            let count = "SELECT count(*) FROM service";
            let count: u32 = transaction.query_row(count, [], |row| row.get(0))?;
            if count >= SERVICES_MAX {
                let why = format!("there are {count} services: revoke those that nobody uses");
                return Err(DirectoryError::Invalid { key: "name", why });
            }
            let insert = "INSERT INTO service
                          (id, name, token_hash, act_for, pools, clients, created_ms)
                          VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (name) DO NOTHING";
            let (id, act_for) = (Id(record.service.id.0), record.service.act_for);
            let values = params![id, name, hashed, act_for, pools, clients, Time(record.created)];
            match transaction.execute(insert, values)? {
                0 => Err(DirectoryError::ServiceTaken(name)),
                _ => Ok(()),
            }
        })
        .await?;
        Ok(token)
    }

    /// Every service, by name.
    ///
    /// # Errors
    ///
    /// When the tables cannot be read.
    pub async fn services(&self) -> Result<Vec<ServiceRecord>, DirectoryError> {
        self.read(|connection| {
            let select = "SELECT id, act_for, pools, clients, name, created_ms FROM service
                          ORDER BY name";
            let mut statement = connection.prepare_cached(select)?;
            let rows = statement
                .query_map([], |row| Ok((service(row), row.get(4)?, row.get::<_, Time>(5)?.0)))?;
            rows.map(|row| {
                let (service, name, created) = row?;
                Ok(ServiceRecord { service: service?, name, created })
            })
            .collect()
        })
        .await
    }

    /// Ends a service and its token. Returns whether there was one.
    ///
    /// # Errors
    ///
    /// When the tables cannot be written.
    pub async fn remove_service(&self, id: ServiceId) -> Result<bool, DirectoryError> {
        self.change(move |transaction| {
            Ok(transaction.execute("DELETE FROM service WHERE id = ?1", [Id(id.0)])? > 0)
        })
        .await
    }
}

pub(super) fn service_by_hash(
    connection: &Connection,
    hashed: &[u8; 32],
) -> Result<Option<Service>, DirectoryError> {
    let select = "SELECT id, act_for, pools, clients FROM service WHERE token_hash = ?1";
    let mut statement = connection.prepare_cached(select)?;
    statement.query_row([hashed], |row| Ok(service(row))).optional()?.transpose()
}

fn service(row: &Row<'_>) -> Result<Service, DirectoryError> {
    Ok(Service {
        id: ServiceId(row.get::<_, Id>(0)?.0),
        act_for: row.get(1)?,
        pools: from_json(row.get(2)?)?,
        clients: from_json(row.get(3)?)?,
    })
}

fn to_json<T: Serialize>(list: Option<&Vec<T>>) -> Result<Option<String>, DirectoryError> {
    let text = list.map(serde_json::to_string).transpose();
    text.map_err(|error| DirectoryError::Damaged(error.to_string()))
}

fn from_json<T: DeserializeOwned>(text: Option<String>) -> Result<Option<Vec<T>>, DirectoryError> {
    let list = text.map(|text| serde_json::from_str(&text)).transpose();
    list.map_err(|error| DirectoryError::Damaged(error.to_string()))
}
