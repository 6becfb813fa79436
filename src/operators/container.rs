//! Running a task's command, in a Docker container when the task has a `docker` option.

use super::env::Variable;
use super::process::{self, Command};
use super::temp_dir::TaskDir;
use super::{Context, OperatorError};
use crate::confinement::Confinement;
use crate::logs::Level;
use crate::model::Config;
use serde_json::json;
use std::fs;
use std::path::Path;
use std::process::Command as Plain;

/// Where the id of the container is, in the task's temporary directory.
const ID_FILE: &str = "container-id";

/// Runs a task's command and returns its exit code; output goes to the host as it comes.
///
/// # Errors
///
/// It could not be started, the attempt was canceled meanwhile, or the `docker` options are wrong.
pub(crate) fn run(ctx: &Context<'_>, task_dir: &TaskDir, command: Command<'_>) -> Result<i32, OperatorError> {
    if is_wanted(ctx) { Docker::new(ctx)?.run(task_dir, command) } else { process::run(ctx, &command) }
}

/// Whether the task's command is to run in a container, where other programs are installed than here.
pub(crate) fn is_wanted(ctx: &Context<'_>) -> bool {
    ctx.config.has("docker")
}

/// The `docker` options of a task.
struct Docker<'a> {
    ctx: &'a Context<'a>,
    client: String,
    base: String,
    build: Option<Vec<String>>,
    build_options: Vec<String>,
    run_options: Vec<String>,
    pull_always: bool,
    selinux: bool,
}

impl<'a> Docker<'a> {
    fn new(ctx: &'a Context<'a>) -> Result<Self, OperatorError> {
        let options = Config::new(ctx.config.object("docker")?);
        Ok(Self {
            ctx,
            client: options.string("docker")?.unwrap_or_else(|| "docker".to_owned()),
            base: options.required_string("image")?,
            build: options.string_list("build")?,
            build_options: options.string_list("build_options")?.unwrap_or_default(),
            run_options: options.string_list("run_options")?.unwrap_or_default(),
            pull_always: options.bool_or("pull_always", false)?,
            selinux: options.bool_or("selinux", false)?,
        })
    }

    fn run(&self, task_dir: &TaskDir, command: Command<'_>) -> Result<i32, OperatorError> {
        let image = match &self.build {
            Some(lines) => self.built(task_dir, lines)?,
            None if self.pull_always => {
                self.ctx.host.log(Level::Info, &format!("Pulling docker image {}", self.base));
                self.expect("pull", vec!["pull".to_owned(), self.base.clone()])?;
                self.base.clone()
            }
            None => self.base.clone(),
        };
        let id_file = task_dir.file(ID_FILE).to_string_lossy().into_owned();
        let mut argv = self.run_arguments(&image, task_dir, &id_file, &command);
        argv.extend(command.argv);
        let env = command.env.into_iter().filter(|variable| variable.secret).collect();
        let result = process::run(self.ctx, &Command { argv, dir: command.dir, env });
        if matches!(result, Err(OperatorError::Canceled)) {
            self.kill(&id_file);
        }
        result
    }

    /// Everything before the command that is to run in the container. Variables with secrets are given by name, the client
    /// takes their values from its own environment: everybody on the machine can read command lines.
    fn run_arguments(
        &self,
        image: &str,
        task_dir: &TaskDir,
        id_file: &str,
        command: &Command<'_>,
    ) -> Vec<String> {
        let project = self.ctx.project_dir.display();
        let access = if self.selinux { "rw,Z" } else { "rw" };
        let mut argv = vec![self.client.clone(), "run".to_owned()];
        argv.extend(self.run_options.iter().cloned());
        argv.extend(self.limits());
        argv.push("--rm".to_owned());
        if !self.run_options.iter().any(|option| option.starts_with("--cidfile")) {
            argv.extend(["--cidfile".to_owned(), id_file.to_owned()]);
        }
        argv.extend(["-v".to_owned(), format!("{project}:{project}:{access}")]);
        if let Some(dir) = task_dir.outside().map(Path::display) {
            argv.extend(["-v".to_owned(), format!("{dir}:{dir}:{access}")]);
        }
        argv.extend(["-w".to_owned(), command.dir.display().to_string()]);
        for Variable { name, value, secret } in &command.env {
            let given = if *secret { name.clone() } else { format!("{name}={value}") };
            argv.extend(["-e".to_owned(), given]);
        }
        argv.push(image.to_owned());
        argv
    }

