//! A whole office at the finest level of every log, and each of its secrets looked for wherever
//! somebody else may read: logs, command lines, environments, the store, files, the buses.

use std::path::Path;

use anyhow::{Context as _, Result};
use hotseat_canary::EVERYTHING;
use hotseat_ipc::client::Client;
use hotseat_protocol::ids::PoolId;
use hotseat_protocol::ipc::{Hello, Reply, Request, Role};
use hotseat_protocol::version::PROTOCOL_VERSION;
use hotseat_tests::broker_host::BrokerHost;
use hotseat_tests::desk::Desk;
use hotseat_tests::launch::Launch;
use hotseat_tests::people::{BILL, LUCY, OLAF, fresh_request};
use hotseat_tests::pool_server::{POOL, expect_success};
use hotseat_tests::waiting::{wait_for, wait_until};
use hotseat_tests::world::{World, says_held, sign_on};
use serde_json::{Value, json};

use super::watch::{Home, Watch};
use super::web_driver::Page;

const NEW_PASSWORD: &str = "lucy's newer secret";
const WRONG_PASSWORD: &str = "what Lucy typed by mistake";

/// Where secrets may stand. The store has hashes only, so it is nobody's home.
fn homes() -> Vec<Home> {
    fn is_printed(file: &Path, verb: &str) -> bool {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        name.ends_with(&format!("-{verb}.out"))
    }
    fn is_state(file: &Path) -> bool {
        file.parent().is_some_and(|folder| folder.ends_with("state"))
    }
    vec![
        (|file| file.ends_with("data/admin.token"), "the administrator's token"),
        (|file| is_printed(file, "pool-machine"), "an invitation"),
        (|file| is_printed(file, "pool-service"), "a service's token"),
        (is_state, "a log-in's token"),
        (is_state, "a machine's credential"),
        (is_state, "a link's secret"),
    ]
}

/// The office, and who watches it.
struct Office {
    world: World,
    lucy: Desk,
    bill: BrokerHost,
    watch: Watch,
}

impl Office {
    async fn open() -> Result<Office> {
        let mut watch = Watch::begin(homes());
        for person in [LUCY, BILL, OLAF] {
            watch.plant(&format!("{}'s password", person.name), person.password);
        }
        watch.plant("a new password", NEW_PASSWORD);
        watch.plant("a wrong password", WRONG_PASSWORD);
        let world = World::logging(Some(EVERYTHING))?;
        let token = std::fs::read_to_string(world.pool.data_dir().join("admin.token"))?;
        watch.plant("the administrator's token", token.trim());
        let lucy = world.desk(LUCY).await?;
        let bill = world.machine(BILL)?;
        let desktop = &lucy.private()?.desktop;
        watch.listen("session", &desktop.session_bus).await?;
        watch.listen("system", &desktop.system_bus).await?;
        let mut office = Office { world, lucy, bill, watch };
        for invitation in office.printed("pool-machine") {
            office.watch.plant("an invitation", &invitation);
        }
        office.step("opened");
        Ok(office)
    }

    /// The first lines of what a verb has printed.
    fn printed(&self, verb: &str) -> Vec<String> {
        let files = std::fs::read_dir(self.world.children.logs()).into_iter().flatten();
        let files = files.filter_map(Result::ok).map(|entry| entry.path());
        let of_verb =
            files.filter(|file| file.to_string_lossy().ends_with(&format!("-{verb}.out")));
        let texts = of_verb.filter_map(|file| std::fs::read_to_string(file).ok());
        texts.filter_map(|text| Some(text.lines().next()?.to_owned())).collect()
    }

    /// Looks around after a step.
    fn step(&mut self, name: &str) {
        for dir in [self.lucy.host.state_dir(), self.bill.state_dir()] {
            self.watch.gather(&dir);
        }
        self.watch.look(name, self.world.folder());
    }

