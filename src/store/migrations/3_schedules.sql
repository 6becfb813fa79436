-- What schedules, directories and people who are told need: sessions that were left out, watched projects, notifications.
-- Tasks are written faster.

ALTER TABLE schedules ADD COLUMN late_session_time INTEGER;
CREATE INDEX schedules_by_definition ON schedules (workflow_id);

CREATE TABLE skipped_sessions (
    id                  INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id          INTEGER NOT NULL REFERENCES projects (id),
    workflow_name       TEXT    NOT NULL CHECK (workflow_name <> ''),
    first_session_time  INTEGER NOT NULL,
    last_session_time   INTEGER NOT NULL,
    count               INTEGER NOT NULL CHECK (count >= 1),
    reason              TEXT    NOT NULL CHECK (reason <> ''),
    skipped_at          INTEGER NOT NULL,
    CHECK (first_session_time <= last_session_time)
) STRICT;

CREATE INDEX skipped_sessions_by_workflow ON skipped_sessions (project_id, workflow_name);
CREATE INDEX skipped_sessions_by_time ON skipped_sessions (skipped_at);

CREATE TABLE watched_projects (
    name        TEXT    NOT NULL PRIMARY KEY CHECK (name <> ''),
    directory   TEXT    NOT NULL CHECK (directory <> ''),
    error       TEXT,
    checked_at  INTEGER NOT NULL,
    schedules   TEXT CHECK (schedules IS NULL OR (json_valid(schedules) AND json_type(schedules) = 'array'))
) STRICT, WITHOUT ROWID;

ALTER TABLE attempts ADD COLUMN overlong_at INTEGER;
CREATE INDEX attempts_by_definition ON attempts (workflow_id);
CREATE INDEX attempts_by_end ON attempts (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE notifications (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    created_at    INTEGER NOT NULL,
    kind          TEXT    NOT NULL CHECK (kind IN ('task', 'time_limit', 'late', 'overlong', 'disk')),
    project_name  TEXT,
    workflow_name TEXT,
    attempt_id    INTEGER,
    message       TEXT    NOT NULL CHECK (message <> ''),
    payload       TEXT    NOT NULL CHECK (json_valid(payload) AND json_type(payload) = 'object'),
    state         TEXT    NOT NULL CHECK (state IN ('pending', 'sent', 'failed', 'dropped')),
    tries         INTEGER NOT NULL CHECK (tries >= 0),
    retry_at      INTEGER,
    channel       TEXT,
    answer        TEXT,
    ended_at      INTEGER,
    CHECK ((retry_at IS NOT NULL) = (state = 'pending')),
    CHECK ((ended_at IS NOT NULL) = (state <> 'pending'))
) STRICT;

CREATE INDEX notifications_pending ON notifications (retry_at) WHERE state = 'pending';
CREATE INDEX notifications_by_time ON notifications (created_at);

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
    attempts.overlong_at,
    attempts.id = sessions.last_attempt_id AS is_last
FROM attempts
    JOIN sessions ON sessions.id = attempts.session_id
    JOIN projects ON projects.id = attempts.project_id
    JOIN workflows ON workflows.id = attempts.workflow_id
    JOIN revisions ON revisions.id = workflows.revision_id;

DROP VIEW schedule_rows;
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

-- The same columns; the states are not looked up in a table that is made for it.
CREATE TABLE new_tasks (
    attempt_id           INTEGER NOT NULL REFERENCES attempts (id) ON DELETE CASCADE,
    id                   INTEGER NOT NULL CHECK (id >= 1),
    parent_id            INTEGER CHECK (parent_id >= 1 AND parent_id < id),
    upstreams            TEXT    NOT NULL CHECK (json_valid(upstreams) AND json_type(upstreams) = 'array'),
    full_name            TEXT    NOT NULL CHECK (full_name <> ''),
    kind                 TEXT    NOT NULL CHECK (kind IN ('operator', 'group')),
    local_config         TEXT    NOT NULL CHECK (json_valid(local_config) AND json_type(local_config) = 'object'),
    export_config        TEXT    NOT NULL CHECK (json_valid(export_config) AND json_type(export_config) = 'object'),
    state                TEXT    NOT NULL CHECK (
        state = 'blocked' OR state = 'ready' OR state = 'retry_waiting'
        OR state = 'group_retry_waiting' OR state = 'running'
        OR state = 'planned' OR state = 'group_error' OR state = 'success'
        OR state = 'error' OR state = 'canceled'
    ),
    cancel_requested     INTEGER NOT NULL CHECK (cancel_requested IN (0, 1)),
    delayed_error        INTEGER NOT NULL CHECK (delayed_error IN (0, 1)),
    delayed_group_error  INTEGER NOT NULL CHECK (delayed_group_error IN (0, 1)),
    initial              INTEGER NOT NULL CHECK (initial IN (0, 1)),
    state_params         TEXT    NOT NULL CHECK (json_valid(state_params) AND json_type(state_params) = 'object'),
    retry_count          INTEGER NOT NULL CHECK (retry_count >= 0),
    retry_at             INTEGER,
    started_at           INTEGER,
    updated_at           INTEGER NOT NULL,
    subtask_config       TEXT    NOT NULL CHECK (json_valid(subtask_config) AND json_type(subtask_config) = 'object'),
    export_params        TEXT    NOT NULL CHECK (json_valid(export_params) AND json_type(export_params) = 'object'),
    reset_store_params   TEXT    NOT NULL CHECK (json_valid(reset_store_params) AND json_type(reset_store_params) = 'array'),
    store_params         TEXT    NOT NULL CHECK (json_valid(store_params) AND json_type(store_params) = 'object'),
    error                TEXT    NOT NULL CHECK (json_valid(error) AND json_type(error) = 'object'),
    PRIMARY KEY (attempt_id, id),
    CHECK ((id = 1) = (parent_id IS NULL)),
    CHECK ((retry_at IS NOT NULL) = (state IN ('retry_waiting', 'group_retry_waiting'))),
    CHECK (state <> 'running' OR started_at IS NOT NULL),
    CHECK (kind = 'operator' OR state NOT IN ('running', 'retry_waiting'))
) STRICT, WITHOUT ROWID;

INSERT INTO new_tasks SELECT * FROM tasks;
DROP TABLE tasks;
ALTER TABLE new_tasks RENAME TO tasks;