    /// The limits of the attempt, for each container: it is no child of ours. What the task's own options say stays.
    fn limits(&self) -> Vec<String> {
        let Some(limits) = self.ctx.host.confinement().map(Confinement::limits) else { return vec![] };
        let options = [
            (["--memory", "-m"], limits.memory.map(|bytes| bytes.to_string())),
            (["--cpus", "--cpu-quota"], limits.cores()),
            (["--pids-limit"; 2], limits.processes.map(|count| count.to_string())),
        ];
        let is_given = |names: &[&str]| {
            let is_one = |option: &String| names.iter().any(|name| option.split('=').next() == Some(name));
            self.run_options.iter().any(is_one)
        };
        let wanted = options.into_iter().filter(|(names, _)| !is_given(names));
        wanted.filter_map(|([name, _], value)| Some(format!("{name}={}", value?))).collect()
    }

    /// The image with the `build` lines run in it; it is made when there is none for this revision of the project.
    fn built(&self, task_dir: &TaskDir, lines: &[String]) -> Result<String, OperatorError> {
        let image = self.image_name(lines);
        let inspect = vec![self.client.clone(), "image".to_owned(), "inspect".to_owned(), image.clone()];
        let inspect = Command { argv: inspect, dir: self.ctx.project_dir, env: Vec::new() };
        if process::run_into(self.ctx, &inspect, &mut |_| {})? == 0 {
            self.ctx.host.log(Level::Debug, &format!("Reusing docker image {image}"));
            return Ok(image);
        }
        self.ctx.host.log(Level::Info, &format!("Building docker image {image}"));
        let runs = lines.iter().flat_map(|line| line.split('\n')).map(|line| format!("RUN {line}\n"));
        let dockerfile = format!("FROM {}\n{}", self.base.replace('\n', ""), runs.collect::<String>());
        task_dir.write(self.ctx.project_dir, "Dockerfile", dockerfile)?;
        let mut arguments = vec!["build".to_owned()];
        arguments.extend(self.build_options.iter().cloned());
        arguments.extend(["-f".to_owned(), task_dir.file("Dockerfile").to_string_lossy().into_owned()]);
        arguments.extend(["--force-rm", "-t", &image].map(str::to_owned));
        arguments.push(self.ctx.project_dir.display().to_string());
        self.expect("build", arguments)?;
        Ok(image)
    }

    /// A name for what the image is made of. The project's id is in it, so no project gets what another one has built.
    fn image_name(&self, lines: &[String]) -> String {
        let source = json!({ "image": self.base, "build": lines, "revision": self.ctx.task.revision });
        format!("dibble-project-{}:{:032x}", self.ctx.task.project_id, fnv1a(source.to_string().as_bytes()))
    }

    fn expect(&self, what: &str, arguments: Vec<String>) -> Result<(), OperatorError> {
        let argv = [vec![self.client.clone()], arguments].concat();
        match process::run(self.ctx, &Command { argv, dir: self.ctx.project_dir, env: Vec::new() })? {
            0 => Ok(()),
            _ => Err(OperatorError::runtime(format!("Docker {what} failed"))),
        }
    }

    /// Ends the container of a client that was ended itself. Nobody waits for it, as the daemon may not answer.
    fn kill(&self, id_file: &str) {
        if let Ok(id) = fs::read_to_string(id_file) {
            let in_background = r#""$1" kill "$2" >/dev/null 2>&1 </dev/null &"#;
            let mut shell = Plain::new("/bin/sh");
            shell.args(["-c", in_background, "sh", &self.client, id.trim()]);
            let _ = shell.current_dir(self.ctx.project_dir).status();
        }
    }
}