    /// A hook of the machine runs when Lucy's seat ends, and writes down what it can see.
    fn add_a_hook(&mut self) -> Result<()> {
        let seen = self.world.folder().join("seen-by-the-hook");
        let script = format!("env > '{0}'; cat /proc/$PPID/cmdline >> '{0}'", seen.display());
        let hook = ["/bin/sh", "-c", &script];
        self.lucy.host.configure(&format!("[pool.{POOL}]\nsign_off_hook = {hook:?}\n"))?;
        self.lucy.host.child.terminate();
        self.lucy.host.child.wait()?;
        self.lucy.host.restart()?;
        self.step("a broker restarted");
        Ok(())
    }

    /// Seats on a session, on a connection, on a program, and over REST.
    async fn sign_everybody_on(&mut self) -> Result<()> {
        wait_for("Lucy's broker is linked again", async || {
            let status = self.lucy.hotseat(&["status"])?;
            Ok(status.stdout.contains("Infor CRM").then_some(()))
        })
        .await?;
        sign_on(&self.world, &self.lucy)?;
        let key = resume_key(&self.bill).await?;
        self.watch.plant("a resume key", &key);
        let (_program, _) = self.world.run_program(&self.bill, &BILL).await?;
        self.step("signed on");

        let pool = &self.world.pool;
        let added = pool.command(&["service", "add", "crm", "--act-for"], "")?;
        expect_success(&added, "hotseat-pool service add")?;
        let service = added.stdout.lines().next().context("no token")?.to_owned();
        self.watch.plant("a service's token", &service);
        let body = json!({ "email": OLAF.email, "password": OLAF.password });
        let answer = pool.client().post("/api/v1/login", &body)?;
        let token = answer.body["token"].as_str().context("no token")?.to_owned();
        self.watch.plant("a token over REST", &token);
        let seats = format!("/api/v1/pools/{POOL}/seats");
        let sign_on =
            || json!({ "request_id": fresh_request(), "client": "network", "wait": "ask" });
        let olaf = pool.client().with_token(&token);
        let waits = olaf.post(&seats, &sign_on())?;
        assert_eq!(waits.status, 202, "{waits:?}");
        let mut for_olaf = sign_on();
        for_olaf["user"] = json!(OLAF.email);
        pool.client().with_token(&service).post(&seats, &for_olaf)?;
        self.read_everything(&[("an administrator", &pool.admin()?), ("Olaf", &olaf)])?;
        self.step("callers served");
        Ok(())
    }

    /// What the server answers to those who only look.
    fn read_everything(&self, readers: &[(&str, &hotseat_tests::http::Client)]) -> Result<()> {
        let pool = format!("/api/v1/pools/{POOL}");
        for (who, client) in readers {
            for path in [
                "/healthz",
                "/readyz",
                "/api/v1/me",
                "/api/v1/me/history?days=1&limit=1000",
                "/api/v1/pools",
                pool.as_str(),
                "/api/v1/users",
                "/api/v1/services",
                "/api/v1/machines",
                "/api/v1/history?limit=1000",
            ] {
                let answer = client.get(path)?;
                self.watch.read(&format!("GET {path} of {who}"), answer.body.to_string());
            }
        }
        Ok(())
    }

    /// A seat is reclaimed and Lucy told; her password is changed, and she logs in by the window.
    async fn change_the_password(&mut self) -> Result<()> {
        self.world.journal.reclaim(LUCY.name, "the audit")?;
        let notes = &self.lucy.private()?.notes;
        wait_for("Lucy is told", async || Ok((!notes.shown().is_empty()).then_some(()))).await?;
        says_held(&self.lucy.host, false).await?;
        self.step("reclaimed");
        let password = ["user", "password", LUCY.email];
        let changed = self.world.pool.command(&password, &format!("{NEW_PASSWORD}\n"))?;
        expect_success(&changed, "hotseat-pool user password")?;
        expect_success(&self.lucy.hotseat(&["logout"])?, "hotseat logout")?;

        let driver = Launch::new("driver", "WebKitWebDriver")
            .env("HOTSEAT_SOCKET", self.lucy.host.socket())
            .env("HOTSEAT_TRAY_LOG", EVERYTHING)
            .env("G_MESSAGES_DEBUG", "all");
        let driver = self.lucy.private()?.desktop.inside(driver);
        tokio::task::block_in_place(|| -> Result<()> {
            let page = Page::open(&self.world.children, driver)?;
            page.wait_for("Log in")?;
            page.write("username", LUCY.email)?;
            page.write("current-password", WRONG_PASSWORD)?;
            page.press("Log in")?;
            page.wait_for("do not match")?;
            self.step("a wrong password");
            page.write("username", LUCY.email)?;
            page.write("current-password", NEW_PASSWORD)?;
            page.press("Log in")?;
            wait_until("Lucy is logged in", || Ok(self.lucy.status()?.0.account.map(drop)))?;
            self.step("logged in again");
            Ok(())
        })
    }

