-- Everything that Dibble remembers, in one SQLite file.
--
--     projects ─┬─ revisions ─┬─ workflows ── schedules
--               │             └─ archives
--               ├─ secrets
--               └─ sessions ── attempts ─┬─ tasks
--     owners ──────────────────┘         └─ task_logs          stored_params   tokens
--
--     skipped_sessions   watched_projects   notifications        what is to be told of schedules, directories, attempts
--
-- A project is a named line of revisions; a revision is one state of its files and defines workflows. A session is a
-- workflow, by name, at a session time; every run of a session is an attempt, and an attempt has tasks.
--
-- Times are integers in UTC: session times are seconds since 1970, all others milliseconds. Columns said to be JSON
-- hold compact JSON text whose objects keep the order of their keys. Marks (0 or 1) are columns of their own, so that
-- the file can be read with any SQLite shell:
--
--     SELECT id, project_name, workflow_name, done, success FROM attempt_rows ORDER BY id DESC LIMIT 10;
--
-- This is the whole current schema; a new file gets it as it stands. src/store/migrations holds the steps that bring
-- older files to it. Ids are never used again (AUTOINCREMENT), for people remember them.

PRAGMA auto_vacuum = INCREMENTAL;    -- room that becomes free can be given back in small steps; set before the first page
PRAGMA application_id = 0x44696262;  -- "Dibb": tells this file from other programs' databases
PRAGMA user_version = 3;             -- which schema this is; files with a higher number are refused

-- Projects and what they define ---------------------------------------------------------------------------------------

CREATE TABLE projects (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT    NOT NULL CHECK (name <> ''),
    created_at  INTEGER NOT NULL,
    -- A deleted project keeps its history and its name; a new one may take the same name.
    deleted_at  INTEGER
) STRICT;

CREATE UNIQUE INDEX projects_by_name ON projects (name) WHERE deleted_at IS NULL;

-- One registered state of a project's files. It never changes.
CREATE TABLE revisions (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id      INTEGER NOT NULL REFERENCES projects (id),
    name            TEXT    NOT NULL CHECK (name <> ''),
    -- Parameters below those of every attempt. JSON object.
    default_params  TEXT    NOT NULL CHECK (json_valid(default_params) AND json_type(default_params) = 'object'),
    -- Of all definitions: tells whether the files have changed since.
    digest          TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    -- The directory that it was read from, when there is no archive of it; tasks run there.
    directory       TEXT
) STRICT;

CREATE UNIQUE INDEX revisions_by_name ON revisions (project_id, name);
CREATE INDEX revisions_by_project ON revisions (project_id);  -- the newest one: by id

-- The files of a revision as they were uploaded: a gzipped tar file, byte for byte.
CREATE TABLE archives (
    revision_id  INTEGER PRIMARY KEY REFERENCES revisions (id),
    md5          BLOB NOT NULL CHECK (length(md5) = 16),
    gzip         BLOB NOT NULL
) STRICT;

-- A workflow as one revision defines it.
CREATE TABLE workflows (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    revision_id  INTEGER NOT NULL REFERENCES revisions (id),
    name         TEXT    NOT NULL CHECK (name <> ''),
    timezone     TEXT    NOT NULL CHECK (timezone <> ''),
    -- The definition, its tasks in order. JSON object.
    config       TEXT    NOT NULL CHECK (json_valid(config) AND json_type(config) = 'object')
) STRICT;

CREATE UNIQUE INDEX workflows_by_name ON workflows (revision_id, name);
CREATE INDEX workflows_by_revision ON workflows (revision_id);  -- in the order of the files: by id

-- When a workflow of the newest revision runs next. Belongs to the workflow's name: later revisions take it over with its
-- id, its last session and its being disabled.
CREATE TABLE schedules (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id         INTEGER NOT NULL REFERENCES projects (id),
    workflow_name      TEXT    NOT NULL CHECK (workflow_name <> ''),
    workflow_id        INTEGER NOT NULL REFERENCES workflows (id),
    next_run_time      INTEGER NOT NULL,  -- in seconds, when it starts
    next_session_time  INTEGER NOT NULL,  -- in seconds, what for
    last_session_time  INTEGER,           -- in seconds; null before the first one
    created_at         INTEGER NOT NULL,
    disabled_at        INTEGER,
    -- In seconds: the session that had not started long after its time, of which somebody was told. Null again once one
    -- has started in time.
    late_session_time  INTEGER
) STRICT;

