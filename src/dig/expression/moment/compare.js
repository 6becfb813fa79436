// Comparing moments: order, differences, relative texts.

// `input` as a moment that is shown as `model` is.
function likewise(input, model) {
  const other = isMoment(input) ? input : moment(input);
  if (!model._isUTC) {
    return moment(input).local();
  }
  const copy = model.clone();
  copy._time = other.valueOf();
  return copy;
}

// Months from `a` to `b`, with the share of the month in which `a` lies.
function monthsBetween(a, b) {
  const months = (b.year() - a.year()) * 12 + (b.month() - a.month());
  const anchor = a.clone().add(months, "months");
  const before = b - anchor < 0;
  const next = a.clone().add(months + (before ? -1 : 1), "months");
  const share = (b - anchor) / (before ? anchor - next : next - anchor);
  return -(months + share) || 0;
}

const between = {
  isAfter(input, unit) {
    const other = isMoment(input) ? input : moment(input);
    if (!this.isValid() || !other.isValid()) {
      return false;
    }
    unit = normalizeUnits(unit === undefined ? "millisecond" : unit);
    return unit === "millisecond" ? this.valueOf() > other.valueOf() : other.valueOf() < this.clone().startOf(unit).valueOf();
  },

  isBefore(input, unit) {
    const other = isMoment(input) ? input : moment(input);
    if (!this.isValid() || !other.isValid()) {
      return false;
    }
    unit = normalizeUnits(unit === undefined ? "millisecond" : unit);
    return unit === "millisecond" ? this.valueOf() < other.valueOf() : this.clone().endOf(unit).valueOf() < other.valueOf();
  },

  isSame(input, unit) {
    const other = isMoment(input) ? input : moment(input);
    if (!this.isValid() || !other.isValid()) {
      return false;
    }
    unit = normalizeUnits(unit || "millisecond");
    if (unit === "millisecond") {
      return this.valueOf() === other.valueOf();
    }
    const time = other.valueOf();
    return this.clone().startOf(unit).valueOf() <= time && time <= this.clone().endOf(unit).valueOf();
  },

  isSameOrAfter(input, unit) {
    return this.isSame(input, unit) || this.isAfter(input, unit);
  },

  isSameOrBefore(input, unit) {
    return this.isSame(input, unit) || this.isBefore(input, unit);
  },

  isBetween(from, to, unit, inclusivity) {
    const bounds = inclusivity || "()";
    return (bounds[0] === "(" ? this.isAfter(from, unit) : !this.isBefore(from, unit)) &&
      (bounds[1] === ")" ? this.isBefore(to, unit) : !this.isAfter(to, unit));
  },

  diff(input, unit, asFloat) {
    if (!this.isValid()) {
      return NaN;
    }
    const other = likewise(input, this);
    if (!other.isValid()) {
      return NaN;
    }
    // Days and weeks are counted by the clock, so that a change of the offset does not matter.
    const shift = (other.utcOffset() - this.utcOffset()) * MINUTE;
    const elapsed = this - other;
    const differences = {
      year: () => monthsBetween(this, other) / 12,
      quarter: () => monthsBetween(this, other) / 3,
      month: () => monthsBetween(this, other),
      week: () => (elapsed - shift) / (7 * DAY),
      day: () => (elapsed - shift) / DAY,
      hour: () => elapsed / HOUR,
      minute: () => elapsed / MINUTE,
      second: () => elapsed / SECOND,
    };
    const difference = differences[normalizeUnits(unit)];
    const result = difference ? difference() : elapsed;
    return asFloat ? result : towardsZero(result);
  },

  from(time, withoutSuffix) {
    const other = isMoment(time) ? time : moment(time);
    if (!this.isValid() || !other.isValid()) {
      return this.localeData().invalidDate();
    }
    return duration({ to: this, from: time }).locale(this.locale()).humanize(!withoutSuffix);
  },

  to(time, withoutSuffix) {
    const other = isMoment(time) ? time : moment(time);
    if (!this.isValid() || !other.isValid()) {
      return this.localeData().invalidDate();
    }
    return duration({ from: this, to: time }).locale(this.locale()).humanize(!withoutSuffix);
  },

  fromNow(withoutSuffix) {
    return this.from(moment(), withoutSuffix);
  },

  toNow(withoutSuffix) {
    return this.to(moment(), withoutSuffix);
  },

  calendar(time, formats) {
    const now = time || moment();
    const today = likewise(now, this).startOf("day");
    const key = moment.calendarFormat(this, today) || "sameElse";
    const own = formats && formats[key];
    const output = isFunction(own) ? own.call(this, now) : own;
    return this.format(output || this.localeData().calendar(key, this, moment(now)));
  },

  min(other) {
    other = moment.apply(null, arguments);
    return this.isValid() && other.isValid() ? (other < this ? this : other) : invalidMoment();
  },

  max(other) {
    other = moment.apply(null, arguments);
    return this.isValid() && other.isValid() ? (other > this ? this : other) : invalidMoment();
  },
};
Object.assign(Moment.prototype, between);

function calendarKey(m, today) {
  const days = m.diff(today, "days", true);
  const key = [[-6, "sameElse"], [-1, "lastWeek"], [0, "lastDay"], [1, "sameDay"], [2, "nextDay"], [7, "nextWeek"]];
  const found = key.find(([limit]) => days < limit);
  return found ? found[1] : "sameElse";
}

// The least or greatest of some moments; an invalid one wins.
function pick(moments, better) {
  const list = moments.length === 1 && Array.isArray(moments[0]) ? moments[0] : moments;
  if (list.length === 0) {
    return moment();
  }
  return list.reduce((best, one) => (best.isValid() && (!one.isValid() || one[better](best)) ? one : best));
}
