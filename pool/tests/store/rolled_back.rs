//! A store that was put back by other means than `restore`: a machine that has seen more shows it.

use std::fs;
use std::path::Path;

use futures_util::{SinkExt as _, StreamExt as _};
use hotseat_protocol::ids::MachineId;
use hotseat_protocol::link::{FromPool, JournalPosition, LinkHello, ToPool};
use hotseat_protocol::version::PROTOCOL_VERSION;
use serde_json::json;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::world::{Program, until};

/// What a machine keeps of a greeting.
pub(crate) type Seen = (JournalPosition, String);

pub(crate) struct Machine {
    pub(crate) id: MachineId,
    credential: String,
}

impl Machine {
    pub(crate) fn enrol(program: &Program) -> Self {
        let admin = program.admin();
        let invited = admin.post("/api/v1/machines/invitations", &json!({})).expect(201);
        let body = json!({ "invitation": invited["invitation"], "name": "desk-1" });
        let told = program.client().post("/api/v1/machines/enroll", &body).expect(201);
        Self {
            id: told["machine"].as_str().unwrap().parse().unwrap(),
            credential: told["credential"].as_str().unwrap().to_owned(),
        }
    }

    /// Greets, showing what it has seen; what it is told.
    fn greets(&self, program: &Program, seen: Option<Seen>) -> Seen {
        let answer = self.is_answered(program, seen);
        let FromPool::Welcome { position, seal, .. } = answer else { panic!("{answer:?}") };
        (position, seal.unwrap())
    }

    /// The same; whatever it is told.
    pub(crate) fn is_answered(&self, program: &Program, seen: Option<Seen>) -> FromPool {
        let (seen, seal) = seen.unzip();
        let hello = ToPool::Hello(LinkHello {
            version: PROTOCOL_VERSION,
            program: "test".to_owned(),
            machine: self.id,
            boot_id: "boot".to_owned(),
            seen,
            seal,
            secret: None,
            follows_lease: true,
        });
        let url = program.link().replace("http", "ws");
        let mut request = url.into_client_request().unwrap();
        let bearer = format!("Bearer {}", self.credential).parse().unwrap();
        request.headers_mut().insert("Authorization", bearer);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (mut socket, _) = connect_async(request).await.unwrap();
            let text = serde_json::to_string(&hello).unwrap();
            socket.send(Message::text(text)).await.unwrap();
            loop {
                let message = socket.next().await.unwrap().unwrap();
                if let Message::Text(text) = message {
                    return serde_json::from_str::<FromPool>(&text).unwrap();
                }
            }
        })
    }
}

fn copy(from: &Path, to: &Path) {
    for file in ["pool.db", "pool.db-wal"] {
        let _ = fs::remove_file(to.join(file));
        if from.join(file).exists() {
            fs::copy(from.join(file), to.join(file)).unwrap();
        }
    }
    let _ = fs::remove_file(to.join("pool.db-shm"));
}

fn status(program: &Program) -> String {
    let health = || program.client().get("/healthz").expect(200)["status"].clone();
    let before = health();
    let is_ready = program.client().get("/readyz").status == 200;
    let status = health();
    // Whether seats are granted is told twice, once by the status alone; a wait may end in between.
    if before == status {
        assert_eq!(is_ready, status == "ok", "{status}");
    }
    status.as_str().unwrap().to_owned()
}

#[test]
fn a_store_that_was_put_back_by_hand_grants_nothing_until_it_is_recovered() {
    let program = Program::with_store();
    let server = program.serve();
    program.ok(&["pool", "set", "infor-crm", "--lease", "10s", "--calls-timeout", "10s"]);
    program.ok(&["pool", "set", "infor-crm", "--session-timeout", "web=10s"]);
    let crm = program.application_server(&["Lucy", "Bill"]);
    let desk = Machine::enrol(&program);
    let held = crm.sign_on("Lucy", "network").expect(201);
    drop(server);
    // A snapshot of the virtual disk, as a person takes it.
    let image = program.file("image");
    fs::create_dir(&image).unwrap();
    copy(program.data_dir(), &image);

    let server = program.serve();
    crm.sign_on("Bill", "network").expect(201);
    let seen = desk.greets(&program, None);
    assert_eq!(status(&program), "ok");
    drop(server);
    copy(&image, program.data_dir());

    let server = program.serve();
    assert_eq!(status(&program), "ok", "nobody has shown anything yet");
    let forged = (JournalPosition { seq: hotseat_protocol::ids::Seq(9999), ..seen.0 }, "00".into());
    desk.greets(&program, Some(forged));
    assert_eq!(status(&program), "ok", "nobody can make one up");
    desk.greets(&program, Some(seen.clone()));
    assert_eq!(status(&program), "recovering");
    let refused = crm.sign_on("Bill", "network").expect(409);
    assert_eq!(refused["code"], "pool_recovering");
    assert!(refused["next"].as_str().unwrap().contains("hotseat-pool recover"), "{refused}");
    assert!(crm.holds(&held));
    let in_use = program.fails(1, &["recover"]);
    assert!(in_use.contains("in use"), "{in_use}");
    server.kill();

    let (sound, told) = program.verify();
    assert!(sound && told["recovery"] == "behind", "{told}");
    assert!(program.ok(&["verify"]).contains("hotseat-pool recover"));
    let server = program.serve();
    assert_eq!(status(&program), "recovering", "a restart forgets nothing");
    let listed = program.run(&["pool", "list"], "");
    assert!(String::from_utf8(listed.stderr).unwrap().contains("rolled back"));
    crm.sign_off(&held).expect(204);
    drop(server);

    let said = program.ok(&["recover"]);
    assert!(said.contains("new generation") && said.contains("10 s"), "{said}");
    let not_again = program.fails(1, &["recover"]);
    assert!(not_again.contains("--yes"), "{not_again}");
    let server = program.serve();
    assert_eq!(status(&program), "recovering");
    desk.greets(&program, Some(seen));
    until("seats are granted again", || status(&program) == "ok");
    crm.sign_on("Bill", "network").expect(201);
    drop(server);
    assert!(program.verify().0);
}