CREATE UNIQUE INDEX schedules_by_workflow ON schedules (project_id, workflow_name);
CREATE INDEX schedules_by_project ON schedules (project_id);
CREATE INDEX schedules_by_definition ON schedules (workflow_id);
CREATE INDEX schedules_due ON schedules (next_run_time) WHERE disabled_at IS NULL;

-- Sessions of a schedule, one after another, that were left out.
CREATE TABLE skipped_sessions (
    id                  INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id          INTEGER NOT NULL REFERENCES projects (id),
    workflow_name       TEXT    NOT NULL CHECK (workflow_name <> ''),
    first_session_time  INTEGER NOT NULL,  -- in seconds
    last_session_time   INTEGER NOT NULL,  -- in seconds
    count               INTEGER NOT NULL CHECK (count >= 1),
    -- For a person.
    reason              TEXT    NOT NULL CHECK (reason <> ''),
    skipped_at          INTEGER NOT NULL,
    CHECK (first_session_time <= last_session_time)
) STRICT;

CREATE INDEX skipped_sessions_by_workflow ON skipped_sessions (project_id, workflow_name);  -- the newest ones: by id
CREATE INDEX skipped_sessions_by_time ON skipped_sessions (skipped_at);

-- Directories whose workflows are registered whenever they change.
CREATE TABLE watched_projects (
    name        TEXT    NOT NULL PRIMARY KEY CHECK (name <> ''),
    -- An absolute path.
    directory   TEXT    NOT NULL CHECK (directory <> ''),
    -- What is wrong with the files as they are, for a person; the project stays at its last good revision. Null when all
    -- is well.
    error       TEXT,
    checked_at  INTEGER NOT NULL,
    -- The schedules that the project had when its files went away, for when they come back. JSON array; null while they
    -- are there.
    schedules   TEXT CHECK (schedules IS NULL OR (json_valid(schedules) AND json_type(schedules) = 'array'))
) STRICT, WITHOUT ROWID;

-- Encrypted values. The key is not in this file.
CREATE TABLE secrets (
    project_id  INTEGER NOT NULL REFERENCES projects (id),
    key         TEXT    NOT NULL CHECK (key <> ''),
    -- Nonce and ciphertext of XChaCha20-Poly1305; project and key are authenticated with it.
    sealed      BLOB    NOT NULL,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (project_id, key)
) STRICT, WITHOUT ROWID;

-- What scripts show the server instead of a password. Only hashes are kept.
CREATE TABLE tokens (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT    NOT NULL CHECK (name <> ''),
    hash        BLOB    NOT NULL CHECK (length(hash) = 32),  -- SHA-256
    created_at  INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX tokens_by_name ON tokens (name);
CREATE UNIQUE INDEX tokens_by_hash ON tokens (hash);

-- Who runs attempts ---------------------------------------------------------------------------------------------------

-- A process that runs attempts. When it is gone, another one takes its unfinished attempts over.
CREATE TABLE owners (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    pid         INTEGER NOT NULL CHECK (pid > 0),
    -- Tells this process from a later one with the same pid.
    identity    TEXT    NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN ('run', 'server')),
    started_at  INTEGER NOT NULL
) STRICT;

-- What ran and runs ---------------------------------------------------------------------------------------------------

-- A workflow, by name, at a session time. Sessions outlive the revision they were first run with.
CREATE TABLE sessions (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id       INTEGER NOT NULL REFERENCES projects (id),
    workflow_name    TEXT    NOT NULL CHECK (workflow_name <> ''),
    session_time     INTEGER NOT NULL,  -- in seconds
    uuid             TEXT    NOT NULL CHECK (length(uuid) = 36),
    created_at       INTEGER NOT NULL,
    -- The newest attempt. Null only while the transaction that makes session and attempt is open.
    last_attempt_id  INTEGER REFERENCES attempts (id)
) STRICT;