    /// The tray and its menu, the command line's answers, restarts, a backup, the end.
    async fn go_home(&mut self) -> Result<()> {
        self.lucy.choose("Open Hotseat").await?;
        for verb in [&["status"][..], &["who", POOL], &["doctor"]] {
            for more in [&[][..], &["--json"]] {
                let answer = self.lucy.hotseat(&[verb, more].concat())?;
                self.watch.read(&format!("hotseat {}", verb[0]), answer.stdout + &answer.stderr);
            }
        }
        let copy = self.world.folder().join("copy.db");
        for verb in [&["verify"][..], &["backup", copy.to_str().context("a path")?]] {
            expect_success(&self.world.pool.command(verb, "")?, verb[0])?;
        }
        self.world.pool.child.terminate();
        self.world.pool.child.wait()?;
        self.world.pool.restart()?;
        wait_for("Bill's broker is linked again", async || {
            let status = self.bill.run_hotseat(&["who", POOL])?;
            Ok(status.status.success().then_some(()))
        })
        .await?;
        self.step("restarted");
        expect_success(&self.bill.run_hotseat(&["logout"])?, "hotseat logout")?;
        self.lucy.close().await?;
        self.step("gone home");
        Ok(())
    }
}

/// The key of a seat that hangs on a connection.
async fn resume_key(host: &BrokerHost) -> Result<String> {
    let hello = Hello {
        version: PROTOCOL_VERSION,
        program: "a test".to_owned(),
        role: Role::Run,
        display: None,
        resume: vec![],
    };
    let (client, _pushes) = Client::connect(&[host.socket()], hello).await?;
    let sign_on = Request::SignOn {
        request: fresh_request(),
        pool: PoolId::new(POOL)?,
        client: None,
        wait: None,
    };
    let Reply::Outcome { resume: Some(key), .. } = client.ask(sign_on).await? else {
        anyhow::bail!("no seat that can be resumed");
    };
    client.ask(Request::SignOff { pool: None }).await?;
    Ok(key.key.expose().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_an_office_stands_where_others_can_read_it() {
    let mut office = Office::open().await.unwrap();
    office.add_a_hook().unwrap();
    office.sign_everybody_on().await.unwrap();
    office.change_the_password().await.unwrap();
    office.go_home().await.unwrap();

    let watch = &office.watch;
    assert_eq!(watch.leaks(), [""; 0]);
    let looked_for = [
        "Bill's password",
        "Lucy's password",
        "Olaf's password",
        "a link's secret",
        "a log-in's token",
        "a machine's credential",
        "a new password",
        "a resume key",
        "a service's token",
        "a token over REST",
        "a wrong password",
        "an invitation",
        "the administrator's token",
    ];
    assert_eq!(watch.names().into_iter().collect::<Vec<_>>(), looked_for);
    // It was there to be found: each program logged at its finest, the buses were busy.
    assert!(watch.messages() > 0, "no message was seen");
    let seen = std::fs::read_to_string(office.world.folder().join("seen-by-the-hook"));
    assert!(seen.unwrap().contains("HOTSEAT"), "the hook ran");
}

/// A value is a secret by its type, so whatever is printed of it is not the value.
#[test]
fn a_secret_is_not_printed_by_whoever_prints_what_it_is_in() {
    let body: Value = json!({ "email": LUCY.email, "password": LUCY.password });
    let login: hotseat_protocol::api::LogIn = serde_json::from_value(body).unwrap();
    assert!(!format!("{login:?}").contains(LUCY.password), "{login:?}");
}
