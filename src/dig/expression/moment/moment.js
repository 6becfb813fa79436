// Moments: an instant, and either the workflow's zone or a fixed offset in which it is shown.

class Moment {
  constructor(config) {
    if (config.invalid) {
      config.instant = NaN;
      config.flags = config.invalid;
    } else if (config.copy) {
      config.instant = config.copy._time;
    } else {
      resolve(config);
    }
    this._isAMomentObject = true;
    this._i = config.input;
    this._f = config.format;
    this._strict = config.strict;
    this._locale = config.locale;
    this._flags = config.flags;
    this._zoneMinutes = config.zoneMinutes;
    this._isUTC = config.isUtc || false;
    this._offset = config.offset === undefined ? 0 : config.offset;
    this._valid = config.copy ? config.copy._valid : !config.invalid && isUsable(config);
    this._time = this._valid && Math.abs(config.instant) <= MAX_TIME ? config.instant : NaN;
    this._valid = this._valid && !Number.isNaN(this._time);
    this._a = config.parts;
  }

  clone() {
    const copy = Object.create(Object.getPrototypeOf(this));
    return Object.assign(copy, this, { _flags: { ...this._flags } });
  }

  // What a clock in the moment's zone shows, as a wall time.
  _wall() {
    return this._isUTC ? this._time + this._offset * MINUTE : this._time + host.offset(this._time);
  }

  _setWall(wall) {
    const time = this._isUTC ? wall - this._offset * MINUTE : host.utc(wall);
    this._time = Math.abs(time) <= MAX_TIME ? time : NaN;
    return this;
  }

  valueOf() {
    return this._time;
  }

  unix() {
    return Math.floor(this._time / 1000);
  }

  toDate() {
    return new Date(this._time);
  }

  isValid() {
    return this._valid;
  }

  parsingFlags() {
    return { ...this._flags };
  }

  invalidAt() {
    return this._flags.overflow;
  }