-- Makes it impossible to run a schedule twice for the same time.
CREATE UNIQUE INDEX sessions_by_time ON sessions (project_id, workflow_name, session_time);
CREATE INDEX sessions_by_project ON sessions (project_id);
CREATE INDEX sessions_by_workflow ON sessions (project_id, workflow_name);
CREATE UNIQUE INDEX sessions_by_last_attempt ON sessions (last_attempt_id);

-- One run of a session.
CREATE TABLE attempts (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id        INTEGER NOT NULL REFERENCES sessions (id),
    -- '' is the session's first-class attempt; retries have names.
    name              TEXT    NOT NULL,
    -- 1, 2, 3 … within the session.
    attempt_index     INTEGER NOT NULL CHECK (attempt_index >= 1),
    workflow_id       INTEGER NOT NULL REFERENCES workflows (id),
    -- Repeated from the session, so that the attempts of a project can be listed by id without sorting.
    project_id        INTEGER NOT NULL REFERENCES projects (id),
    workflow_name     TEXT    NOT NULL,
    timezone          TEXT    NOT NULL CHECK (timezone <> ''),
    -- Laid over the revision's. JSON object.
    params            TEXT    NOT NULL CHECK (json_valid(params) AND json_type(params) = 'object'),
    -- The process that runs it. Null when it has ended, or when nobody has taken it yet.
    owner_id          INTEGER REFERENCES owners (id),
    cancel_requested  INTEGER NOT NULL DEFAULT 0 CHECK (cancel_requested IN (0, 1)),
    done              INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0, 1)),
    success           INTEGER NOT NULL DEFAULT 0 CHECK (success IN (0, 1)),
    created_at        INTEGER NOT NULL,
    finished_at       INTEGER,
    -- It begins, with its tasks, when the newest attempt of this session has ended. Null once it has begun.
    waits_for         INTEGER REFERENCES sessions (id) CHECK (waits_for IS NULL OR owner_id IS NULL),
    -- What it takes over: {"attempt_id": 7} all that had succeeded there, with "from": "+a" only what comes before that
    -- task. JSON object.
    resume            TEXT    CHECK (resume IS NULL OR (json_valid(resume) AND json_type(resume) = 'object')),
    -- When it had taken much longer than its workflow usually takes.
    overlong_at       INTEGER,
    CHECK (success = 0 OR done = 1),
    CHECK ((finished_at IS NOT NULL) = (done = 1)),
    CHECK (owner_id IS NULL OR done = 0)
) STRICT;

CREATE UNIQUE INDEX attempts_by_name ON attempts (session_id, name);
CREATE UNIQUE INDEX attempts_by_index ON attempts (session_id, attempt_index);
CREATE INDEX attempts_by_project ON attempts (project_id);
CREATE INDEX attempts_by_workflow ON attempts (project_id, workflow_name);
CREATE INDEX attempts_by_definition ON attempts (workflow_id);
CREATE INDEX attempts_by_end ON attempts (finished_at) WHERE finished_at IS NOT NULL;
-- Small whatever the history: what recovery looks through.
CREATE INDEX attempts_unfinished ON attempts (id) WHERE done = 0;
CREATE INDEX attempts_by_owner ON attempts (owner_id) WHERE owner_id IS NOT NULL;
CREATE INDEX attempts_waiting ON attempts (waits_for) WHERE waits_for IS NOT NULL;

