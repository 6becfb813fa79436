// Names of units and the order in which several are set at once.

const unitNames = {
  millisecond: ["ms"],
  second: ["s"],
  minute: ["m"],
  hour: ["h"],
  day: ["d"],
  date: ["D"],
  weekday: ["e"],
  isoWeekday: ["E"],
  dayOfYear: ["DDD"],
  week: ["w"],
  isoWeek: ["W"],
  month: ["M"],
  quarter: ["Q"],
  year: ["y"],
  weekYear: ["gg"],
  isoWeekYear: ["GG"],
};

const setOrder = ["year", "weekYear", "isoWeekYear", "dayOfYear", "week", "isoWeek", "quarter", "month", "date", "day",
  "weekday", "isoWeekday", "hour", "minute", "second", "millisecond"];

// Short names keep their case (`M` is a month, `m` a minute), long ones do not.
const unitAliases = new Map();
for (const unit of Object.keys(unitNames)) {
  for (const alias of [unit, unit + "s", unit.toLowerCase(), unit.toLowerCase() + "s", ...unitNames[unit]]) {
    unitAliases.set(alias, unit);
  }
}

function normalizeUnits(unit) {
  return typeof unit === "string" ? unitAliases.get(unit) || unitAliases.get(unit.toLowerCase()) : undefined;
}

function normalizedObject(input) {
  const units = {};
  for (const key in input) {
    const unit = Object.prototype.hasOwnProperty.call(input, key) && normalizeUnits(key);
    if (unit) {
      units[unit] = input[key];
    }
  }
  return units;
}
