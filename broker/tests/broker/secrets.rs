//! No secret in a log, whatever the log is asked for.

use std::process::Stdio;

use hotseat_protocol::ipc::{Request, Role};
use hotseat_protocol::link::MachineMessage;

use crate::desktop::Desktop;
use crate::fake_pool::{CREDENTIAL, FakePool, PASSWORD, TOKEN, seat};
use crate::process::broker;
use crate::programs::Program;
use crate::soon;

/// The finest level, and every dependency that is known to log what it carries named for itself.
const EVERYTHING: &str = "trace,tungstenite=trace,tokio_tungstenite=trace,hyper=trace,\
    hyper_util=trace,h2=trace,axum=trace,tower=trace,tower_http=trace,rustls=trace,ureq=trace,\
    ureq_proto=trace,mio=trace,zbus=trace,log=trace";

/// A secret as it may stand in a log, in a list of bytes, in an address or in another text.
fn forms(secret: &str) -> Vec<String> {
    use base64::Engine as _;
    let bytes = secret.as_bytes();
    let of_each = |form: &dyn Fn(&u8) -> String, between: &str| {
        bytes.iter().map(form).collect::<Vec<_>>().join(between)
    };
    let in_address = |byte: &u8| match byte {
        byte if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) => {
            char::from(*byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    vec![
        secret.to_owned(),
        format!("{secret:?}").trim_matches('"').to_owned(),
        serde_json::to_string(secret).unwrap().trim_matches('"').to_owned(),
        base64::engine::general_purpose::STANDARD_NO_PAD.encode(bytes),
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes),
        of_each(&|byte| format!("{byte:02x}"), ""),
        of_each(&|byte| format!("{byte:02X}"), ""),
        of_each(&|byte| byte.to_string(), ", "),
        of_each(&in_address, ""),
    ]
}

#[tokio::test]
async fn a_log_of_everything_has_no_secret() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let log = desktop.dir.path().join("log");
    let mut command = broker(&desktop);
    command.env("HOTSEAT_BROKER_LOG", EVERYTHING).stderr(std::fs::File::create(&log).unwrap());
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let mut link = fake.link().await;
    let mut tray = Program::start(&desktop.socket(), Role::Tray).await;
    tray.linked().await;
    tokio::join!(tray.ask(Program::log_in()), link.log_in());
    tokio::join!(tray.ask(Program::sign_on(1)), link.grant(seat(1)));
    let guess = hotseat_protocol::ids::Secret::new("a wrong guess of Lucy's");
    let wrong = Request::log_in("lucy@finance.example", guess).unwrap();
    let passed_on =
        async { while !matches!(link.any().await, Some((_, MachineMessage::LogIn { .. }))) {} };
    tokio::select! {
        answer = tray.ask(wrong) => panic!("{answer:?}"),
        () = soon("the log-in is passed on", passed_on) => {}
    }
    child.kill().await.unwrap();
    soon("the broker ends", child.wait()).await.unwrap();
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("INFO"), "it logs at all: {log}");
    for secret in [PASSWORD, TOKEN, CREDENTIAL, "a wrong guess of Lucy's"] {
        for form in forms(secret) {
            assert!(!log.contains(&form), "the log has {secret} as {form}");
        }
    }
}