-- Tasks live in the order of their ids beside each other: an attempt is read in one go, and a step of it writes few
-- pages. There is no other index, so that moving a task touches nothing but its row; a parent is checked by its number
-- alone for the same reason.
CREATE TABLE tasks (
    attempt_id           INTEGER NOT NULL REFERENCES attempts (id) ON DELETE CASCADE,
    -- 1, 2, 3 … within the attempt, parents before children. 1 is the root.
    id                   INTEGER NOT NULL CHECK (id >= 1),
    parent_id            INTEGER CHECK (parent_id >= 1 AND parent_id < id),
    -- Ids of the siblings that must succeed first. JSON array.
    upstreams            TEXT    NOT NULL CHECK (json_valid(upstreams) AND json_type(upstreams) = 'array'),
    full_name            TEXT    NOT NULL CHECK (full_name <> ''),
    kind                 TEXT    NOT NULL CHECK (kind IN ('operator', 'group')),
    -- The task's own keys, unevaluated, and its _export. JSON objects.
    local_config         TEXT    NOT NULL CHECK (json_valid(local_config) AND json_type(local_config) = 'object'),
    export_config        TEXT    NOT NULL CHECK (json_valid(export_config) AND json_type(export_config) = 'object'),
    -- blocked              waits for its parent and its upstream tasks
    -- ready                may start
    -- retry_waiting        its operator asked to be run again at retry_at
    -- group_retry_waiting  its children are run again at retry_at
    -- running              its operator runs
    -- planned              has done its own part and waits for its children
    -- success, error       its operator, and all below it, succeeded; its operator failed
    -- group_error          a child failed
    -- canceled             the attempt was canceled before it ended
    -- With IN, SQLite would make a table of these for every row that is written.
    state                TEXT    NOT NULL CHECK (
        state = 'blocked' OR state = 'ready' OR state = 'retry_waiting'
        OR state = 'group_retry_waiting' OR state = 'running'
        OR state = 'planned' OR state = 'group_error' OR state = 'success'
        OR state = 'error' OR state = 'canceled'
    ),
    cancel_requested     INTEGER NOT NULL CHECK (cancel_requested IN (0, 1)),
    -- It ends as an error, or as a group error, once its _error task has ended.
    delayed_error        INTEGER NOT NULL CHECK (delayed_error IN (0, 1)),
    delayed_group_error  INTEGER NOT NULL CHECK (delayed_group_error IN (0, 1)),
    -- A group retry makes a copy of it.
    initial              INTEGER NOT NULL CHECK (initial IN (0, 1)),
    -- What its operator or its retries remember between runs. JSON object.
    state_params         TEXT    NOT NULL CHECK (json_valid(state_params) AND json_type(state_params) = 'object'),
    retry_count          INTEGER NOT NULL CHECK (retry_count >= 0),
    retry_at             INTEGER,
    started_at           INTEGER,
    updated_at           INTEGER NOT NULL,
    -- What its operator left behind. JSON objects, and an array of dotted paths.
    subtask_config       TEXT    NOT NULL CHECK (json_valid(subtask_config) AND json_type(subtask_config) = 'object'),
    export_params        TEXT    NOT NULL CHECK (json_valid(export_params) AND json_type(export_params) = 'object'),
    reset_store_params   TEXT    NOT NULL CHECK (json_valid(reset_store_params) AND json_type(reset_store_params) = 'array'),
    store_params         TEXT    NOT NULL CHECK (json_valid(store_params) AND json_type(store_params) = 'object'),
    -- {"message": …} of a failed operator, else {}. JSON object.
    error                TEXT    NOT NULL CHECK (json_valid(error) AND json_type(error) = 'object'),
    PRIMARY KEY (attempt_id, id),
    CHECK ((id = 1) = (parent_id IS NULL)),
    CHECK ((retry_at IS NOT NULL) = (state IN ('retry_waiting', 'group_retry_waiting'))),
    CHECK (state <> 'running' OR started_at IS NOT NULL),
    CHECK (kind = 'operator' OR state NOT IN ('running', 'retry_waiting'))
) STRICT, WITHOUT ROWID;

-- What tasks print. Every run of a task has a file of its own, written in chunks; each chunk is a whole gzip member, so
-- a file's chunks one after another are a valid gzip file.
CREATE TABLE task_logs (
    attempt_id  INTEGER NOT NULL REFERENCES attempts (id) ON DELETE CASCADE,
    task_name   TEXT    NOT NULL CHECK (task_name <> ''),
    file        INTEGER NOT NULL CHECK (file >= 1),
    chunk       INTEGER NOT NULL CHECK (chunk >= 1),
    written_at  INTEGER NOT NULL,
    size        INTEGER NOT NULL CHECK (size = length(gzip)),
    gzip        BLOB    NOT NULL
) STRICT;