/// The 128-bit FNV-1a hash: short, and the same everywhere and always.
fn fnv1a(bytes: &[u8]) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(BASIS, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::confinement::LimitSettings;
    use crate::model::Settings;
    use crate::operators::testing::Task;
    use crate::operators::{CancelStage, sh};
    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;
    use serde_json::Value;
    use std::thread;

    /// Writes down its arguments, a line each; what is to run in the container runs here.
    const CLIENT: &str = r#"#!/bin/sh
for word in "$@"; do echo "$word" >> calls; done; echo -- >> calls
case $1 in
image) exit "${INSPECT:-1}" ;;
pull) echo pulling; [ "$2" != broken ] ;;
build) cat "$(echo "$*" | sed 's/.*-f \([^ ]*\).*/\1/')"; [ ! -e no-build ] ;;
run) while [ "$1" != /bin/sh ]; do
       if [ "$1" = --cidfile ]; then echo abc > "$2"; fi
       shift
     done; exec "$@" ;;
kill) echo "$2" > killed ;;
esac
"#;

    fn task(docker: Value, script: &str) -> Task {
        let mut docker = docker;
        docker["docker"] = json!("./client");
        Task::new(json!({"docker": docker, "_command": script})).program("client", CLIENT)
    }

    /// What the client was told, one call a line, with the varying parts replaced.
    fn calls(task: &Task) -> Vec<String> {
        let text = fs::read_to_string(task.dir().join("calls")).unwrap();
        let text = text.replace(task.dir().to_str().unwrap(), "<DIR>");
        let words = text.lines().map(|word| match word.split_once("digdag-sh-4-") {
            Some((before, after)) => format!("{before}<TMP>{}", after.trim_start_matches(|c| c != '/')),
            None => word.to_owned(),
        });
        let joined = words.filter(|word| !word.starts_with("docker=")).collect::<Vec<_>>().join(" ");
        joined.split(" --").filter(|call| !call.is_empty()).fold(
            Vec::new(),
            |mut calls: Vec<String>, part| {
                // `--option` was cut as well.
                match (part.strip_prefix(' '), calls.last_mut()) {
                    (None, Some(last)) => last.push_str(&format!(" --{part}")),
                    (rest, _) => calls.push(rest.unwrap_or(part).to_owned()),
                }
                calls
            },
        )
    }

    #[test]
    fn commands_run_in_the_image() {
        let task =
            task(json!({"image": "ruby:3", "run_options": ["--memory", "1g"]}), "echo in $PWD; exit 4")
                .local(json!({"_env": {"A": "x y", "S": "${secret:k}"}}))
                .secret("k", "s3");
        assert_eq!(task.with(sh::run).unwrap_err().to_string(), "Command failed with code 4 (runtime)");
        assert_eq!(task.output(), format!("in {}\n", task.dir().display()));
        let call = calls(&task).concat();
        let expected = "run --memory 1g --rm --cidfile <DIR>/.digdag/tmp/<TMP>/container-id \
            -v <DIR>:<DIR>:rw -w <DIR> -e -e _command=echo in $PWD; exit 4 -e A=x y -e S ruby:3 \
            /bin/sh .digdag/tmp/<TMP>/runner.sh";
        assert_eq!(call, expected);
    }

    #[test]
    fn limits_are_told_to_docker_unless_the_task_has_its_own() {
        let mut settings = Settings::default();
        for (key, value) in [("memory", "1G"), ("cpu", "1.5"), ("processes", "9")] {
            settings.set(format!("limits.{key}"), value);
        }
        let limits = LimitSettings::from_settings(&settings).unwrap();
        for (own, expected) in [
            (json!([]), "run --memory=1073741824 --cpus=1.500 --pids-limit=9 --rm"),
            (json!(["-m", "1g", "--pids-limit=5"]), "run -m 1g --pids-limit=5 --cpus=1.500 --rm"),
        ] {
            let task = task(json!({"image": "i", "run_options": own}), "exit 0");
            let task = task.confined(Confinement::of_each_process(&limits));
            task.with(sh::run).unwrap();
            let call = calls(&task).concat();
            assert!(call.starts_with(expected), "{call}");
        }
    }

    #[test]
    fn selinux_labels_and_sub_directories_are_honoured() {
        let docker =
            json!({"docker": "./client", "image": "i", "selinux": true, "run_options": ["--cidfile=x"]});
        let params = json!({"docker": docker, "_command": "exit 0", "_workdir": "sub"});
        let task = Task::new(params).program("sub/client", CLIENT);
        task.with(sh::run).unwrap();
        let text = fs::read_to_string(task.dir().join("sub/calls")).unwrap();
        let dir = task.dir();
        let dir = dir.display();
        assert!(
            text.contains(&format!("--cidfile=x\n--rm\n-v\n{dir}:{dir}:rw,Z\n-w\n{dir}/sub\n")),
            "{text}"
        );
        assert!(text.contains("/bin/sh\n../.digdag/tmp/digdag-sh-4-"), "{text}");
    }

    #[test]
    fn a_temporary_directory_elsewhere_is_there_in_the_container() {
        let task = task(json!({"image": "i"}), "echo x").file(".digdag", "");
        task.with(sh::run).unwrap();
        let text = fs::read_to_string(task.dir().join("calls")).unwrap();
        let script = text.lines().find(|word| word.ends_with("/runner.sh")).unwrap();
        let dir = script.strip_suffix("/runner.sh").unwrap();
        assert!(Path::new(dir).is_absolute() && text.contains(&format!("\n-v\n{dir}:{dir}:rw\n")), "{text}");
    }

    #[test]
    fn images_are_pulled_when_asked_for() {
        let pulled = task(json!({"image": "i", "pull_always": true}), "echo x");
        pulled.with(sh::run).unwrap();
        assert_eq!(pulled.output(), "pulling\nx\n");
        assert_eq!(pulled.log(), ["Info Pulling docker image i"]);
        let broken = task(json!({"image": "broken", "pull_always": true}), "echo x");
        assert_eq!(broken.with(sh::run).unwrap_err().to_string(), "Docker pull failed (runtime)");
    }

    #[test]
    fn images_are_built_when_there_are_none() {
        let docker =
            json!({"image": "base\n", "build": ["apt-get x\necho 2", "echo 3"], "build_options": ["--pull"]});
        let built = task(docker.clone(), "echo x");
        built.with(sh::run).unwrap();
        assert_eq!(built.output(), "FROM base\nRUN apt-get x\nRUN echo 2\nRUN echo 3\nx\n");
        let calls = calls(&built);
        let image = calls[0].strip_prefix("image inspect ").unwrap();
        assert!(image.starts_with("dibble-project-1:") && image.len() == 17 + 32, "{image}");
        assert_eq!(
            calls[1],
            format!("build --pull -f <DIR>/.digdag/tmp/<TMP>/Dockerfile --force-rm -t {image} <DIR>")
        );
        assert!(calls[2].contains(&format!(" {image} /bin/sh ")), "{calls:?}");
        assert_eq!(built.files(), ["calls", "client"]);

        let broken = task(docker, "echo x").file("no-build", "");
        assert_eq!(broken.with(sh::run).unwrap_err().to_string(), "Docker build failed (runtime)");
    }

    #[test]
    fn images_are_not_built_twice() {
        let client = CLIENT.replace("${INSPECT:-1}", "0");
        let params =
            json!({"docker": {"docker": "./client", "image": "i", "build": ["b"]}, "_command": "echo x"});
        let task = Task::new(params).program("client", &client);
        task.with(sh::run).unwrap();
        assert_eq!(task.output(), "x\n");
        assert_eq!(calls(&task).len(), 2);
    }

    #[test]
    fn the_image_must_be_named() {
        let task = Task::new(json!({"docker": {}, "_command": "echo x"}));
        let error = task.with(sh::run).unwrap_err().to_string();
        assert_eq!(error, "Parameter 'image' is required but not set (config)");
    }

    #[test]
    fn a_canceled_container_is_killed() {
        let task = task(json!({"image": "i"}), "echo ready; sleep 1000");
        let killed = task.dir().join("killed");
        mkfifo(&killed, Mode::S_IRWXU).unwrap();
        let result = thread::scope(|scope| {
            let running = scope.spawn(|| task.with(sh::run));
            task.wait_for_output("ready");
            task.cancellation().advance(CancelStage::Terminating);
            running.join().unwrap()
        });
        assert!(matches!(result, Err(OperatorError::Canceled)), "{result:?}");
        assert_eq!(fs::read_to_string(killed).unwrap(), "abc\n");
    }

    #[test]
    fn the_hash_is_fnv1a() {
        assert_eq!(fnv1a(b""), 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
        assert_eq!(fnv1a(b"a"), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
    }
}
