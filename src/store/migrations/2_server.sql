-- What the server needs: archives, schedules, secrets, tokens, attempts that wait.

ALTER TABLE projects ADD COLUMN deleted_at INTEGER;
DROP INDEX projects_by_name;
CREATE UNIQUE INDEX projects_by_name ON projects (name) WHERE deleted_at IS NULL;

ALTER TABLE revisions ADD COLUMN directory TEXT;

CREATE TABLE archives (
    revision_id  INTEGER PRIMARY KEY REFERENCES revisions (id),
    md5          BLOB NOT NULL CHECK (length(md5) = 16),
    gzip         BLOB NOT NULL
) STRICT;

CREATE TABLE schedules (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id         INTEGER NOT NULL REFERENCES projects (id),
    workflow_name      TEXT    NOT NULL CHECK (workflow_name <> ''),
    workflow_id        INTEGER NOT NULL REFERENCES workflows (id),
    next_run_time      INTEGER NOT NULL,
    next_session_time  INTEGER NOT NULL,
    last_session_time  INTEGER,
    created_at         INTEGER NOT NULL,
    disabled_at        INTEGER
) STRICT;

CREATE UNIQUE INDEX schedules_by_workflow ON schedules (project_id, workflow_name);
CREATE INDEX schedules_by_project ON schedules (project_id);
CREATE INDEX schedules_due ON schedules (next_run_time) WHERE disabled_at IS NULL;

CREATE TABLE secrets (
    project_id  INTEGER NOT NULL REFERENCES projects (id),
    key         TEXT    NOT NULL CHECK (key <> ''),

    sealed      BLOB    NOT NULL,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (project_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT    NOT NULL CHECK (name <> ''),
    hash        BLOB    NOT NULL CHECK (length(hash) = 32),
    created_at  INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX tokens_by_name ON tokens (name);
CREATE UNIQUE INDEX tokens_by_hash ON tokens (hash);

ALTER TABLE attempts ADD COLUMN waits_for INTEGER REFERENCES sessions (id) CHECK (waits_for IS NULL OR owner_id IS NULL);
ALTER TABLE attempts ADD COLUMN resume TEXT CHECK (resume IS NULL OR (json_valid(resume) AND json_type(resume) = 'object'));
CREATE INDEX attempts_waiting ON attempts (waits_for) WHERE waits_for IS NOT NULL;

DROP VIEW attempt_rows;
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
    attempts.id = sessions.last_attempt_id AS is_last
FROM attempts
    JOIN sessions ON sessions.id = attempts.session_id
    JOIN projects ON projects.id = attempts.project_id
    JOIN workflows ON workflows.id = attempts.workflow_id
    JOIN revisions ON revisions.id = workflows.revision_id;

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
    schedules.disabled_at
FROM schedules
    JOIN projects ON projects.id = schedules.project_id
    JOIN workflows ON workflows.id = schedules.workflow_id;
