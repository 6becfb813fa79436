// Durations: months, days and milliseconds, which are not converted into each other until somebody asks.

const durationParts = ["year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond"];
const daysToMonths = (days) => (days * 4800) / 146097;
const monthsToDays = (months) => (months * 146097) / 4800;

class Duration {
  constructor(input, locale) {
    const units = normalizedObject(input);
    const get = (unit) => Number(units[unit] || 0);
    this._isValid = areParts(units);
    this._milliseconds = get("millisecond") + get("second") * 1e3 + get("minute") * 6e4 + get("hour") * 36e5;
    this._days = get("day") + get("week") * 7;
    this._months = get("month") + get("quarter") * 3 + get("year") * 12;
    this._locale = locale || globalLocale;
    this._bubble();
  }

  // Spreads milliseconds to hours, days to months, months to years, for the getters.
  _bubble() {
    let milliseconds = this._milliseconds;
    let days = this._days;
    let months = this._months;
    const agree = [milliseconds, days, months].every((part) => part >= 0) ||
      [milliseconds, days, months].every((part) => part <= 0);
    if (!agree) {
      milliseconds += awayFromZero(monthsToDays(months) + days) * DAY;
      days = 0;
      months = 0;
    }
    const seconds = Math.trunc(milliseconds / 1000);
    const minutes = Math.trunc(seconds / 60);
    const hours = Math.trunc(minutes / 60);
    days += Math.trunc(hours / 24);
    const more = Math.trunc(daysToMonths(days));
    months += more;
    days -= awayFromZero(monthsToDays(more));
    this._data = {
      milliseconds: (milliseconds % 1000) + 0,
      seconds: (seconds % 60) + 0,
      minutes: (minutes % 60) + 0,
      hours: (hours % 24) + 0,
      days: days + 0,
      months: (months % 12) + 0,
      years: Math.trunc(months / 12) + 0,
    };
    return this;
  }

  isValid() {
    return this._isValid;
  }

  clone() {
    return duration(this);
  }

  abs() {
    for (const field of ["_milliseconds", "_days", "_months"]) {
      this[field] = Math.abs(this[field]);
    }
    for (const field of Object.keys(this._data)) {
      this._data[field] = Math.abs(this._data[field]);
    }
    return this;
  }

  add(amount, unit) {
    return this._add(duration(amount, unit), 1);
  }

  subtract(amount, unit) {
    return this._add(duration(amount, unit), -1);
  }

  _add(other, sign) {
    this._milliseconds += sign * other._milliseconds;
    this._days += sign * other._days;
    this._months += sign * other._months;
    return this._bubble();
  }

  as(unit) {
    if (!this._isValid) {
      return NaN;
    }
    const name = normalizeUnits(unit);
    if (name === "month" || name === "year") {
      const months = this._months + daysToMonths(this._days + this._milliseconds / DAY);
      return name === "month" ? months : months / 12;
    }
    const days = this._days + Math.round(monthsToDays(this._months));
    switch (name) {
      case "week":
        return days / 7 + this._milliseconds / (7 * DAY);
      case "day":
        return days + this._milliseconds / DAY;
      case "hour":
        return days * 24 + this._milliseconds / HOUR;
      case "minute":
        return days * 1440 + this._milliseconds / MINUTE;
      case "second":
        return days * 86400 + this._milliseconds / 1000;
      case "millisecond":
        return Math.floor(days * DAY) + this._milliseconds;
      default:
        throw new Error("Unknown unit " + name);
    }
  }

  valueOf() {
    if (!this._isValid) {
      return NaN;
    }
    return this._milliseconds + this._days * DAY + (this._months % 12) * 30 * DAY + whole(this._months / 12) * 365 * DAY;
  }

  get(unit) {
    const name = normalizeUnits(unit);
    return this._isValid ? this[name + "s"]() : NaN;
  }

  weeks() {
    return towardsZero(this.days() / 7);
  }

  locale(key) {
    if (key === undefined) {
      return this._locale._abbr;
    }
    this._locale = findLocale(key) || this._locale;
    return this;
  }

  lang(key) {
    return key === undefined ? this.localeData() : this.locale(key);
  }

  localeData() {
    return this._locale;
  }

  humanize(withSuffix) {
    if (!this._isValid) {
      return this._locale.invalidDate();
    }
    const text = relativeText(this, !withSuffix, this._locale);
    return this._locale.postformat(withSuffix ? this._locale.pastFuture(+this, text) : text);
  }

  toISOString() {
    if (!this._isValid) {
      return this._locale.invalidDate();
    }
    const total = this.as("second");
    if (!total) {
      return "P0D";
    }
    const sign = (part) => (Math.sign(part) === Math.sign(total) ? "" : "-");
    const months = Math.abs(this._months);
    const milliseconds = Math.abs(this._milliseconds);
    const minutes = Math.trunc(milliseconds / MINUTE);
    const seconds = (milliseconds / 1000) % 60;
    const written = (number, letter, part) => (number ? sign(part) + number + letter : "");
    const date = written(Math.trunc(months / 12), "Y", this._months) + written(months % 12, "M", this._months) +
      written(Math.abs(this._days), "D", this._days);
    const time = written(Math.trunc(minutes / 60), "H", this._milliseconds) +
      written(minutes % 60, "M", this._milliseconds) +
      written(seconds && seconds.toFixed(3).replace(/\.?0+$/, ""), "S", this._milliseconds);
    return (total < 0 ? "-" : "") + "P" + date + (time && "T" + time);
  }
}