  creationData() {
    return { input: this._i, format: this._f, locale: this._locale, isUTC: this._isUTC, strict: this._strict };
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

  // Fields. Without a value they read, with one they set; values beyond a field's range carry over.

  year(value) {
    if (value === undefined || value === null) {
      return dateOf(this._wall()).year;
    }
    if (!this._settable(value)) {
      return this;
    }
    const { month, day } = dateOf(this._wall());
    const leapDay = month === 1 && day === 29;
    return this._setDate(value, month, leapDay && isLeapYear(this.year()) ? daysInMonth(value, month) : day);
  }

  isLeapYear() {
    return isLeapYear(this.year());
  }

  month(value) {
    const { year, month, day } = dateOf(this._wall());
    if (value === undefined || value === null) {
      return month;
    }
    if (typeof value === "string") {
      value = /^\d+$/.test(value) ? whole(value) : this.localeData().monthsParse(value);
    }
    if (typeof value !== "number" || !this._settable(value)) {
      return this;
    }
    return this._setDate(year, value, Math.min(day, daysInMonth(year, Math.trunc(value))));
  }

  daysInMonth() {
    const { year, month } = dateOf(this._wall());
    return daysInMonth(year, month);
  }

  quarter(value) {
    return value === undefined || value === null
      ? Math.ceil((this.month() + 1) / 3)
      : this.month((value - 1) * 3 + (this.month() % 3));
  }

  date(value) {
    const { year, month, day } = dateOf(this._wall());
    if (value === undefined || value === null) {
      return day;
    }
    return this._settable(value) ? this._setDate(year, month, value) : this;
  }

  dayOfYear(value) {
    // In elapsed days, so that a date that a zone skipped is not counted.
    const wall = this._wall();
    const begins = [floorDiv(wall, DAY) * DAY, wallOf(dateOf(wall).year)];
    const [ofDay, ofYear] = this._isUTC ? begins : begins.map(host.utc);
    const day = Math.round((ofDay - ofYear) / DAY) + 1;
    return value === undefined || value === null ? day : this.add(value - day, "d");
  }

  day(value) {
    if (!this._valid) {
      return value === undefined || value === null ? NaN : this;
    }
    const day = weekdayOf(this._wall());
    if (value === undefined || value === null) {
      return day;
    }
    return this.add(weekdayNumber(value, this.localeData()) - day, "d");
  }

  weekday(value) {
    if (!this._valid) {
      return value === undefined || value === null ? NaN : this;
    }
    const weekday = floorMod(this.day() + 7 - this.localeData()._week.dow, 7);
    return value === undefined || value === null ? weekday : this.add(value - weekday, "d");
  }

  isoWeekday(value) {
    if (!this._valid) {
      return value === undefined || value === null ? NaN : this;
    }
    if (value === undefined || value === null) {
      return this.day() || 7;
    }
    const named = typeof value === "string" ? this.localeData().weekdaysParse(value) % 7 || 7 : value;
    return this.day(this.day() % 7 ? named : named - 7);
  }

  week(value) {
    const week = this.localeData().week(this);
    return value === undefined || value === null ? week : this.add((value - week) * 7, "d");
  }

  isoWeek(value) {
    const { week } = weekOfYear(this.year(), this.dayOfYear(), 1, 4);
    return value === undefined || value === null ? week : this.add((value - week) * 7, "d");
  }

  weekYear(value) {
    const { dow, doy } = this.localeData()._week;
    return this._weekYear(value, this.week(), this.weekday(), dow, doy);
  }

  isoWeekYear(value) {
    return this._weekYear(value, this.isoWeek(), this.isoWeekday(), 1, 4);
  }

  _weekYear(value, week, weekday, dow, doy) {
    if (value === undefined || value === null) {
      return weekOfYear(this.year(), this.dayOfYear(), dow, doy).year;
    }
    const day = dayOfWeekYear(value, Math.min(week, weeksInYear(value, dow, doy)), weekday, dow, doy);
    const date = dateOf(wallOf(day.year, 0, day.dayOfYear));
    return this.year(date.year).month(date.month).date(date.day);
  }

  weeksInYear() {
    const { dow, doy } = this.localeData()._week;
    return weeksInYear(this.year(), dow, doy);
  }

  isoWeeksInYear() {
    return weeksInYear(this.year(), 1, 4);
  }

  hour(value) {
    return this._clock(value, HOUR, 24);
  }

  minute(value) {
    return this._clock(value, MINUTE, 60);
  }

  second(value) {
    return this._clock(value, SECOND, 60);
  }

  millisecond(value) {
    return this._clock(value, 1, 1000);
  }

  _clock(value, size, range) {
    const wall = this._wall();
    const field = floorMod(floorDiv(wall, size), range);
    if (value === undefined || value === null) {
      return field;
    }
    return this._settable(value) ? this._setWall(wall + (towardsZero(Number(value)) - field) * size) : this;
  }

  _settable(value) {
    return this._valid && !Number.isNaN(Number(value));
  }

  _setDate(year, month, day) {
    return this._setWall(wallOf(Number(year), Number(month), Number(day)) + floorMod(this._wall(), DAY));
  }

  get(unit) {
    const name = normalizeUnits(unit);
    return name && isFunction(this[name]) ? this[name]() : this;
  }

  set(unit, value) {
    if (typeof unit === "object" && unit !== null) {
      const units = normalizedObject(unit);
      for (const name of setOrder.filter((name) => name in units)) {
        this[name](units[name]);
      }
      return this;
    }
    const name = normalizeUnits(unit);
    return name && isFunction(this[name]) ? this[name](value) : this;
  }
}

// Which fields were right decides; a parsed text may have any instant.
function isUsable(config) {
  const flags = config.flags;
  if (isMoment(config.input)) {
    return config.input.isValid();
  }
  flags.parsedDateParts = flags.parsedDateParts || [];
  return isValidParse(config);
}

function weekdayNumber(value, locale) {
  if (typeof value !== "string") {
    return value;
  }
  if (!Number.isNaN(Number(value))) {
    return parseInt(value, 10);
  }
  const weekday = locale.weekdaysParse(value);
  return weekday === undefined ? null : weekday;
}

Object.assign(Moment.prototype, {
  years: Moment.prototype.year,
  months: Moment.prototype.month,
  quarters: Moment.prototype.quarter,
  weeks: Moment.prototype.week,
  isoWeeks: Moment.prototype.isoWeek,
  dates: Moment.prototype.date,
  days: Moment.prototype.day,
  hours: Moment.prototype.hour,
  minutes: Moment.prototype.minute,
  seconds: Moment.prototype.second,
  milliseconds: Moment.prototype.millisecond,
});
