//! Our own JavaScript: what runs a template, `Date`, and `moment`.
//!
//! Each script is a module that exports one function. It is parsed once per process; evaluations load its bytecode, which
//! takes a fraction of the time.

use rquickjs::loader::{Bundle, Loader};
use rquickjs::{Context, Ctx, Error, Function, Module, Runtime, WriteOptions};
use std::sync::OnceLock;

/// One of our scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Script {
    Run,
    Date,
    Moment,
}

const RUN: &str = concat!("export default ", include_str!("js/run.js"));
const DATE: &str = concat!("export default ", include_str!("js/date.js"));
const MOMENT: &str = concat!(
    "export default (function (host) {\n",
    include_str!("moment/arithmetic.js"),
    include_str!("moment/units.js"),
    include_str!("moment/locale.js"),
    include_str!("moment/format.js"),
    include_str!("moment/parse.js"),
    include_str!("moment/standards.js"),
    include_str!("moment/create.js"),
    include_str!("moment/moment.js"),
    include_str!("moment/change.js"),
    include_str!("moment/zone.js"),
    include_str!("moment/output.js"),
    include_str!("moment/compare.js"),
    include_str!("moment/duration.js"),
    include_str!("moment/face.js"),
    "return moment;\n})"
);

/// The function that the script exports, in this context.
pub fn load<'js>(ctx: &Ctx<'js>, script: Script) -> rquickjs::Result<Function<'js>> {
    // The engine offers loading bytecode without unsafe code only as a module loader. Its type is an alias, which cannot
    // be called as a constructor.
    let mut bundle = Bundle { 0: bytecode(script)? };
    let (module, _) = bundle.load(ctx, script.name(), None)?.eval()?;
    module.get("default")
}

type Compiled = &'static [(&'static str, &'static [u8])];

fn bytecode(script: Script) -> rquickjs::Result<Compiled> {
    static RUN_CODE: OnceLock<Compiled> = OnceLock::new();
    static DATE_CODE: OnceLock<Compiled> = OnceLock::new();
    static MOMENT_CODE: OnceLock<Compiled> = OnceLock::new();
    let (cell, source) = match script {
        Script::Run => (&RUN_CODE, RUN),
        Script::Date => (&DATE_CODE, DATE),
        Script::Moment => (&MOMENT_CODE, MOMENT),
    };
    if let Some(compiled) = cell.get() {
        return Ok(compiled);
    }
    let code = compile(script.name(), source)?;
    // The engine reads constants straight from the bytecode, so it has to live as long as the process.
    Ok(cell.get_or_init(|| Box::leak(Box::new([(script.name(), &*Box::leak(code))]))))
}

/// Compiles in a state of its own, beyond the limits of the evaluation that happens to come first.
fn compile(name: &str, source: &str) -> rquickjs::Result<Box<[u8]>> {
    let context = Context::full(&Runtime::new()?)?;
    context.with(|ctx| {
        let module = Module::declare(ctx, name, source)?;
        let stripped = WriteOptions { strip_source: true, strip_debug: true, ..WriteOptions::default() };
        Ok::<_, Error>(module.write(stripped)?.into())
    })
}

impl Script {
    fn name(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Date => "date",
            Self::Moment => "moment",
        }
    }
}