CREATE UNIQUE INDEX task_logs_by_file ON task_logs (attempt_id, task_name, file, chunk, written_at, size);

-- What people are told of, and what has become of it. Attempts and projects may be gone by now.
CREATE TABLE notifications (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    created_at    INTEGER NOT NULL,
    -- task        a task wanted it: notify>, a failed attempt, an SLA
    -- time_limit  an attempt or a task took too long and was canceled
    -- late        a session of a schedule did not start
    -- overlong    an attempt takes much longer than usual
    -- disk        too little room on the disk for anything to start
    kind          TEXT    NOT NULL CHECK (kind IN ('task', 'time_limit', 'late', 'overlong', 'disk')),
    project_name  TEXT,
    workflow_name TEXT,
    attempt_id    INTEGER,
    -- For a person.
    message       TEXT    NOT NULL CHECK (message <> ''),
    -- What is sent. JSON object.
    payload       TEXT    NOT NULL CHECK (json_valid(payload) AND json_type(payload) = 'object'),
    -- pending  it is to be sent, at retry_at at the earliest
    -- sent     somebody has taken it
    -- failed   nobody would take it
    -- dropped  the configuration names nobody to send it to
    state         TEXT    NOT NULL CHECK (state IN ('pending', 'sent', 'failed', 'dropped')),
    tries         INTEGER NOT NULL CHECK (tries >= 0),
    retry_at      INTEGER,
    -- How it was sent last: mail, http or shell.
    channel       TEXT,
    -- What was answered then, for a person.
    answer        TEXT,
    ended_at      INTEGER,
    CHECK ((retry_at IS NOT NULL) = (state = 'pending')),
    CHECK ((ended_at IS NOT NULL) = (state <> 'pending'))
) STRICT;

CREATE INDEX notifications_pending ON notifications (retry_at) WHERE state = 'pending';
CREATE INDEX notifications_by_time ON notifications (created_at);

-- What param_set> keeps for param_get>, for all projects.
CREATE TABLE stored_params (
    key         TEXT    NOT NULL PRIMARY KEY,
    value       TEXT    NOT NULL,
    expires_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX stored_params_by_expiry ON stored_params (expires_at);

-- For reading -------------------------------------------------------------------------------------------------------

-- Attempts with the names around them.
CREATE VIEW attempt_rows AS
SELECT
    attempts.id,
    attempts.session_id,
    sessions.uuid AS session_uuid,
    sessions.session_time,
    attempts.project_id,
    projects.name AS project_name,
    revisions.id AS revision_id,
    revisions.name AS revision,
    attempts.workflow_id,
    attempts.workflow_name,
    attempts.timezone,
    attempts.name,
    attempts.attempt_index,
    attempts.params,
    attempts.owner_id,
    attempts.cancel_requested,
    attempts.done,
    attempts.success,
    attempts.created_at,
    attempts.finished_at,
    attempts.waits_for,
    attempts.resume,
    attempts.overlong_at,
    attempts.id = sessions.last_attempt_id AS is_last
FROM attempts
    JOIN sessions ON sessions.id = attempts.session_id
    JOIN projects ON projects.id = attempts.project_id
    JOIN workflows ON workflows.id = attempts.workflow_id
    JOIN revisions ON revisions.id = workflows.revision_id;

-- Schedules with the names around them.
CREATE VIEW schedule_rows AS
SELECT
    schedules.id,
    schedules.project_id,
    projects.name AS project_name,
    schedules.workflow_id,
    schedules.workflow_name,
    workflows.timezone,
    schedules.next_run_time,
    schedules.next_session_time,
    schedules.last_session_time,
    schedules.created_at,
    schedules.disabled_at,
    schedules.late_session_time
FROM schedules
    JOIN projects ON projects.id = schedules.project_id
    JOIN workflows ON workflows.id = schedules.workflow_id;
