//! A hand in the window's page: WebKitWebDriver starts the window and does what a test says.

use anyhow::{Context, Result, ensure};
use hotseat_tests::children::{Child, Children};
use hotseat_tests::http::Client;
use hotseat_tests::launch::Launch;
use hotseat_tests::paths;
use hotseat_tests::ports::Port;
use hotseat_tests::waiting::wait_until;
use serde_json::{Value, json};

/// The key under which WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A window under a driver. Both end when dropped.
pub(crate) struct Page {
    client: Client,
    session: String,
    _driver: Child,
    _port: Port,
}

impl Page {
    /// Starts the driver with the environment of `launch`, and the window inside it. Blocks.
    pub(crate) fn open(children: &Children, launch: Launch) -> Result<Page> {
        let port = Port::reserve()?;
        let driver = launch
            .arg(format!("--port={}", port.address().port()))
            .env("TAURI_WEBVIEW_AUTOMATION", "true");
        let mut driver = children.start(driver)?;
        let client = Client::new(port.address());
        driver.wait_until("the driver answers", || Ok(client.get("/status").ok()))?;
        let window = json!({ "binary": paths::program("hotseat-tray")?, "args": ["--window"] });
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "webkitgtk:browserOptions": window
        } } });
        let answer = client.post("/session", &wanted)?;
        let session = answer.body["value"]["sessionId"].as_str();
        let session = session.with_context(|| format!("no session: {answer:?}"))?.to_owned();
        Ok(Page { client, session, _driver: driver, _port: port })
    }

    /// All text that the page shows.
    pub(crate) fn text(&self) -> Result<String> {
        let body = self.element("//body")?;
        let answer = self.client.get(&self.path(&format!("/element/{body}/text")))?;
        Ok(answer.body["value"].as_str().unwrap_or_default().to_owned())
    }

    /// Waits until the page shows a text.
    pub(crate) fn wait_for(&self, text: &str) -> Result<()> {
        let mut last = String::new();
        let shown = wait_until(&format!("the page shows {text:?}"), || {
            last = self.text()?;
            Ok(last.contains(text).then_some(()))
        });
        shown.with_context(|| format!("it shows {last:?}"))
    }

    /// Presses the button with this text, once it can be pressed.
    pub(crate) fn press(&self, label: &str) -> Result<()> {
        // The label for the time when the action is under way lies behind the first, unseen.
        let path = format!(
            "//button[(normalize-space()='{label}' or span[1][normalize-space()='{label}']) \
             and not(@aria-disabled='true')]"
        );
        let button = wait_until(&format!("a button {label:?}"), || Ok(self.element(&path).ok()))?;
        self.send(&format!("/element/{button}/click"), &json!({}))
    }

    /// Writes into the field of this kind (`email`, `password`).
    pub(crate) fn write(&self, autocomplete: &str, text: &str) -> Result<()> {
        let field = self.element(&format!("//input[@autocomplete='{autocomplete}']"))?;
        self.send(&format!("/element/{field}/clear"), &json!({}))?;
        self.send(&format!("/element/{field}/value"), &json!({ "text": text }))
    }

    fn element(&self, xpath: &str) -> Result<String> {
        let wanted = json!({ "using": "xpath", "value": xpath });
        let answer = self.client.post(&self.path("/element"), &wanted)?;
        let id = answer.body["value"][ELEMENT].as_str();
        Ok(id.with_context(|| format!("no {xpath}: {answer:?}"))?.to_owned())
    }

    fn send(&self, path: &str, body: &Value) -> Result<()> {
        let answer = self.client.post(&self.path(path), body)?;
        ensure!(answer.status == 200, "{path}: {answer:?}");
        Ok(())
    }

    fn path(&self, rest: &str) -> String {
        format!("/session/{}{rest}", self.session)
    }
}
