//! `dibble server` as a process of its own, and whatever speaks to it: plain HTTP, and the program's own client commands.

use super::{Output, Program, Project, wait_until};
use flate2::Compression;
use flate2::write::GzEncoder;
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// A server on a free port, with its database in a fresh directory. It is killed when it is dropped.
///
/// ```
/// let server = Server::new().start();
/// assert_eq!(server.get("/api/projects").json(), json!({"projects": []}));
/// ```
#[derive(Debug)]
pub struct Server {
    pub project: Project,
    command: &'static str,
    args: Vec<String>,
    process: Option<Program>,
    address: String,
}

/// What the server answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Server {
    /// A server that keeps everything in `data.db`. It sees the clock of the machine.
    pub fn new() -> Self {
        let project = Project::new().moving_clock().file("server.properties", "");
        let args = ["-o", "data.db"].map(str::to_owned).to_vec();
        Self { project, command: "server", args, process: None, address: String::new() }
            .config("server.runtime-info.path = info.json")
    }

    /// `dibble scheduler` instead.
    pub fn scheduler() -> Self {
        Self { command: "scheduler", ..Self::new() }
    }

    /// Adds lines to the configuration; a server that runs does not see them by itself.
    #[track_caller]
    pub fn config(self, lines: &str) -> Self {
        self.configure(lines);
        self
    }

    #[track_caller]
    pub fn configure(&self, lines: &str) {
        let path = self.project.path("server.properties");
        let text = fs::read_to_string(&path).unwrap() + lines + "\n";
        fs::write(path, text).unwrap();
    }

    /// Adds options.
    pub fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(|&arg| arg.to_owned()));
        self
    }

    /// The same server with its database in another file.
    pub fn database(mut self, path: &str) -> Self {
        path.clone_into(&mut self.args[1]);
        self
    }

    /// Puts a file into the directory in which commands are called.
    #[track_caller]
    pub fn file(mut self, path: &str, text: &str) -> Self {
        self.project = self.project.file(path, text);
        self
    }

    /// The same server without the options that were added.
    pub fn without_args(mut self) -> Self {
        self.args.truncate(2);
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.project = self.project.env(name, value);
        self
    }

    /// Starts it and waits until it answers.
    #[track_caller]
    pub fn start(mut self) -> Self {
        self.run();
        self
    }

    /// Starts it again on the same file.
    #[track_caller]
    pub fn run(&mut self) {
        let info = self.info();
        let _ = fs::remove_file(&info);
        let process = self.spawn();
        let mut process = Some(process);
        wait_until("the server listens", || {
            if info.exists() {
                return true;
            }
            if process.as_mut().is_some_and(Program::has_ended) {
                panic!("the server did not start:\n{}", process.take().unwrap().end());
            }
            false
        });
        self.process = process;
        let info: Value = serde_json::from_slice(&fs::read(info).unwrap()).unwrap();
        let local = &info["local_addresses"][0];
        self.address = format!("{}:{}", local["host"].as_str().unwrap(), local["port"]);
    }

    /// Starts it and does not wait for anything.
    #[track_caller]
    pub fn spawn(&self) -> Program {
        let mut words = vec![self.command, "-n", "0", "-c", "server.properties"];
        words.extend(self.args.iter().map(String::as_str));
        self.project.start(&words)
    }

    /// `http://127.0.0.1:40000`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    /// The file that says where it listens.
    pub fn info(&self) -> PathBuf {
        self.project.path("info.json")
    }

    pub fn process(&self) -> &Program {
        self.process.as_ref().expect("the server runs")
    }

    pub fn signal(&self, signal: Signal) {
        self.process().signal(signal);
    }

    /// Tells it to end, and waits.
    #[track_caller]
    pub fn stop(&mut self) -> Output {
        self.signal(Signal::SIGTERM);
        self.end()
    }

    /// Waits until it has ended.
    #[track_caller]
    pub fn end(&mut self) -> Output {
        self.process.take().expect("the server runs").end()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.process.take().expect("the server runs").kill();
    }

    /// Asks it; fails the test when it does not answer.
    #[track_caller]
    pub fn http(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.try_http(method, path, headers, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// Asks it. The error is that of a connection that fails.
    pub fn try_http(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, String> {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .proxy(None)
            .build();
        let mut request = ureq::http::Request::builder().method(method).uri(self.url() + path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.to_vec()).map_err(|error| error.to_string())?;
        let mut response = config.new_agent().run(request).map_err(|error| error.to_string())?;
        let headers = response.headers().iter();
        let headers =
            headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()));
        let (status, headers) = (response.status().as_u16(), headers.collect());
        let body = response.body_mut().read_to_vec().map_err(|error| error.to_string())?;
        Ok(Answer { status, headers, body })
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.http("GET", path, &[], b"")
    }

    /// Sends JSON.
    #[track_caller]
    pub fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.http(method, path, &[("Content-Type", "application/json")], body.to_string().as_bytes())
    }

    /// Pushes a project and returns its id.
    #[track_caller]
    pub fn push(&self, project: &str, revision: &str, files: &[(&str, &str)]) -> String {
        let path = format!("/api/projects?project={project}&revision={revision}");
        let answer = self.http("PUT", &path, &[("Content-Type", "application/gzip")], &archive(files));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// The id of a workflow of the newest revision.
    #[track_caller]
    pub fn workflow(&self, project: &str, name: &str) -> String {
        let answer = self.get(&format!("/api/workflow?project={project}&name={name}"));
        answer.json()["id"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
    }

    /// Starts an attempt of a workflow and returns its id.
    #[track_caller]
    pub fn start_attempt(&self, workflow: &str, session_time: &str) -> String {
        let body = json!({"workflowId": workflow, "sessionTime": session_time, "params": {}});
        let answer = self.send("PUT", "/api/attempts", &body);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub fn attempt(&self, id: &str) -> Value {
        self.get(&format!("/api/attempts/{id}")).json()
    }

    /// Waits until an attempt has ended, and returns it.
    #[track_caller]
    pub fn finished(&self, id: &str) -> Value {
        let mut attempt = Value::Null;
        wait_until(&format!("attempt {id} has ended"), || {
            attempt = self.attempt(id);
            attempt["done"] == true
        });
        attempt
    }

    /// The states of an attempt's tasks, by name: `+wf+a success`.
    #[track_caller]
    pub fn tasks(&self, id: &str) -> Vec<String> {
        let answer = self.get(&format!("/api/attempts/{id}/tasks")).json();
        let line = |task: &Value| {
            format!("{} {}", task["fullName"].as_str().unwrap(), task["state"].as_str().unwrap())
        };
        answer["tasks"].as_array().unwrap().iter().map(line).collect()
    }

    /// Calls a client command of the program on this server.
    #[track_caller]
    pub fn dibble(&self, args: &[&str]) -> Output {
        let url = self.url();
        let (command, rest) = args.split_first().expect("a command");
        self.project.dibble(&[&[*command, "-e", &url], rest].concat())
    }
}

impl Answer {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The first header of a name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The message of an error.
    #[track_caller]
    pub fn message(&self) -> String {
        self.json()["message"].as_str().unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }
}

/// A `.tar.gz` of files.
pub fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(vec![], Compression::fast()));
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}
