// Moving moments: adding, subtracting, going to where a unit begins or ends.

Object.assign(Moment.prototype, {
  add(amount, unit) {
    return this._add(amountOf(amount, unit), 1);
  },

  subtract(amount, unit) {
    return this._add(amountOf(amount, unit), -1);
  },

  // Months and days keep the clock's time, what is shorter is elapsed time.
  _add(duration, sign) {
    if (!this._valid) {
      return this;
    }
    const months = Math.sign(duration._months) * Math.round(Math.abs(duration._months));
    const days = Math.sign(duration._days) * Math.round(Math.abs(duration._days));
    if (months) {
      this.month(this.month() + sign * months);
    }
    if (days) {
      this.date(this.date() + sign * days);
    }
    if (duration._milliseconds) {
      const time = towardsZero(this._time + sign * duration._milliseconds);
      this._time = Math.abs(time) <= MAX_TIME ? time : NaN;
    }
    return this;
  },

  startOf(unit) {
    unit = normalizeUnits(unit);
    // Each unit also resets all that are smaller.
    const levels = ["year", "quarter month", "week isoWeek day date", "hour", "minute", "second"];
    const level = levels.findIndex((names) => names.split(" ").includes(unit));
    if (level < 0) {
      return this;
    }
    const resets = [() => this.month(0), () => this.date(1), () => this.hour(0), () => this.minute(0),
      () => this.second(0), () => this.millisecond(0)];
    resets.slice(level).forEach((reset) => reset());
    if (unit === "week") {
      this.weekday(0);
    } else if (unit === "isoWeek") {
      this.isoWeekday(1);
    } else if (unit === "quarter") {
      this.month(Math.floor(this.month() / 3) * 3);
    }
    return this;
  },

  endOf(unit) {
    unit = normalizeUnits(unit);
    if (unit === undefined || unit === "millisecond") {
      return this;
    }
    unit = unit === "date" ? "day" : unit;
    return this.startOf(unit).add(1, unit === "isoWeek" ? "week" : unit).subtract(1, "ms");
  },
});
