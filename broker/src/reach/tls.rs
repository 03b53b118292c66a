//! TLS: whom this computer trusts.

use std::io;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use super::Wire;

/// Speaks TLS with the host over the connection.
///
/// # Errors
///
/// When the host cannot prove its name, or speaks no TLS.
pub(super) async fn speak(wire: Wire, host: &str) -> io::Result<Wire> {
    let bare = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
    let name = ServerName::try_from(bare.to_owned()).map_err(io::Error::other)?;
    // They are read each time: an administrator may add the company's authority meanwhile.
    let roots = tokio::task::spawn_blocking(trusted).await.map_err(io::Error::other)?;
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, wire).await?;
    Ok(Box::new(stream))
}

/// What this computer trusts, the company's own authority included, or what `SSL_CERT_FILE` and
/// `SSL_CERT_DIR` name; where there is nothing of the kind, the public authorities.
fn trusted() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "some of this computer's trusted certificates cannot be read");
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}