for (const unit of ["year", "month", "day", "hour", "minute", "second", "millisecond"]) {
  Duration.prototype[unit + "s"] = function () {
    return this._isValid ? this._data[unit + "s"] : NaN;
  };
}
for (const unit of ["Year", "Month", "Week", "Day", "Hour", "Minute", "Second", "Millisecond"]) {
  Duration.prototype["as" + unit + "s"] = function () {
    return this.as(unit);
  };
}
Duration.prototype.toString = Duration.prototype.toJSON = Duration.prototype.toIsoString = Duration.prototype.toISOString;

// Only known units, all numbers, and a fraction in the smallest at most.
function areParts(units) {
  const given = durationParts.filter((unit) => unit in units);
  if (Object.keys(units).some((unit) => !durationParts.includes(unit) || (units[unit] !== null && Number.isNaN(Number(units[unit]))))) {
    return false;
  }
  const fraction = given.findIndex((unit) => parseFloat(units[unit]) !== whole(units[unit]) && units[unit]);
  return fraction < 0 || given.slice(fraction + 1).every((unit) => !units[unit]);
}

const clockShape = /^(-)?(?:(\d*)[. ])?(\d+):(\d+)(?::(\d+)(\.\d*)?)?$/;
const isoDurationShape =
  /^(-)?P(?:(-?[\d.,]*)Y)?(?:(-?[\d.,]*)M)?(?:(-?[\d.,]*)W)?(?:(-?[\d.,]*)D)?(?:T(?:(-?[\d.,]*)H)?(?:(-?[\d.,]*)M)?(?:(-?[\d.,]*)S)?)?$/;

function duration(input, unit) {
  if (isDuration(input)) {
    const { _months: month, _days: day, _milliseconds: millisecond } = input;
    return new Duration({ month, day, millisecond }, input._locale);
  }
  if (typeof input === "number") {
    return new Duration(unit ? { [unit]: input } : { milliseconds: input });
  }
  if (typeof input === "string") {
    return new Duration(unitsOfText(input));
  }
  if (typeof input === "object" && input !== null && ("from" in input || "to" in input)) {
    return new Duration(distance(moment(input.from), moment(input.to)));
  }
  return new Duration(input || {});
}

function unitsOfText(text) {
  const clock = clockShape.exec(text);
  if (clock) {
    const sign = clock[1] ? -1 : 1;
    return {
      d: whole(clock[2]) * sign,
      h: whole(clock[3]) * sign,
      m: whole(clock[4]) * sign,
      s: whole(clock[5]) * sign,
      ms: Math.round((clock[6] || 0) * 1000) * sign,
    };
  }
  const iso = isoDurationShape.exec(text);
  if (!iso) {
    return {};
  }
  const sign = iso[1] ? -1 : 1;
  const part = (index) => {
    const number = iso[index] && parseFloat(iso[index].replace(",", "."));
    return (Number.isNaN(number) ? 0 : number || 0) * sign;
  };
  return { y: part(2), M: part(3), w: part(4), d: part(5), h: part(6), m: part(7), s: part(8) };
}

// An amount as moments add it: the unit may come first, and text can only be a number.
function amountOf(amount, unit) {
  if (unit !== undefined && unit !== null && !Number.isNaN(Number(unit))) {
    [amount, unit] = [unit, amount];
  }
  return duration(typeof amount === "string" ? Number(amount) : amount, unit);
}

const isDuration = (value) => value instanceof Duration;

// Whole months and the milliseconds beyond them between two moments.
function distance(base, other) {
  if (!base.isValid() || !other.isValid()) {
    return { milliseconds: 0, months: 0 };
  }
  other = likewise(other, base);
  const [early, late, sign] = base.isBefore(other) ? [base, other, 1] : [other, base, -1];
  let months = late.month() - early.month() + (late.year() - early.year()) * 12;
  if (early.clone().add(months, "M").isAfter(late)) {
    months--;
  }
  const milliseconds = late - early.clone().add(months, "M");
  return { milliseconds: sign * milliseconds, months: sign * months };
}

const thresholds = { ss: 44, s: 45, m: 45, h: 22, d: 26, M: 11 };
let rounding = Math.round;

function relativeText(value, withoutSuffix, locale) {
  const size = duration(value).abs();
  const [seconds, minutes, hours, days, months, years] = ["s", "m", "h", "d", "M", "y"].map((unit) => rounding(size.as(unit)));
  const choices = [
    [seconds <= thresholds.ss, "s", seconds],
    [seconds < thresholds.s, "ss", seconds],
    [minutes <= 1, "m", 1],
    [minutes < thresholds.m, "mm", minutes],
    [hours <= 1, "h", 1],
    [hours < thresholds.h, "hh", hours],
    [days <= 1, "d", 1],
    [days < thresholds.d, "dd", days],
    [months <= 1, "M", 1],
    [months < thresholds.M, "MM", months],
    [years <= 1, "y", 1],
    [true, "yy", years],
  ];
  const [, key, number] = choices.find(([fits]) => fits);
  return locale.relativeTime(number, withoutSuffix, key, +value > 0);
}
