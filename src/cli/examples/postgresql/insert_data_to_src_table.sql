-- What is there for the session's day is replaced, so that the task can run again.
INSERT INTO harvest (day, plant, kilograms) VALUES
  ('${session_date}', 'beans', 2.5),
  ('${session_date}', 'peas', 1.25)
ON CONFLICT (day, plant) DO UPDATE SET kilograms = EXCLUDED.kilograms
