CREATE TABLE IF NOT EXISTS harvest (
  day date NOT NULL,
  plant text NOT NULL,
  kilograms numeric NOT NULL,
  PRIMARY KEY (day, plant)
)
